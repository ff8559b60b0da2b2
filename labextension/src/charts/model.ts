/** Some runs and how their charts are drawn; the points come through its series. */
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import type { DotscienceClient } from '../api/client';
import { sentenceOf } from '../api/errors';
import type { IChanged, IRun, ISeries, RunId, StoreId } from '../api/types';
import { SeriesModel } from './series-model';
import type { XAxis } from './series';

export interface IChartOptions {
  axis: XAxis;
  isLog: boolean;
  /** 0 (as logged) to below 1. */
  smoothing: number;
  /** Runs whose lines are switched off. */
  hidden: ReadonlySet<RunId>;
  /** Only metrics whose name holds this; '': all. */
  filter: string;
}

const REFRESH_PAUSE_MS = 500;

export class ChartsModel implements IDisposable {
  constructor(
    readonly workspace: StoreId,
    readonly ids: readonly RunId[],
    private readonly _client: DotscienceClient,
    private readonly _live: ISignal<unknown, IChanged>
  ) {
    this.series = new SeriesModel(async (run, query) => (await _client.series(workspace, run, query)).items);
    this.series.changed.connect(this._emit, this);
    _live.connect(this._onChanged, this);
  }

  readonly series: SeriesModel;

  /** Runs, points or options changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** In the order asked for. */
  get runs(): readonly IRun[] {
    return this._runs;
  }

  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** Why the last request failed; '' when it did not. */
  get problem(): string {
    return this._problem || this.series.problem;
  }

  get options(): IChartOptions {
    return this._options;
  }

  set options(options: IChartOptions) {
    this._options = options;
    this._changed.emit();
  }

  /** Fetches nothing while false. */
  set isShown(value: boolean) {
    this._isShown = value;
    if (value) {
      this.refresh();
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  refresh(): void {
    this._refreshing.ask();
  }

  /** What that run took of the machine so far. */
  async fetchResources(run: RunId): Promise<ISeries[]> {
    return (await this._client.resources(this.workspace, run)).items;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._refreshing.dispose();
    this.series.dispose();
    this._live.disconnect(this._onChanged, this);
    Signal.clearData(this);
  }

  private _onChanged(_: unknown, change: IChanged): void {
    const ids = [...change.ids, ...(change.run_ids ?? [])];
    if (change.workspace === this.workspace && this.ids.some(id => ids.includes(id))) {
      this.refresh();
    }
  }

  private async _refresh(): Promise<void> {
    if (!this._isShown || !isPageVisible()) {
      return;
    }
    try {
      const { items } = await this._client.runs(this.workspace, { ids: [...this.ids], limit: Math.max(1, this.ids.length) });
      const found = new Map(items.map(run => [run.id, run]));
      this._runs = this.ids.map(id => found.get(id)).filter((run): run is IRun => run !== undefined);
      this._isLoaded = true;
      this._problem = '';
      this.series.show(this._runs);
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
  private _options: IChartOptions = { axis: 'step', isLog: false, smoothing: 0, hidden: new Set(), filter: '' };
  private _problem = '';
  private _isLoaded = false;
  private _isShown = false;
  private _isDisposed = false;
}
