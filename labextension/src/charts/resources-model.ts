/** Fetches what the shown runs took of the machine, while somebody looks, and again when there is more. */
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import { sentenceOf } from '../api/errors';
import type { IRun, ISeries, RunId } from '../api/types';
import type { KnownSeries } from './chart';
import { FetchResources, hasResources, resourcesKey, seriesByName } from './resources';

/** Readings come at most twice a second, and nobody waits for them. */
const PAUSE_MS = 2000;

export class ResourcesModel implements IDisposable {
  constructor(private readonly _fetch: FetchResources) {}

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

  /** A live run is handed in again whenever its record has changed. */
  show(runs: readonly IRun[]): void {
    this._runs = runs.filter(hasResources);
    if (this._runs.some(run => this._fetched.get(run.id) !== resourcesKey(run))) {
      this._asking.ask();
    }
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._asking.dispose();
      Signal.clearData(this);
    }
  }

  private async _ask(): Promise<void> {
    if (!isPageVisible()) {
      return;
    }
    try {
      for (const run of this._runs) {
        const key = resourcesKey(run);
        if (this._fetched.get(run.id) !== key) {
          this._known.set(run.id, seriesByName(await this._fetch(run.id)));
          this._fetched.set(run.id, key);
        }
      }
      this._problem = '';
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _runs: readonly IRun[] = [];
  private readonly _known = new Map<RunId, ReadonlyMap<string, ISeries>>();
  /** Run -> what was known of it when it was fetched. */
  private readonly _fetched = new Map<RunId, string>();
  private _problem = '';
  private _isDisposed = false;
  private _asking = new Calm(() => this._ask(), PAUSE_MS);
  private _changed = new Signal<this, void>(this);
}
