/** The notebook as it is now, while it is open: read for the comparison, and where a cell is put back. */
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { ICell, readCell } from './cells';
import { placeFor } from './differences';

export class PresentNotebook implements IDisposable {
  constructor(private readonly _panel: NotebookPanel) {
    _panel.context.model.contentChanged.connect(this._onChanged, this);
    _panel.disposed.connect(this.dispose, this);
  }

  /** Its content changed, or (`isDisposed`) it was closed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get cells(): ICell[] {
    const cells = this._panel.content.model?.cells;
    return cells ? Array.from(cells, (cell, place) => readCell(cell.toJSON(), place)) : [];
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Bring the cell into sight; nothing if it is not there. */
  async show(id: string): Promise<void> {
    const index = this._indexOf(id);
    if (index >= 0) {
      this._panel.content.activeCellIndex = index;
      await this._panel.content.scrollToItem(index, 'center');
    }
  }

  /**
   * The cell's source is what it was; a cell that is gone is made again at its place, `order` being that of then.
   * Outputs stay as they are now: nothing has run. The notebook's own undo takes it back.
   */
  async putBack(cell: ICell, order: readonly string[]): Promise<void> {
    const notebook = this._panel.content;
    const shared = notebook.model?.sharedModel;
    if (!shared) {
      return;
    }
    const index = this._indexOf(cell.id);
    if (index >= 0) {
      notebook.activeCellIndex = index;
      shared.getCell(index).setSource(cell.source);
    } else {
      const now = shared.cells.map(each => each.getId());
      const place = placeFor(cell.id, order, now);
      shared.insertCell(place, { cell_type: cell.kind, id: cell.id, source: cell.source, metadata: {} });
    }
    await this.show(cell.id);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._panel.disposed.disconnect(this.dispose, this);
    if (!this._panel.isDisposed) {
      this._panel.context.model.contentChanged.disconnect(this._onChanged, this);
    }
    this._changed.emit();
    Signal.clearData(this);
  }

  private _onChanged(): void {
    this._changed.emit();
  }

  private _indexOf(id: string): number {
    const shared = this._panel.content.model?.sharedModel;
    return shared ? shared.cells.findIndex(cell => cell.getId() === id) : -1;
  }

  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
