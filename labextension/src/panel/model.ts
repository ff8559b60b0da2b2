/** What the panel shows: which tab, the list or one entry, and what is running now. One signal for all of it. */
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm } from '../api/calm';
import type { DotscienceClient } from '../api/client';
import type { LiveChanges } from '../api/live';
import type { ExecutionId, ISeries, RunId } from '../api/types';
import { EntryModel, EntryRef } from '../detail/model';
import type { FocusModel } from '../focus/focus-model';
import type { SelectionModel } from '../focus/selection-model';
import { TiesModel } from '../fork/ties-model';
import { HistoryModel } from '../history/model';
import type { MissedModel } from '../outputs/missed-model';
import { INow, nowOf } from './now';

export type PanelTab = 'history' | 'charts' | 'lineage';

const SPARK_POINTS = 60;
const SPARK_PAUSE_MS = 1000;

export class PanelModel implements IDisposable {
  constructor(
    readonly client: DotscienceClient,
    readonly live: LiveChanges,
    readonly focus: FocusModel,
    readonly selection: SelectionModel,
    /** Outputs that arrived while the notebook was closed. */
    readonly missed: MissedModel
  ) {
    this.history = new HistoryModel(client, live);
    this.ties = new TiesModel(focus);
    focus.changed.connect(this._onFocus, this);
    selection.changed.connect(this._emit, this);
    this.history.changed.connect(this._onHistory, this);
    this.ties.changed.connect(this._emit, this);
    missed.changed.connect(this._emit, this);
    this._onFocus();
  }

  readonly history: HistoryModel;

  /** What a fork's notebook still names in its origin. */
  readonly ties: TiesModel;

  /** The entry just closed: the list puts the focus back on its row, then forgets it. */
  returnTo: RunId | ExecutionId | null = null;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get tab(): PanelTab {
    return this._tab;
  }

  set tab(tab: PanelTab) {
    this._tab = tab;
    this._emit();
  }

  /** The entry that replaces the list; null: the list. */
  get entry(): EntryModel | null {
    return this._trail[this._trail.length - 1] ?? null;
  }

  get now(): INow | null {
    return nowOf(this.history.executions, this.history.runs);
  }

  /** Points of the metric in the NOW line. */
  get nowSeries(): ISeries | null {
    return this.now?.run && this._series?.run === this.now.run.id ? this._series.points : null;
  }

  get isShown(): boolean {
    return this.history.isShown;
  }

  /** Fetches nothing while false. */
  set isShown(value: boolean) {
    this.history.isShown = value;
    this.missed.isShown = value;
    this._trail.forEach(entry => (entry.isShown = value));
    this._emit();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  openEntry(ref: EntryRef): void {
    const entry = new EntryModel(ref, this.client, this.live);
    entry.changed.connect(this._emit, this);
    this._trail.push(entry);
    this._tab = 'history';
    this._emit();
  }

  /** Back to the entry this one was opened from, or to the list. */
  closeEntry(): void {
    const closed = this._trail.pop();
    closed?.dispose();
    this.returnTo = closed ? (closed.ref.run ?? closed.ref.execution) : null;
    this._emit();
  }

  showList(): void {
    this._trail.forEach(entry => entry.dispose());
    this._trail = [];
    this._emit();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this.focus.changed.disconnect(this._onFocus, this);
    this.selection.changed.disconnect(this._emit, this);
    this._trail.forEach(entry => entry.dispose());
    this._spark.dispose();
    this.ties.dispose();
    this.missed.dispose();
    this.history.dispose();
    Signal.clearData(this);
  }

  private _onFocus(): void {
    const { workspace, workspacePath } = this.focus;
    const target = workspace && workspacePath ? { workspace, path: workspacePath } : null;
    const isOther = target?.path !== this.history.target?.path || target?.workspace !== this.history.target?.workspace;
    // Between two notebooks the status is not known for a moment: keep the list until it is, then change it at once.
    if (isOther && (target || this.focus.path === null || this.focus.status)) {
      this._trail.forEach(entry => entry.dispose());
      this._trail = [];
      if (this.history.target?.workspace !== target?.workspace) {
        this.selection.set([]);
      }
      this.history.aim(target);
    }
    this._emit();
  }

  private _onHistory(): void {
    if (this.now?.metric) {
      this._spark.ask();
    }
    this._emit();
  }

  private async _fetchSpark(): Promise<void> {
    const [now, workspace] = [this.now, this.history.target?.workspace];
    if (!now?.run || !now.metric || !workspace) {
      return;
    }
    try {
      const found = await this.client.series(workspace, now.run.id, { names: [now.metric.name], max_points: SPARK_POINTS });
      this._series = found.items[0] ? { run: now.run.id, points: found.items[0] } : null;
    } catch {
      // The line is an ornament: the value beside it is from the run itself, and the list says what failed.
      this._series = null;
    }
    this._emit();
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _spark = new Calm(() => this._fetchSpark(), SPARK_PAUSE_MS);
  private _changed = new Signal<this, void>(this);
  private _tab: PanelTab = 'history';
  /** Entries opened one from another; the last is shown. */
  private _trail: EntryModel[] = [];
  private _series: { run: string; points: ISeries } | null = null;
  private _isDisposed = false;
}
