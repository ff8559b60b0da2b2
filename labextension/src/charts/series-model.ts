/** Fetches the points of the shown runs, what is new only, and keeps what it has. */
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import { sentenceOf } from '../api/errors';
import type { IRun, ISeries, RunId } from '../api/types';
import { KnownSeries, staleNames } from './chart';
import { appendTail, isWhole } from './series';

export interface ISeriesQuery {
  names?: string[];
  max_points?: number;
  /** Leave out the first so many points of each. */
  since?: number;
}

export type FetchSeries = (run: RunId, query: ISeriesQuery) => Promise<ISeries[]>;

/** Above this a series comes thinned out, every bucket's extremes kept. */
const MAX_POINTS = 4000;
/** A live chart moves about twice a second. */
const PAUSE_MS = 400;

export class SeriesModel implements IDisposable {
  constructor(private readonly _fetch: FetchSeries) {
    document.addEventListener('visibilitychange', this._onVisible);
  }

  /** Points came, or a request failed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get known(): KnownSeries {
    return this._known;
  }

  /** Why the last request failed; '' when it did not. */
  get problem(): string {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Show these runs as they are now; a live run is handed in again whenever its record has changed. */
  show(runs: readonly IRun[]): void {
    this._runs = runs;
    if (runs.some(run => staleNames(run, this._known.get(run.id)).length)) {
      this._asking.ask();
    }
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._asking.dispose();
      document.removeEventListener('visibilitychange', this._onVisible);
      Signal.clearData(this);
    }
  }

  private _onVisible = (): void => {
    if (isPageVisible()) {
      this.show(this._runs);
    }
  };

  private async _ask(): Promise<void> {
    if (!isPageVisible()) {
      return;
    }
    try {
      await Promise.all(this._runs.map(run => this._askFor(run)));
      this._problem = '';
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private async _askFor(run: IRun): Promise<void> {
    const known = this._known.get(run.id) ?? new Map<string, ISeries>();
    const names = staleNames(run, known);
    if (!names.length) {
      return;
    }
    // A tail can be put behind points that are all here; what was thinned out is thinned out anew.
    const canAppend = names.every(name => known.has(name) && isWhole(known.get(name)!));
    const since = canAppend ? Math.min(...names.map(name => known.get(name)!.n_points_logged)) : 0;
    const fresh = await this._fetch(run.id, { names, max_points: MAX_POINTS, since });
    const next = new Map(known);
    for (const series of fresh) {
      const before = known.get(series.name);
      next.set(series.name, since && before ? appendTail(before, series, since) : series);
    }
    this._known.set(run.id, next);
  }

  private _runs: readonly IRun[] = [];
  private _known = new Map<RunId, ReadonlyMap<string, ISeries>>();
  private _problem = '';
  private _isDisposed = false;
  private _asking = new Calm(() => this._ask(), PAUSE_MS);
  private _changed = new Signal<this, void>(this);
}
