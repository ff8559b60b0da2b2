/**
 * Outputs of the notebook in focus that arrived while nothing was listening: looked for when it opens, when its connection is
 * back and when a cell ends, while the panel is shown; put back on the reader's word. What is large is fetched then, not before.
 */
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import type { DotscienceClient } from '../api/client';
import { DotscienceApiError, sentenceOf } from '../api/errors';
import type { LiveChanges } from '../api/live';
import type { ExecutionId, IChanged, IExecution, StoreId } from '../api/types';
import type { FocusModel } from '../focus/focus-model';
import { Attendance } from './attendance';
import { hasMore, hasWidgets, IHeard, IMissed, IPresentCell, missedOf } from './missed';
import { ICellOutputs, putOutputs } from './put-back';
import { Remembered } from './remembered';

const LOOK_PAUSE_MS = 1000;
const PAGE = 100;
/** Further back nobody looks: of a notebook with 1,000 cells each has its newest among as many executions. */
const MAX_LOOKED_AT = 1000;
/** Looked at whole to tell whether they differ; of more than that it is said without. */
const MAX_CLOSER_LOOKS = 20;

/** What became of the last putting back. */
export interface IPutBack {
  n_cells: number;
  /** Cells with widgets, left as they are. */
  n_widgets: number;
  /** Of those put back, how many lack what was over the limit for outputs. */
  n_cut: number;
}

export class MissedModel implements IDisposable {
  constructor(
    private readonly _client: DotscienceClient,
    private readonly _live: LiveChanges,
    private readonly _focus: FocusModel,
    notebooks: INotebookTracker,
    private readonly _remembered: Remembered
  ) {
    this._attendance = new Attendance(notebooks);
    _focus.changed.connect(this._onFocus, this);
    _live.changed.connect(this._onLive, this);
    document.addEventListener('visibilitychange', this._onVisible);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** In the order of the notebook. */
  get missed(): readonly IMissed[] {
    return this._found.filter(each => each.state !== 'edited');
  }

  /** Cells that say something else now. */
  get edited(): readonly IMissed[] {
    return this._found.filter(each => each.state === 'edited');
  }

  /** null: nothing was put back in this notebook, or the reader has seen it. */
  get done(): IPutBack | null {
    return this._done?.panel === this._panel ? this._done.told : null;
  }

  get problem(): string {
    return this._problem;
  }

  /** Asks for nothing while false. */
  set isShown(value: boolean) {
    this._isShown = value;
    if (value) {
      this._looking.ask();
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Look now, panel or not. */
  async look(): Promise<void> {
    await this._look(true);
  }

  /** Fetch the outputs and write them into their cells; cells with widgets stay as they are. */
  async putBack(): Promise<void> {
    const [panel, workspace, missed] = [this._panel, this._focus.workspace, this.missed];
    if (!panel || !workspace || !missed.length || this._isBusy) {
      return;
    }
    this._isBusy = true;
    try {
      const whole: IExecution[] = [];
      for (const { execution } of missed) {
        whole.push(await this._client.execution(workspace, execution.id));
      }
      if (!panel.isDisposed) {
        this._write(panel, whole);
      }
      this._problem = '';
    } catch (error) {
      this._problem = sentenceOf(error);
    } finally {
      this._isBusy = false;
    }
    this._emit();
  }

  /** Every cell as it was before. The notebook's own undo does the same. */
  undo(): void {
    const done = this._done;
    this._done = null;
    if (done && !done.panel.isDisposed) {
      putOutputs(done.panel, done.former);
      this._attendance.unsettle(done.panel, done.executions);
      this._looking.ask();
    }
    this._emit();
  }

  /** Leave these cells as they are, or: the reader has read what was put back. */
  dismiss(): void {
    if (this._done) {
      this._done = null;
    } else if (this._panel) {
      this._attendance.settle(this._panel, this._found.map(each => each.execution.id));
      this._found = [];
      this._remember();
    }
    this._emit();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._looking.dispose();
    this._watch(null);
    this._attendance.dispose();
    this._focus.changed.disconnect(this._onFocus, this);
    this._live.changed.disconnect(this._onLive, this);
    document.removeEventListener('visibilitychange', this._onVisible);
    Signal.clearData(this);
  }

  private _write(panel: NotebookPanel, whole: readonly IExecution[]): void {
    const order = new Map(whole.map(each => [each.cell_id!, each]));
    // Between the question and the answer a cell may have been edited or run.
    const heard = this._attendance.of(panel, new Set(whole.map(each => each.id)));
    const asked = heard ? missedOf([...order.keys()], readerOf(panel), whole, heard) : [];
    const fit = asked.filter(each => each.state !== 'edited').map(each => order.get(each.cell_id)!);
    const plain = fit.filter(each => !hasWidgets(each.outputs));
    const wanted: ICellOutputs[] = plain.map(({ cell_id, outputs, execution_count }) => ({ cell_id: cell_id!, outputs, execution_count }));
    const executions = fit.map(each => each.id);
    const former = putOutputs(panel, wanted);
    this._attendance.settle(panel, executions);
    const told = { n_cells: former.length, n_widgets: fit.length - plain.length, n_cut: plain.filter(each => each.n_cut_bytes > 0).length };
    this._done = { panel, told, former, executions: plain.map(each => each.id) };
    const isAsked = (each: IMissed): boolean => asked.some(other => other.execution.id === each.execution.id);
    this._found = [...this.edited.filter(each => !isAsked(each)), ...asked.filter(each => each.state === 'edited')];
    this._remember();
  }

  private _onFocus(): void {
    this._watch(this._focus.panel);
    const about = `${this._focus.workspace} ${this._focus.workspacePath}`;
    if (about !== this._about) {
      this._about = about;
      this._found = [];
      this._problem = '';
      this._looking.ask();
    }
  }

  private _watch(panel: NotebookPanel | null): void {
    if (panel === this._panel) {
      return;
    }
    if (this._panel && !this._panel.isDisposed) {
      this._panel.sessionContext.connectionStatusChanged.disconnect(this._onConnection, this);
    }
    this._panel = panel;
    panel?.sessionContext.connectionStatusChanged.connect(this._onConnection, this);
    void panel?.context.ready.then(() => this._looking.ask());
  }

  private _onConnection(_: unknown, status: string): void {
    if (status === 'connected') {
      this._looking.ask();
    }
  }

  private _onLive(_: unknown, change: IChanged): void {
    if (change.topic === 'execution' && change.path === this._focus.workspacePath && change.workspace === this._focus.workspace) {
      this._looking.ask();
    }
  }

  private _onVisible = (): void => {
    if (isPageVisible()) {
      this._looking.ask();
    }
  };

  private async _look(evenHidden = false): Promise<void> {
    const panel = this._panel;
    const { workspace, workspacePath: path } = this._focus;
    if (!panel || !workspace || !path || !isPageVisible() || this._isBusy || !(this._isShown || evenHidden)) {
      return;
    }
    const heard = this._attendance.of(panel, this._remembered.of(workspace, path));
    if (!heard) {
      return;
    }
    try {
      const executions = await this._newest(workspace, path, heard.loaded_at_ms);
      if (panel.isDisposed || this._isDisposed) {
        return;
      }
      const found = this._lacking(panel, executions, heard);
      const sure = await this._looked(workspace, panel, found);
      if (panel === this._panel && `${workspace} ${path}` === this._about) {
        this._found = sure;
        this._remember();
        this._emit();
      }
    } catch (error) {
      // The list beside it asks the same server and shows its sentence; once is enough.
      if (!(error instanceof DotscienceApiError)) {
        throw error;
      }
    }
  }

  /** Offered, and nobody has said yes or no: also when the notebook is saved and opened again. */
  private _remember(): void {
    const { workspace, workspacePath: path } = this._focus;
    if (workspace && path) {
      this._remembered.keep(workspace, path, this.missed.map(each => each.execution.id));
    }
  }

  private _lacking(panel: NotebookPanel, executions: readonly IExecution[], heard: IHeard): IMissed[] {
    const order = panel.content.model?.sharedModel.cells.map(cell => cell.getId()) ?? [];
    return missedOf(order, readerOf(panel), executions, heard).filter(each => !this._attendance.isCleared(panel, each.cell_id));
  }

  /** Newest first: one page, and further ones as long as they hold what ended after the file was written. */
  private async _newest(workspace: StoreId, path: string, loaded_at_ms: number): Promise<IExecution[]> {
    const found: IExecution[] = [];
    let after: string | undefined;
    while (found.length < MAX_LOOKED_AT) {
      const page = await this._client.executions(workspace, { path, after, limit: PAGE });
      found.push(...page.items);
      const last = page.items[page.items.length - 1];
      if (!page.next || !last || new Date(last.finished_at ?? last.started_at).getTime() < loaded_at_ms) {
        break;
      }
      after = page.next;
    }
    return found;
  }

  /** The same list without those that turn out to be there already. */
  private async _looked(workspace: StoreId, panel: NotebookPanel, found: readonly IMissed[]): Promise<IMissed[]> {
    const read = readerOf(panel);
    const sure: IMissed[] = [];
    let n_looks = 0;
    for (const each of found) {
      if (each.state === 'unsure' && n_looks < MAX_CLOSER_LOOKS) {
        n_looks += 1;
        if (await this._isMore(workspace, each, read)) {
          sure.push({ ...each, state: 'missed' });
        }
      } else {
        sure.push(each);
      }
    }
    return sure;
  }

  private async _isMore(workspace: StoreId, each: IMissed, read: (id: string) => IPresentCell | null): Promise<boolean> {
    const known = this._compared.get(each.execution.id);
    const recorded = known ?? (await this._client.execution(workspace, each.execution.id)).outputs;
    if (!known && !each.execution.outputs_blob) {
      this._compared.set(each.execution.id, recorded);
    }
    const present = read(each.cell_id)?.outputs ?? [];
    return hasMore(recorded, present);
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _attendance: Attendance;
  private readonly _looking = new Calm(() => this._look(), LOOK_PAUSE_MS);
  private readonly _changed = new Signal<this, void>(this);
  /** Small outputs that were looked at whole. */
  private readonly _compared = new Map<ExecutionId, IExecution['outputs']>();
  private _panel: NotebookPanel | null = null;
  private _about = '';
  private _found: readonly IMissed[] = [];
  private _done: { panel: NotebookPanel; told: IPutBack; former: ICellOutputs[]; executions: ExecutionId[] } | null = null;
  private _problem = '';
  private _isBusy = false;
  private _isShown = false;
  private _isDisposed = false;
}

/** Reads one code cell of the open notebook as it is now. */
function readerOf(panel: NotebookPanel): (id: string) => IPresentCell | null {
  const cells = new Map(Array.from(panel.content.model?.cells ?? [], cell => [cell.id, cell]));
  return id => {
    const body = cells.get(id)?.toJSON();
    if (!body || body.cell_type !== 'code') {
      return null;
    }
    const source = Array.isArray(body.source) ? body.source.join('') : body.source;
    return { id, source, execution_count: (body.execution_count ?? null) as number | null, outputs: body.outputs as IPresentCell['outputs'] };
  };
}
