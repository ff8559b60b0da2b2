/** The timeline's data: pages of executions and the runs beside them, kept fresh while shown. */
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import type { DotscienceClient } from '../api/client';
import { sentenceOf } from '../api/errors';
import type { LiveChanges } from '../api/live';
import type { ExecutionId, IChanged, IExecution, IRun, RunId, StoreId } from '../api/types';
import { buildTimeline, TimelineFilter, TimelineItem } from './timeline';

const PAGE = 60;
const MAX_RUNS = 200;
const REFRESH_PAUSE_MS = 400;

/** What is listed: a notebook of a workspace, and of it maybe one cell. */
export interface IHistoryTarget {
  workspace: StoreId;
  /** As the workspace names it. */
  path: string;
}

export class HistoryModel implements IDisposable {
  constructor(
    private readonly _client: DotscienceClient,
    private readonly _live: LiveChanges
  ) {
    _live.changed.connect(this._onChanged, this);
    document.addEventListener('visibilitychange', this._onVisible);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Newest first. */
  get executions(): readonly IExecution[] {
    return this._executions;
  }

  /** Newest first. */
  get runs(): readonly IRun[] {
    return this._runs;
  }

  get items(): readonly TimelineItem[] {
    this._items ??= buildTimeline(this._executions, this._runs, {
      filter: this._filter,
      toggled: this._toggled,
      unfolded: this._unfolded
    });
    return this._items;
  }

  get target(): IHistoryTarget | null {
    return this._target;
  }

  get hasMore(): boolean {
    return this._next !== null && this._filter === 'all';
  }

  /** The first page of this target has come. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** Why the last request failed, in the server's words; '' when it did not. */
  get problem(): string {
    return this._problem;
  }

  get filter(): TimelineFilter {
    return this._filter;
  }

  get text(): string {
    return this._text;
  }

  /** Only what was run in this cell; null: all. */
  get cellId(): string | null {
    return this._cellId;
  }

  /** Nothing is fetched while this is false; what changed meanwhile is fetched when it becomes true. */
  get isShown(): boolean {
    return this._isShown;
  }

  set isShown(value: boolean) {
    this._isShown = value;
    if (value && this._isStale) {
      this._refreshing.ask();
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  aim(target: IHistoryTarget | null): void {
    const [old, now] = [this._target, target];
    if (old?.workspace === now?.workspace && old?.path === now?.path) {
      return;
    }
    this._target = target;
    this._cellId = null;
    this._toggled.clear();
    this._unfolded.clear();
    this._startOver();
  }

  search(text: string): void {
    if (text !== this._text) {
      this._text = text;
      this._renew();
    }
  }

  show(filter: TimelineFilter): void {
    this._filter = filter;
    this._emit();
  }

  showCell(cellId: string | null): void {
    this._cellId = cellId;
    this._filter = 'all';
    this._renew();
  }

  toggleRun(id: RunId): void {
    this._flip(this._toggled, id);
  }

  unfold(id: ExecutionId): void {
    this._flip(this._unfolded, id);
  }

  refresh(): void {
    this._isStale = true;
    if (this._isShown) {
      this._refreshing.ask();
    }
  }

  /** Fetch the next older page. */
  async loadMore(): Promise<void> {
    const [target, after] = [this._target, this._next];
    if (!target || !after) {
      return;
    }
    try {
      const page = await this._client.executions(target.workspace, { ...this._query(target), after });
      if (this._target === target && this._next === after) {
        const known = new Set(this._executions.map(execution => execution.id));
        this._executions = [...this._executions, ...page.items.filter(execution => !known.has(execution.id))];
        this._next = page.next;
      }
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._emit();
  }

  /** Show a record just changed by the reader, before the server's news of it comes. */
  putRun(run: IRun): void {
    const isKnown = this._runs.some(other => other.id === run.id);
    this._runs = isKnown ? this._runs.map(other => (other.id === run.id ? run : other)) : [run, ...this._runs];
    this._emit();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._refreshing.dispose();
    this._live.changed.disconnect(this._onChanged, this);
    document.removeEventListener('visibilitychange', this._onVisible);
    Signal.clearData(this);
  }

  private _startOver(): void {
    this._executions = [];
    this._runs = [];
    this._next = null;
    this._isLoaded = false;
    this._renew();
  }

  private _renew(): void {
    this._epoch += 1;
    this._problem = '';
    this._emit();
    this.refresh();
  }

  private _onChanged(_: unknown, change: IChanged): void {
    const target = this._target;
    if (!target || (change.workspace && change.workspace !== target.workspace)) {
      return;
    }
    const isElsewhere = change.path && change.path !== target.path;
    if (!isElsewhere && (change.topic === 'execution' || change.topic === 'run')) {
      this.refresh();
    }
  }

  private _onVisible = (): void => {
    if (isPageVisible() && this._isStale && this._isShown) {
      this._refreshing.ask();
    }
  };

  private async _refresh(): Promise<void> {
    const target = this._target;
    if (!target || !isPageVisible()) {
      return;
    }
    const epoch = this._epoch;
    this._isStale = false;
    try {
      const [page, runs] = await Promise.all([
        this._client.executions(target.workspace, this._query(target)),
        this._client.runs(target.workspace, { path: target.path, text: this._text, sort: '-started_at', limit: MAX_RUNS })
      ]);
      if (epoch !== this._epoch) {
        return;
      }
      this._takeFirstPage(page.items, page.next);
      this._runs = runs.items;
      this._problem = '';
      this._isLoaded = true;
    } catch (error) {
      if (epoch !== this._epoch) {
        return;
      }
      this._problem = sentenceOf(error);
      this._isLoaded = true;
    }
    this._emit();
  }

  /** Older pages already loaded stay, unless so much is new that they no longer join. */
  private _takeFirstPage(first: IExecution[], next: string | null): void {
    const fresh = new Set(first.map(execution => execution.id));
    const joint = this._executions.findIndex(execution => fresh.has(execution.id));
    const older = joint >= 0 ? this._executions.slice(joint).filter(execution => !fresh.has(execution.id)) : [];
    const isFirstLoadOfEpoch = this._loadedEpoch !== this._epoch;
    if (isFirstLoadOfEpoch || !older.length) {
      this._executions = first;
      this._next = next;
    } else {
      this._executions = [...first, ...older];
    }
    this._loadedEpoch = this._epoch;
  }

  private _query(target: IHistoryTarget) {
    return { path: target.path, text: this._text, cell_id: this._cellId ?? undefined, limit: PAGE };
  }

  private _flip<T>(set: Set<T>, value: T): void {
    if (!set.delete(value)) {
      set.add(value);
    }
    this._emit();
  }

  private _emit(): void {
    this._items = null;
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _refreshing = new Calm(() => this._refresh(), REFRESH_PAUSE_MS);
  private _changed = new Signal<this, void>(this);
  private _target: IHistoryTarget | null = null;
  private _executions: readonly IExecution[] = [];
  private _runs: readonly IRun[] = [];
  private _items: readonly TimelineItem[] | null = null;
  private _next: string | null = null;
  private _filter: TimelineFilter = 'all';
  private _text = '';
  private _cellId: string | null = null;
  private _toggled = new Set<RunId>();
  private _unfolded = new Set<ExecutionId>();
  private _isShown = false;
  private _isStale = true;
  private _isLoaded = false;
  private _problem = '';
  /** Rises with every change of what is asked for; an answer to an older question is dropped. */
  private _epoch = 0;
  private _loadedEpoch = -1;
  private _isDisposed = false;
}
