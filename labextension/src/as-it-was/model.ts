/** One notebook at one of its moments, against what it is now. */
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import type { DotscienceClient } from '../api/client';
import { DotscienceApiError, sentenceOf } from '../api/errors';
import type { IChanged, Instant, SnapshotId, StoreId } from '../api/types';
import { ICell, INotebook, readNotebook } from './cells';
import { differencesOf, IDifferences } from './differences';
import type { PresentNotebook } from './present';
import { IStop, stopsOf, withStop } from './stops';

/** As many moments as the slider offers: the newest ones. */
const MAX_STOPS = 1000;
/** A slider that is drawn along asks for what it rests on. */
const LOAD_PAUSE_MS = 120;
const STOPS_PAUSE_MS = 1000;
const COMPARE_PAUSE_MS = 300;
const MAX_KEPT = 60;

export class AsItWasModel implements IDisposable {
  /** `path`: of the notebook, as the workspace names it. */
  constructor(
    readonly workspace: StoreId,
    readonly path: string,
    snapshot: SnapshotId,
    private readonly _client: DotscienceClient,
    private readonly _live: ISignal<unknown, IChanged>
  ) {
    this._snapshot = snapshot;
    _live.connect(this._onLive, this);
    this._findingStops.ask();
    this._loading.ask();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Oldest first; the one shown is always among them once they are known. */
  get stops(): readonly IStop[] {
    return this._stops;
  }

  /** Place of the one shown; -1 while they are not known. */
  get index(): number {
    return this._stops.findIndex(stop => stop.snapshot === this._snapshot);
  }

  get snapshot(): SnapshotId {
    return this._snapshot;
  }

  /** null: not known yet. */
  get at(): Instant | null {
    return this._stops[this.index]?.at ?? null;
  }

  /** null: still loading, or it could not be read (then `problem` says why). */
  get notebook(): INotebook | null {
    return this._notebook;
  }

  /** What is shown is not yet what was asked for. */
  get isBehind(): boolean {
    return this._shown !== this._snapshot;
  }

  /** null: the notebook is not open, so there is nothing to compare with. */
  get differences(): IDifferences | null {
    return this._differences;
  }

  get isOnlyDiffering(): boolean {
    return this._isOnlyDiffering;
  }

  set isOnlyDiffering(value: boolean) {
    this._isOnlyDiffering = value;
    this._changed.emit();
  }

  get problem(): string {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The notebook that is open now; null: none. */
  get present(): PresentNotebook | null {
    return this._present;
  }

  set present(present: PresentNotebook | null) {
    if (present === this._present) {
      return;
    }
    this._present?.changed.disconnect(this._onPresent, this);
    this._present?.dispose();
    this._present = present;
    present?.changed.connect(this._onPresent, this);
    this._compare();
    this._changed.emit();
  }

  showSnapshot(snapshot: SnapshotId): void {
    if (snapshot !== this._snapshot) {
      this._snapshot = snapshot;
      this._loading.ask();
      this._findingStops.ask();
      this._changed.emit();
    }
  }

  showStop(index: number): void {
    const stop = this._stops[Math.max(0, Math.min(this._stops.length - 1, index))];
    if (stop) {
      this.showSnapshot(stop.snapshot);
    }
  }

  async putBack(cell: ICell): Promise<void> {
    await this._present?.putBack(cell, this._notebook?.cells.map(each => each.id) ?? []);
  }

  retry(): void {
    this._findingStops.ask();
    this._loading.ask();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    [this._loading, this._findingStops, this._comparing].forEach(each => each.dispose());
    this.present = null;
    this._live.disconnect(this._onLive, this);
    Signal.clearData(this);
  }

  private _onLive(_: unknown, change: IChanged): void {
    if (change.workspace === this.workspace && change.path === this.path && change.topic === 'execution') {
      this._findingStops.ask();
    }
  }

  private _onPresent(): void {
    if (this._present?.isDisposed) {
      this.present = null;
    } else {
      this._comparing.ask();
    }
  }

  private async _findStops(): Promise<void> {
    if (!isPageVisible()) {
      return;
    }
    try {
      const { items } = await this._client.executions(this.workspace, { path: this.path, limit: MAX_STOPS });
      let stops = stopsOf(items);
      if (!stops.some(stop => stop.snapshot === this._snapshot)) {
        const { id, created_at, message, execution } = await this._client.snapshot(this.workspace, this._snapshot);
        stops = withStop(stops, { snapshot: id, at: created_at, title: message, execution, path: null });
        this._snapshot = id; // asked for by a prefix or a time, known by its whole id from here on
      }
      this._stops = stops;
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._emit();
  }

  private async _load(): Promise<void> {
    const snapshot = this._snapshot;
    try {
      const notebook = this._kept.get(snapshot) ?? readNotebook(await this._fetch(snapshot));
      this._keep(snapshot, notebook);
      this._notebook = notebook;
      this._problem = '';
    } catch (error) {
      this._notebook = null;
      this._problem = sentenceOf(error);
    }
    this._shown = snapshot;
    this._compare();
    this._emit();
  }

  /** A renamed notebook was called otherwise then. */
  private async _fetch(snapshot: SnapshotId): Promise<string> {
    const then = this._stops.find(stop => stop.snapshot === snapshot)?.path ?? this.path;
    try {
      return await this._client.snapshotText(this.workspace, snapshot, then);
    } catch (error) {
      if (then !== this.path && error instanceof DotscienceApiError && error.isAbsent) {
        return this._client.snapshotText(this.workspace, snapshot, this.path);
      }
      throw error;
    }
  }

  private _keep(snapshot: SnapshotId, notebook: INotebook): void {
    this._kept.delete(snapshot);
    this._kept.set(snapshot, notebook);
    if (this._kept.size > MAX_KEPT) {
      this._kept.delete(this._kept.keys().next().value as SnapshotId);
    }
  }

  private _compare(): void {
    this._differences =
      this._present && this._notebook ? differencesOf(this._notebook.cells, this._present.cells) : null;
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _loading = new Calm(() => this._load(), LOAD_PAUSE_MS);
  private _findingStops = new Calm(() => this._findStops(), STOPS_PAUSE_MS);
  private _comparing = new Calm(async () => {
    this._compare();
    this._emit();
  }, COMPARE_PAUSE_MS);
  private _changed = new Signal<this, void>(this);
  /** By snapshot, the least recently shown first. */
  private _kept = new Map<SnapshotId, INotebook>();
  private _snapshot: SnapshotId;
  private _shown: SnapshotId | null = null;
  private _stops: readonly IStop[] = [];
  private _notebook: INotebook | null = null;
  private _present: PresentNotebook | null = null;
  private _differences: IDifferences | null = null;
  private _isOnlyDiffering = false;
  private _problem = '';
  private _isDisposed = false;
}
