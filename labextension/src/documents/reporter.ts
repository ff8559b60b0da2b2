/**
 * Tells the recorder what an open notebook holds when a cell starts and when it ends: the cells that changed, no others.
 *
 * Kernels report what was executed by themselves; this is the rest of the document, saved or not. Other languages' kernels
 * cannot report, nor does one of Python that recording could not be loaded into, or not yet: for them the browser sends the
 * whole execution.
 */
import { Cell, CodeCell } from '@jupyterlab/cells';
import { INotebookTracker, Notebook, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import type { DotscienceClient, ICellReport } from '../api/client';
import type { LiveChanges } from '../api/live';
import type { IChanged } from '../api/types';
import { foreignExecution } from './foreign';
import { DocumentLedger } from './ledger';

/** How long the news of an execution may take before its kernel counts as one that does not report itself. */
const NEWS_MS = 1500;
const MESSAGES_KEPT = 200;

export class DocumentReporter implements IDisposable {
  constructor(
    private readonly _client: DotscienceClient,
    private readonly _live: LiveChanges,
    private readonly _notebooks: INotebookTracker,
    private readonly _contents: Contents.IManager
  ) {
    _live.changed.connect(this._onNews, this);
    _notebooks.widgetAdded.connect(this._onOpened, this);
    _notebooks.forEach(panel => this._onOpened(_notebooks, panel));
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
    NotebookActions.executed.connect(this._onExecuted, this);
  }

  /** After each report: did it reach the recorder? */
  get settled(): ISignal<this, boolean> {
    return this._settled;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._live.changed.disconnect(this._onNews, this);
    this._notebooks.widgetAdded.disconnect(this._onOpened, this);
    NotebookActions.executionScheduled.disconnect(this._onScheduled, this);
    NotebookActions.executed.disconnect(this._onExecuted, this);
    this._open.forEach(open => open.stop());
    this._open.clear();
    Signal.clearData(this);
  }

  /** Send what changed in that notebook now; resolves when the recorder has it or it is known to be unreachable. */
  async report(panel: NotebookPanel): Promise<void> {
    const open = this._open.get(panel);
    if (open) {
      open.sending = open.sending.then(() => this._send(panel, open.ledger));
      await open.sending;
    }
  }

  /** The same for every open notebook: what is kept next holds their unsaved edits. */
  async reportAll(): Promise<void> {
    await Promise.all([...this._open.keys()].map(panel => this.report(panel)));
  }

  private _onOpened(_: unknown, panel: NotebookPanel): void {
    const ledger = new DocumentLedger(UUID.uuid4());
    const watched = new Map<string, () => void>();
    const watch = (): void => {
      const model = panel.content.model;
      const ids = new Set<string>();
      for (const cell of model?.cells ?? []) {
        ids.add(cell.id);
        if (!watched.has(cell.id)) {
          const touch = (): void => ledger.touch(cell.id);
          cell.contentChanged.connect(touch);
          cell.metadataChanged.connect(touch);
          watched.set(cell.id, () => {
            cell.contentChanged.disconnect(touch);
            cell.metadataChanged.disconnect(touch);
          });
          ledger.touch(cell.id);
        }
      }
      watched.forEach((unwatch, id) => {
        if (!ids.has(id)) {
          unwatch();
          watched.delete(id);
        }
      });
    };
    let cells = panel.content.model?.cells ?? null;
    const rewatch = (): void => {
      cells?.changed.disconnect(watch);
      cells = panel.content.model?.cells ?? null;
      cells?.changed.connect(watch);
      watch();
    };
    panel.content.modelChanged.connect(rewatch);
    void panel.context.ready.then(() => !panel.isDisposed && rewatch());
    const stop = (): void => {
      watched.forEach(unwatch => unwatch());
      cells?.changed.disconnect(watch);
    };
    this._open.set(panel, { ledger, sending: Promise.resolve(), stop });
    panel.disposed.connect(() => {
      stop();
      this._open.delete(panel);
    });
  }

  private _onScheduled(_: unknown, { notebook, cell }: { notebook: Notebook; cell: Cell }): void {
    const panel = this._panelOf(notebook);
    if (panel) {
      this._startedAt.set(cell.model.id, new Date());
      void this.report(panel);
    }
  }

  private _onExecuted(_: unknown, { notebook, cell }: { notebook: Notebook; cell: Cell }): void {
    const panel = this._panelOf(notebook);
    if (!panel) {
      return;
    }
    void this.report(panel);
    const started = this._startedAt.get(cell.model.id) ?? new Date();
    this._startedAt.delete(cell.model.id);
    if (cell instanceof CodeCell) {
      void this._reportForeign(panel, cell, started);
    }
  }

  private async _reportForeign(panel: NotebookPanel, cell: CodeCell, started: Date): Promise<void> {
    const kernel = panel.sessionContext.session?.kernel;
    const info = await kernel?.info;
    if (!kernel || !info || info.status !== 'ok') {
      return;
    }
    const path = this._contents.localPath(panel.context.path);
    const isPython = info.language_info.name === 'python';
    const execution = foreignExecution(cell, kernel, path, started, new Date(), isPython);
    if (execution && !(isPython && (await this._isReported(execution.msg_id)))) {
      await this._client.reportForeignExecution(execution).catch(warn);
    }
  }

  /** True as soon as the recorder tells of that execution: its kernel has reported it. */
  private async _isReported(msg_id: string): Promise<boolean> {
    if (!this._reported.has(msg_id)) {
      await new Promise(resolve => window.setTimeout(resolve, NEWS_MS));
    }
    return this._reported.has(msg_id);
  }

  private _onNews(_: unknown, change: IChanged): void {
    if (change.topic === 'execution') {
      change.ids.forEach(id => this._reported.add(id.slice(id.indexOf(':') + 1)));
      const tooMany = [...this._reported].slice(0, Math.max(0, this._reported.size - MESSAGES_KEPT));
      tooMany.forEach(msg_id => this._reported.delete(msg_id));
    }
  }

  private async _send(panel: NotebookPanel, ledger: DocumentLedger): Promise<void> {
    for (let attempt = 0; attempt < 2 && !panel.isDisposed && panel.content.model; attempt++) {
      const { model } = panel.content;
      const cells = new Map(Array.from(model.cells, cell => [cell.id, cell]));
      const read = (id: string): ICellReport | undefined => {
        const cell = cells.get(id);
        const body = cell?.toJSON() as ICellReport | undefined;
        return body && { ...body, id };
      };
      const report = ledger.compose(this._contents.localPath(panel.context.path), [...cells.keys()], read, {
        metadata: model.sharedModel.getMetadata(),
        is_unsaved: panel.context.model.dirty
      });
      if (!report) {
        return;
      }
      try {
        const answer = await this._client.reportDocument(report);
        if (!answer.needs_whole) {
          ledger.acknowledge(report.revision);
          this._settled.emit(true);
          return;
        }
        ledger.forget();
      } catch (error) {
        ledger.lose(report.revision);
        warn(error);
        this._settled.emit(false);
        return;
      }
    }
  }

  private _panelOf(notebook: Notebook): NotebookPanel | undefined {
    return this._notebooks.find(panel => panel.content === notebook);
  }

  private _settled = new Signal<this, boolean>(this);
  private _open = new Map<NotebookPanel, IOpenDocument>();
  /** Messages whose executions the recorder told of last. */
  private _reported = new Set<string>();
  private _startedAt = new Map<string, Date>();
  private _isDisposed = false;
}

interface IOpenDocument {
  ledger: DocumentLedger;
  /** Reports of one document go one after the other. */
  sending: Promise<void>;
  stop: () => void;
}

/** The status line shows an unreachable server; the console says what of. */
function warn(error: unknown): void {
  console.warn('dotscience-jlab: a report did not reach the recorder.', error);
}
