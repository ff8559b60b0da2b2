/** How each open notebook came by its outputs: when its file was read, which runs this page saw to their end, and which it sees now. */
import type { CodeCell } from '@jupyterlab/cells';
import { Cell } from '@jupyterlab/cells';
import { INotebookTracker, Notebook, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';

import type { ExecutionId } from '../api/types';
import type { IHeard } from './missed';

export class Attendance implements IDisposable {
  constructor(private readonly _notebooks: INotebookTracker) {
    _notebooks.widgetAdded.connect(this._onOpened, this);
    _notebooks.forEach(panel => this._onOpened(_notebooks, panel));
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
    NotebookActions.executed.connect(this._onExecuted, this);
    NotebookActions.outputCleared.connect(this._onCleared, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** null: its document is still on its way. */
  of(panel: NotebookPanel, remembered: ReadonlySet<ExecutionId>): IHeard | null {
    const heard = this._heard.get(panel);
    return heard && heard.loaded_at_ms !== null
      ? { ...heard, loaded_at_ms: heard.loaded_at_ms, running: heard.runningNow(), remembered }
      : null;
  }

  /** The reader has decided about the outputs of these. */
  settle(panel: NotebookPanel, executions: readonly ExecutionId[]): void {
    executions.forEach(id => this._heard.get(panel)?.settled.add(id));
  }

  /** Ask again about these. */
  unsettle(panel: NotebookPanel, executions: readonly ExecutionId[]): void {
    executions.forEach(id => this._heard.get(panel)?.settled.delete(id));
  }

  /** Whether the reader emptied that cell in this page, without running it since. */
  isCleared(panel: NotebookPanel, cell_id: string): boolean {
    return !!this._heard.get(panel)?.cleared.has(cell_id);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._notebooks.widgetAdded.disconnect(this._onOpened, this);
    NotebookActions.executionScheduled.disconnect(this._onScheduled, this);
    NotebookActions.executed.disconnect(this._onExecuted, this);
    NotebookActions.outputCleared.disconnect(this._onCleared, this);
  }

  private _onOpened(_: unknown, panel: NotebookPanel): void {
    const heard = new HeardHere();
    this._heard.set(panel, heard);
    void panel.context.ready.then(() => {
      const written = panel.context.contentsModel?.last_modified;
      heard.loaded_at_ms = written ? new Date(written).getTime() : Date.now();
    });
    panel.sessionContext.connectionStatusChanged.connect((_, status) => {
      if (status !== 'connected') {
        heard.n_cuts += 1;
      }
    });
  }

  private _onScheduled(_: unknown, { notebook, cell }: { notebook: Notebook; cell: Cell }): void {
    const heard = this._of(notebook);
    heard?.begun.set(cell.model.id, heard.n_cuts);
    heard?.cleared.delete(cell.model.id);
  }

  private _onExecuted(_: unknown, { notebook, cell }: { notebook: Notebook; cell: Cell }): void {
    const heard = this._of(notebook);
    const begun = heard?.begun.get(cell.model.id);
    heard?.begun.delete(cell.model.id);
    // What a lost connection swallowed is missing although the run was seen to end.
    if (heard && begun === heard.n_cuts && cell.model.type === 'code' && !cell.isDisposed) {
      const msg_id = (cell as CodeCell).outputArea.future?.msg.header.msg_id;
      if (msg_id) {
        heard.attended.add(msg_id);
      }
    }
  }

  private _onCleared(_: unknown, { notebook, cell }: { notebook: Notebook; cell: Cell }): void {
    this._of(notebook)?.cleared.add(cell.model.id);
  }

  private _of(notebook: Notebook): HeardHere | undefined {
    const panel = this._notebooks.find(each => each.content === notebook);
    return panel && this._heard.get(panel);
  }

  private readonly _heard = new WeakMap<NotebookPanel, HeardHere>();
  private _isDisposed = false;
}

class HeardHere {
  /** null: not loaded yet. */
  loaded_at_ms: number | null = null;
  readonly attended = new Set<string>();
  readonly settled = new Set<ExecutionId>();
  /** Cells whose outputs the reader removed. */
  readonly cleared = new Set<string>();
  /** cell id -> how often the connection had been lost when it was sent to the kernel. */
  readonly begun = new Map<string, number>();
  n_cuts = 0;

  /** Those sent since the connection was lost last: of the others nobody knows whether their end will be heard. */
  runningNow(): ReadonlySet<string> {
    return new Set([...this.begun].filter(([, n_cuts]) => n_cuts === this.n_cuts).map(([id]) => id));
  }
}
