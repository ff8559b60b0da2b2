/** The runs of a folder, page by page, in the server's order; follows what changes while it is shown. */
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import type { DotscienceClient, IRunChange } from '../api/client';
import { sentenceOf } from '../api/errors';
import type { IChanged, IRun, RunId, StoreId } from '../api/types';

export const PAGE = 200;
/** As many as the server gives at once. */
const MAX_PAGE = 1000;
const REFRESH_PAUSE_MS = 500;

export class RunsModel implements IDisposable {
  constructor(
    readonly workspace: StoreId,
    private readonly _client: DotscienceClient,
    private readonly _live: ISignal<unknown, IChanged>
  ) {
    _live.connect(this._onChanged, this);
    document.addEventListener('visibilitychange', this._onVisible);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The first so many of `total`, in the order of `sort`. */
  get runs(): readonly IRun[] {
    return this._runs;
  }

  get total(): number {
    return this._total;
  }

  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** Why the last request failed; '' when it did not. */
  get problem(): string {
    return this._problem;
  }

  /** A field or `parameters.NAME` and the like; '-' first: descending. */
  get sort(): string {
    return this._sort;
  }

  set sort(sort: string) {
    if (sort !== this._sort) {
      this._sort = sort;
      this.refresh();
      this._changed.emit();
    }
  }

  get text(): string {
    return this._text;
  }

  set text(text: string) {
    if (text !== this._text) {
      this._text = text;
      this.refresh();
      this._changed.emit();
    }
  }

  /** Show runs of this notebook only; null: of the whole folder. */
  get path(): string | null {
    return this._path;
  }

  set path(path: string | null) {
    if (path !== this._path) {
      this._path = path;
      this.refresh();
      this._changed.emit();
    }
  }

  /** Leave out columns in which all runs agree. */
  get isOnlyDiffering(): boolean {
    return this._isOnlyDiffering;
  }

  set isOnlyDiffering(value: boolean) {
    this._isOnlyDiffering = value;
    this._changed.emit();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Fetches nothing while false. */
  set isShown(value: boolean) {
    this._isShown = value;
    if (value) {
      this.refresh();
    }
  }

  refresh(): void {
    this._refreshing.ask();
  }

  /** The next page, if there is one and none is on its way. */
  async loadMore(): Promise<void> {
    if (this._isLoadingMore || this._runs.length >= this._total) {
      return;
    }
    this._isLoadingMore = true;
    const asked = this._question;
    try {
      const { items, total } = await this._client.runs(this.workspace, this._query(this._runs.length, PAGE));
      if (asked === this._question) {
        this._runs = joined(this._runs, items);
        this._total = total;
      }
      this._problem = '';
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._isLoadingMore = false;
    this._emit();
  }

  /** Star, rename, note or label one. */
  async change(id: RunId, change: IRunChange): Promise<void> {
    try {
      const changed = await this._client.changeRun(this.workspace, id, change);
      this._runs = this._runs.map(run => (run.id === id ? changed : run));
      this._problem = '';
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._emit();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._refreshing.dispose();
    this._live.disconnect(this._onChanged, this);
    document.removeEventListener('visibilitychange', this._onVisible);
    Signal.clearData(this);
  }

  private _onChanged(_: unknown, change: IChanged): void {
    const concernsRuns = change.topic === 'run' || !!change.run_ids?.length;
    if (concernsRuns && change.workspace === this.workspace) {
      this.refresh();
    }
  }

  private _onVisible = (): void => {
    if (isPageVisible()) {
      this.refresh();
    }
  };

  /** All that decides which runs are shown and in which order. */
  private get _question(): string {
    return JSON.stringify([this._sort, this._text, this._path]);
  }

  private _query(offset: number, limit: number): Record<string, any> {
    return { sort: this._sort, text: this._text, path: this._path ?? undefined, offset, limit };
  }

  private async _refresh(): Promise<void> {
    if (!this._isShown || !isPageVisible()) {
      return;
    }
    const asked = this._question;
    // As many as are shown, or the place that somebody has scrolled to would be gone.
    const wanted = Math.max(PAGE, this._runs.length);
    try {
      let runs: readonly IRun[] = [];
      let page, offset;
      do {
        offset = runs.length;
        page = await this._client.runs(this.workspace, this._query(offset, Math.min(MAX_PAGE, wanted - offset)));
        if (asked !== this._question) {
          return; // asked for something else meanwhile: that answer is on its way
        }
        runs = joined(runs, page.items);
      } while (runs.length > offset && runs.length < Math.min(wanted, page.total));
      this._runs = runs;
      this._total = page.total;
      this._isLoaded = true;
      this._problem = '';
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._emit();
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _refreshing = new Calm(() => this._refresh(), REFRESH_PAUSE_MS);
  private _changed = new Signal<this, void>(this);
  private _runs: readonly IRun[] = [];
  private _total = 0;
  private _sort = '-started_at';
  private _text = '';
  private _path: string | null = null;
  private _isOnlyDiffering = false;
  private _problem = '';
  private _isLoaded = false;
  private _isLoadingMore = false;
  private _isShown = false;
  private _isDisposed = false;
}

/** A run that began between two pages has pushed others down: none is shown twice. */
function joined(runs: readonly IRun[], more: readonly IRun[]): readonly IRun[] {
  const known = new Set(runs.map(run => run.id));
  return [...runs, ...more.filter(run => !known.has(run.id))];
}
