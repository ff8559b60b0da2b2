/** Which cells of the notebook in focus deserve a mark; asks the server only while marks are wanted. */
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import type { DotscienceClient } from '../api/client';
import type { LiveChanges } from '../api/live';
import type { IChanged, IExecution, SessionId } from '../api/types';
import type { FocusModel } from '../focus/focus-model';
import { CellMark, marksOf } from './marks';

/** The newest executions: enough for the cells somebody works on; older ones stay without a mark. */
const N_EXECUTIONS = 200;
const FETCH_PAUSE_MS = 400;
const TYPING_PAUSE_MS = 300;
/** No execution is of this session: the kernel is new and has run nothing yet. */
const RESTARTED: SessionId = '';

export class CellMarksModel implements IDisposable {
  constructor(
    private readonly _client: DotscienceClient,
    private readonly _live: LiveChanges,
    private readonly _focus: FocusModel
  ) {
    _live.changed.connect(this._onChanged, this);
    _focus.changed.connect(this._onFocus, this);
    document.addEventListener('visibilitychange', this._onVisible);
    this._onFocus();
  }

  /** The marks may be others now. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** cell id -> mark; empty while they are not wanted. */
  get marks(): ReadonlyMap<string, CellMark> {
    if (!this._isWanted || !this._panel) {
      return new Map();
    }
    const cells = this._panel.content.widgets;
    const sources = new Map(cells.map(cell => [cell.model.id, cell.model.sharedModel.getSource()]));
    return marksOf(this._executions, sources, this._session);
  }

  get isWanted(): boolean {
    return this._isWanted;
  }

  /** Nothing is fetched while false. */
  set isWanted(value: boolean) {
    if (value !== this._isWanted) {
      this._isWanted = value;
      this._fetching.ask();
      this._changed.emit();
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._fetching.dispose();
    this._typing.dispose();
    this._watch(null);
    this._live.changed.disconnect(this._onChanged, this);
    this._focus.changed.disconnect(this._onFocus, this);
    document.removeEventListener('visibilitychange', this._onVisible);
    Signal.clearData(this);
  }

  /** Of the running kernel: that of the newest execution, unless the kernel was restarted since. */
  private get _session(): SessionId | null {
    const newest = this._executions[0]?.session ?? null;
    return newest !== null && newest === this._endedSession ? RESTARTED : newest;
  }

  private _onFocus(): void {
    const { panel, workspace, workspacePath } = this._focus;
    this._watch(panel);
    const target = workspace && workspacePath ? `${workspace} ${workspacePath}` : '';
    if (target && target !== this._target) {
      this._target = target;
      this._executions = [];
      this._fetching.ask();
    }
  }

  private _watch(panel: NotebookPanel | null): void {
    if (panel === this._panel) {
      return;
    }
    if (this._panel && !this._panel.isDisposed) {
      this._panel.context.model.contentChanged.disconnect(this._onTyping, this);
      this._panel.sessionContext.statusChanged.disconnect(this._onStatus, this);
    }
    this._panel = panel;
    this._endedSession = null;
    panel?.context.model.contentChanged.connect(this._onTyping, this);
    panel?.sessionContext.statusChanged.connect(this._onStatus, this);
  }

  private _onTyping(): void {
    if (this._isWanted) {
      this._typing.ask();
    }
  }

  private _onStatus(_: unknown, status: string): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'terminating') {
      this._endedSession = this._executions[0]?.session ?? null;
      this._changed.emit();
    }
  }

  private _onChanged(_: unknown, change: IChanged): void {
    const { workspace, workspacePath } = this._focus;
    const isOurs = change.workspace === workspace && (!change.path || change.path === workspacePath);
    if (isOurs && change.topic === 'execution') {
      this._fetching.ask();
    }
  }

  private _onVisible = (): void => {
    if (isPageVisible()) {
      this._fetching.ask();
    }
  };

  private async _fetch(): Promise<void> {
    const { workspace, workspacePath } = this._focus;
    if (!this._isWanted || !workspace || !workspacePath || !isPageVisible()) {
      return;
    }
    const target = this._target;
    try {
      const { items } = await this._client.executions(workspace, { path: workspacePath, limit: N_EXECUTIONS });
      if (target === this._target) {
        this._executions = items;
      }
    } catch {
      // A mark is an ornament: what failed is said by the status, in the panel and in the status bar.
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _fetching = new Calm(() => this._fetch(), FETCH_PAUSE_MS);
  private _typing = new Calm(async () => this._changed.emit(), TYPING_PAUSE_MS);
  private _changed = new Signal<this, void>(this);
  private _panel: NotebookPanel | null = null;
  private _target = '';
  /** Newest first. */
  private _executions: readonly IExecution[] = [];
  /** The session of the kernel that was last seen ending. */
  private _endedSession: SessionId | null = null;
  private _isWanted = false;
  private _isDisposed = false;
}
