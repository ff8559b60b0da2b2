/** Which cells of the notebook in focus, a fork's, name files of the folder it came from: known before one of them runs. */
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm } from '../api/calm';
import type { FocusModel } from '../focus/focus-model';
import { IForkPlace, ITie, tiesOf, untied } from './ties';

const TYPING_PAUSE_MS = 300;

export interface ITiedCell {
  /** Counted from 1 over all cells of the notebook. */
  number: number;
  ties: ITie[];
}

export class TiesModel implements IDisposable {
  constructor(private readonly _focus: FocusModel) {
    _focus.changed.connect(this._onFocus, this);
    this._onFocus();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** In order; empty where the notebook is no fork's. */
  get cells(): readonly ITiedCell[] {
    return this._cells;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Bring the cell into view. */
  show(number: number): void {
    const notebook = this._panel?.content;
    const cell = notebook?.widgets[number - 1];
    if (notebook && cell) {
      notebook.activeCellIndex = number - 1;
      void notebook.scrollToCell(cell);
    }
  }

  /** Let the code name the fork's own folder instead; each cell's edit can be undone. */
  untie(): void {
    const place = this._place;
    if (place && this._panel?.context.model) {
      untieNotebook(this._panel.context.model, place);
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._typing.dispose();
    this._watch(null);
    this._focus.changed.disconnect(this._onFocus, this);
    Signal.clearData(this);
  }

  private get _place(): IForkPlace | null {
    const { status } = this._focus;
    return status?.origin_root ? { origin: status.origin_root, root: status.root } : null;
  }

  private _onFocus(): void {
    this._watch(this._focus.panel);
    this._look();
  }

  private _watch(panel: NotebookPanel | null): void {
    if (panel === this._panel) {
      return;
    }
    if (this._panel && !this._panel.isDisposed) {
      this._panel.context.model.contentChanged.disconnect(this._onTyping, this);
    }
    this._panel = panel;
    panel?.context.model.contentChanged.connect(this._onTyping, this);
  }

  private _onTyping(): void {
    if (this._place) {
      this._typing.ask();
    }
  }

  private _look(): void {
    const [place, model] = [this._place, this._panel?.isDisposed ? null : this._panel?.context.model];
    const found: ITiedCell[] = [];
    for (let index = 0; place && model && index < model.cells.length; index++) {
      const cell = model.cells.get(index);
      const ties = cell.type === 'code' ? tiesOf(cell.sharedModel.getSource(), place) : [];
      if (ties.length > 0) {
        found.push({ number: index + 1, ties });
      }
    }
    if (JSON.stringify(found) !== JSON.stringify(this._cells)) {
      this._cells = found;
      this._changed.emit();
    }
  }

  private _typing = new Calm(async () => this._look(), TYPING_PAUSE_MS);
  private _changed = new Signal<this, void>(this);
  private _panel: NotebookPanel | null = null;
  private _cells: readonly ITiedCell[] = [];
  private _isDisposed = false;
}

/** In all its code cells. */
export function untieNotebook(model: INotebookModel, place: IForkPlace): void {
  for (const cell of model.cells) {
    const source = cell.sharedModel.getSource();
    const own = cell.type === 'code' ? untied(source, place) : source;
    if (own !== source) {
      cell.sharedModel.setSource(own);
    }
  }
}
