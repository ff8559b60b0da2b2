/**
 * What changed, as the server says it over Jupyter's own event stream: names only, the views fetch what they show.
 *
 * One subscription for the whole page; it follows the service manager's socket and needs no polling.
 */
import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import type { IChanged } from './types';

export const CHANGED_SCHEMA = 'https://schema.dotscience-jlab.org/changed/v1';

export class LiveChanges implements IDisposable {
  constructor(private readonly _stream: Event.Stream) {
    this._stream.connect(this._onEvent, this);
  }

  /** Emitted once for each notification of ours. */
  get changed(): ISignal<this, IChanged> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._stream.disconnect(this._onEvent, this);
    Signal.clearData(this);
  }

  private _onEvent(_: unknown, emission: Event.Emission): void {
    const changed = readChanged(emission);
    if (changed) {
      this._changed.emit(changed);
    }
  }

  private _changed = new Signal<this, IChanged>(this);
  private _isDisposed = false;
}

/** The notification in an event of any schema; null: not one of ours. */
export function readChanged(emission: { [key: string]: any }): IChanged | null {
  if (emission.schema_id !== CHANGED_SCHEMA || typeof emission.topic !== 'string') {
    return null;
  }
  return {
    topic: emission.topic,
    workspace: emission.workspace ?? null,
    ids: Array.isArray(emission.ids) ? emission.ids : [],
    path: emission.path ?? null,
    run_ids: Array.isArray(emission.run_ids) ? emission.run_ids : []
  };
}
