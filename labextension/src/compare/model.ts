/** Some runs side by side: what the server says differs, and their charts. */
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import type { DotscienceClient } from '../api/client';
import { sentenceOf } from '../api/errors';
import type { IChanged, IComparison, RunId, StoreId } from '../api/types';
import { ChartsModel } from '../charts/model';
import type { CompareTab } from './rows';

const REFRESH_PAUSE_MS = 1000;

export class CompareModel implements IDisposable {
  /** `ids`: the first is what the others are measured against. */
  constructor(
    readonly workspace: StoreId,
    ids: readonly RunId[],
    private readonly _client: DotscienceClient,
    private readonly _live: ISignal<unknown, IChanged>
  ) {
    this._ids = ids;
    this.charts = new ChartsModel(workspace, ids, _client, _live);
    _live.connect(this._onChanged, this);
  }

  /** Of all runs, those taken out of the table included. */
  readonly charts: ChartsModel;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get ids(): readonly RunId[] {
    return this._ids;
  }

  set ids(ids: readonly RunId[]) {
    this._ids = ids;
    this.refresh();
    this._changed.emit();
  }

  /** null: still loading. */
  get comparison(): IComparison | null {
    return this._comparison;
  }

  /** Why the last request failed; '' when it did not. */
  get problem(): string {
    return this._problem;
  }

  get tab(): CompareTab {
    return this._tab;
  }

  set tab(tab: CompareTab) {
    this._tab = tab;
    this.charts.isShown = this._isShown && tab === 'metrics';
    this._changed.emit();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Fetches nothing while false. */
  set isShown(value: boolean) {
    this._isShown = value;
    this.charts.isShown = value && this._tab === 'metrics';
    if (value) {
      this.refresh();
    }
  }

  refresh(): void {
    this._refreshing.ask();
  }

  /** Measure the others against this one. */
  putFirst(id: RunId): void {
    this.ids = [id, ...this._ids.filter(other => other !== id)];
  }

  /** Two at least stay. */
  leaveOut(id: RunId): void {
    if (this._ids.length > 2) {
      this.ids = this._ids.filter(other => other !== id);
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._refreshing.dispose();
    this.charts.dispose();
    this._live.disconnect(this._onChanged, this);
    Signal.clearData(this);
  }

  private _onChanged(_: unknown, change: IChanged): void {
    const ids = [...change.ids, ...(change.run_ids ?? [])];
    if (change.workspace === this.workspace && this._ids.some(id => ids.includes(id))) {
      this.refresh();
    }
  }

  private async _refresh(): Promise<void> {
    if (!this._isShown || !isPageVisible()) {
      return;
    }
    const asked = this._ids;
    try {
      const comparison = await this._client.compare(this.workspace, [...asked]);
      if (asked !== this._ids) {
        return; // asked for others meanwhile: that answer is on its way
      }
      this._comparison = comparison;
      this._problem = '';
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _refreshing = new Calm(() => this._refresh(), REFRESH_PAUSE_MS);
  private _changed = new Signal<this, void>(this);
  private _ids: readonly RunId[];
  private _comparison: IComparison | null = null;
  private _problem = '';
  private _tab: CompareTab = 'differences';
  private _isShown = false;
  private _isDisposed = false;
}
