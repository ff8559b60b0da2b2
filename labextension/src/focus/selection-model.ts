/** The ticked runs, in the order they were ticked. */
import { ISignal, Signal } from '@lumino/signaling';

import type { RunId } from '../api/types';
import type { ISelection } from '../tokens';

export class SelectionModel implements ISelection {
  get ids(): readonly RunId[] {
    return this._ids;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  has(id: RunId): boolean {
    return this._ids.includes(id);
  }

  toggle(id: RunId): void {
    this.set(this.has(id) ? this._ids.filter(other => other !== id) : [...this._ids, id]);
  }

  set(ids: readonly RunId[]): void {
    this._ids = [...new Set(ids)];
    this._changed.emit();
  }

  private _ids: readonly RunId[] = [];
  private _changed = new Signal<this, void>(this);
}
