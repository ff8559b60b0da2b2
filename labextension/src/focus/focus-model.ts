/** Follows the last active notebook, its renames included, and knows how it is with its recording. */
import { PathExt } from '@jupyterlab/coreutils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import type { DotscienceClient } from '../api/client';
import { sentenceOf } from '../api/errors';
import type { LiveChanges } from '../api/live';
import type { IChanged, IStatus, StoreId } from '../api/types';
import { ITwoNames, toContentsPath } from '../paths';
import type { IFocus } from '../tokens';

const STATUS_PAUSE_MS = 500;
/** After a request that failed: ask again so much later, while the page is in front, so that a red state goes away by itself. */
const RETRY_MS = 10_000;

export class FocusModel implements IFocus, IDisposable {
  constructor(
    private readonly _client: DotscienceClient,
    private readonly _live: LiveChanges,
    private readonly _notebooks: INotebookTracker,
    private readonly _contents: Contents.IManager
  ) {
    _notebooks.currentChanged.connect(this._follow, this);
    _live.changed.connect(this._onChanged, this);
    document.addEventListener('visibilitychange', this._onVisible);
    this._follow();
  }

  /** Fires after every change of what is said below. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The notebook itself, while it is open. */
  get panel(): NotebookPanel | null {
    return this._panel;
  }

  get path(): string | null {
    return this._path;
  }

  get status(): IStatus | null {
    return this._status;
  }

  get workspace(): StoreId | null {
    return this._status?.workspace ?? null;
  }

  get workspacePath(): string | null {
    return this._status?.path || null;
  }

  get isPinned(): boolean {
    return this._isPinned;
  }

  set isPinned(value: boolean) {
    if (value !== this._isPinned) {
      this._isPinned = value;
      this._follow();
      this._changed.emit();
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Both names of the focused notebook: they tell how to translate every other path of the folder. */
  get names(): ITwoNames | null {
    return this._path && this.workspacePath ? { contents: this._path, inWorkspace: this.workspacePath } : null;
  }

  /** A workspace path as Jupyter can open it; null: it lies outside the server's root. */
  contentsPath(path: string): string | null {
    return this.translator()(path);
  }

  /** The same for the folder in focus now, to be used also when another has come into focus. */
  translator(): (path: string) => string | null {
    const names = this.names;
    const root = this._status?.contents_path ?? null;
    // A folder reached through a link has names that do not end alike: then the server's word for its root tells.
    return path => (names && toContentsPath(path, names)) ?? (root === null ? null : PathExt.join(root, path));
  }

  /** Ask for the status again, soon. */
  refresh(): void {
    this._asking.ask();
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._asking.dispose();
    window.clearTimeout(this._retry);
    this._watch(null);
    this._notebooks.currentChanged.disconnect(this._follow, this);
    this._live.changed.disconnect(this._onChanged, this);
    document.removeEventListener('visibilitychange', this._onVisible);
    Signal.clearData(this);
  }

  private _follow(): void {
    const isHeld = this._isPinned && this._panel && !this._panel.isDisposed;
    // When another kind of tab becomes active the tracker keeps the last notebook; when the last one closes it says null.
    if (!isHeld && this._notebooks.currentWidget !== this._panel) {
      this._watch(this._notebooks.currentWidget);
    }
  }

  private _watch(panel: NotebookPanel | null): void {
    if (this._panel) {
      this._panel.context.pathChanged.disconnect(this._onPath, this);
      this._panel.disposed.disconnect(this._onClosed, this);
    }
    this._panel = panel;
    if (panel) {
      panel.context.pathChanged.connect(this._onPath, this);
      panel.disposed.connect(this._onClosed, this);
    }
    this._onPath();
  }

  private _onClosed(): void {
    this._isPinned = false;
    this._watch(this._notebooks.currentWidget === this._panel ? null : this._notebooks.currentWidget);
  }

  private _onPath(): void {
    const path = this._panel ? this._contents.localPath(this._panel.context.path) : null;
    if (path === this._path) {
      return;
    }
    this._path = path;
    this._status = null;
    if (!this._isDisposed) {
      this._changed.emit();
      this._asking.ask();
    }
  }

  private _onChanged(_: unknown, change: IChanged): void {
    const isOurs = !this.workspace || !change.workspace || change.workspace === this.workspace;
    if (isOurs && (change.topic === 'status' || change.topic === 'execution')) {
      this._asking.ask();
    }
  }

  private _onVisible = (): void => {
    if (isPageVisible()) {
      this._asking.ask();
    }
  };

  private async _ask(): Promise<void> {
    const path = this._path;
    if (path === null || !isPageVisible()) {
      return;
    }
    let status: IStatus;
    try {
      status = await this._client.status(path);
    } catch (error) {
      status = notRecorded(sentenceOf(error), this._status);
      window.clearTimeout(this._retry);
      this._retry = window.setTimeout(() => this._asking.ask(), RETRY_MS);
    }
    if (path === this._path && !this._isDisposed) {
      this._status = status;
      this._changed.emit();
    }
  }

  private _asking = new Calm(() => this._ask(), STATUS_PAUSE_MS);
  private _changed = new Signal<this, void>(this);
  private _panel: NotebookPanel | null = null;
  private _path: string | null = null;
  private _status: IStatus | null = null;
  private _isPinned = false;
  private _retry: number | undefined;
  private _isDisposed = false;
}

/** The server gave no status: say so, and keep what was known of the folder. */
function notRecorded(reason: string, known: IStatus | null): IStatus {
  return {
    workspace: null,
    root: '',
    name: '',
    path: null,
    contents_path: null,
    store_bytes: 0,
    recorded_at: null,
    behind_s: 0,
    left_out: [],
    n_left_out: 0,
    scan_reason: '',
    capture: 'complete',
    capture_reasons: [],
    copy_place: '',
    copied_at: null,
    copy_problem: '',
    had_history_until: null,
    can_get_back: false,
    also_recorded_by: [],
    origin_root: '',
    ...known,
    state: 'not_recorded',
    reason,
    remedy: '',
    remedy_command: 'retry'
  };
}
