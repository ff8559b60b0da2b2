/** The lineage around one thing, and the way through it: which things were looked at before. */
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import type { DotscienceClient } from '../api/client';
import { sentenceOf } from '../api/errors';
import type { IChanged, ILineage, ILineageNode, StoreId } from '../api/types';

export type LineageDirection = 'both' | 'up' | 'down';

/** The first picture; *Show all* asks for as many as the server gives. */
export const FIRST_LIMIT = 200;
export const WHOLE_LIMIT = 10_000;
const REFRESH_PAUSE_MS = 2000;

export class LineageModel implements IDisposable {
  /** `of`: file:PATH, run:REF, execution:ID or notebook:PATH. */
  constructor(
    readonly workspace: StoreId,
    of: string,
    private readonly _client: DotscienceClient,
    private readonly _live: ISignal<unknown, IChanged>
  ) {
    this._trail = [of];
    _live.connect(this._onChanged, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What the picture is about. */
  get of(): string {
    return this._trail[this._trail.length - 1];
  }

  get canGoBack(): boolean {
    return this._trail.length > 1;
  }

  /** null: still loading. */
  get lineage(): ILineage | null {
    return this._lineage;
  }

  get direction(): LineageDirection {
    return this._direction;
  }

  set direction(direction: LineageDirection) {
    this._direction = direction;
    this.refresh();
    this._changed.emit();
  }

  get isList(): boolean {
    return this._isList;
  }

  set isList(value: boolean) {
    this._isList = value;
    this._changed.emit();
  }

  /** The node whose details are shown; null: none. */
  get selected(): ILineageNode | null {
    return this._lineage?.nodes.find(node => node.id === this._selectedId) ?? null;
  }

  set selected(node: ILineageNode | null) {
    this._selectedId = node?.id ?? null;
    this._changed.emit();
  }

  get problem(): string {
    return this._problem;
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

  showAll(): void {
    this._limit = WHOLE_LIMIT;
    this.refresh();
  }

  /** Put another thing in the middle. */
  goTo(of: string): void {
    if (of !== this.of) {
      this._trail.push(of);
      this._restart();
    }
  }

  goBack(): void {
    if (this.canGoBack) {
      this._trail.pop();
      this._restart();
    }
  }

  /** A workspace path as Jupyter's contents name it; null: outside the server's root. */
  async contentsPath(path: string): Promise<string | null> {
    const { contents_path } = await this._client.workspace(this.workspace);
    return contents_path === null ? null : contents_path ? `${contents_path}/${path}` : path;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._refreshing.dispose();
    this._live.disconnect(this._onChanged, this);
    Signal.clearData(this);
  }

  private _restart(): void {
    this._limit = FIRST_LIMIT;
    this._selectedId = null;
    this.refresh();
    this._changed.emit();
  }

  private _onChanged(_: unknown, change: IChanged): void {
    if (change.workspace === this.workspace && change.topic === 'snapshot') {
      this.refresh();
    }
  }

  private async _refresh(): Promise<void> {
    if (!this._isShown || !isPageVisible()) {
      return;
    }
    const asked = this.of;
    try {
      const found = await this._client.lineage(this.workspace, { of: asked, direction: this._direction, limit: this._limit });
      if (asked !== this.of) {
        return; // another thing is in the middle meanwhile: its answer is on the way
      }
      // The same answer must not lay out the picture anew under the reader's hands.
      if (JSON.stringify(found) !== JSON.stringify(this._lineage)) {
        this._lineage = found;
      }
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
  private _trail: string[];
  private _lineage: ILineage | null = null;
  private _direction: LineageDirection = 'both';
  private _selectedId: string | null = null;
  private _limit = FIRST_LIMIT;
  private _isList = false;
  private _problem = '';
  private _isShown = false;
  private _isDisposed = false;
}

/** What to ask for to put this node in the middle; null: it is outside the workspace. */
export function addressOf(node: ILineageNode): string | null {
  switch (node.kind) {
    case 'run':
    case 'execution':
      return node.id;
    case 'notebook':
      return node.path && `notebook:${node.path}`;
    default:
      return node.path && `file:${node.path}`;
  }
}
