/** One open entry: the record itself at once, its *why* when that tab is opened. */
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Calm, isPageVisible } from '../api/calm';
import type { DotscienceClient, IRunChange } from '../api/client';
import { DotscienceApiError, sentenceOf } from '../api/errors';
import type { LiveChanges } from '../api/live';
import type { ExecutionId, ICertificate, IChanged, IExecution, IRun, ISession, IWhy, RunId, StoreId } from '../api/types';
import { certificateOf, isCutOff } from './certificate-facts';

export type EntryTab = 'code' | 'output' | 'files' | 'why';

export type EntryRef =
  | { workspace: StoreId; execution: ExecutionId; run?: undefined }
  | { workspace: StoreId; run: RunId; execution?: undefined };

const REFRESH_PAUSE_MS = 400;

export class EntryModel implements IDisposable {
  constructor(
    readonly ref: EntryRef,
    private readonly _client: DotscienceClient,
    private readonly _live: LiveChanges
  ) {
    _live.changed.connect(this._onChanged, this);
    document.addEventListener('visibilitychange', this._onVisible);
    this._refreshing.ask();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** null: still loading, or this entry is a run. */
  get execution(): IExecution | null {
    return this._execution;
  }

  /** null: still loading, or this entry is an execution. */
  get run(): IRun | null {
    return this._run;
  }

  get why(): IWhy | null {
    return this._why;
  }

  /** How the kernel ended that this was cut off by; null: it was not, or nothing is known. */
  get certificate(): ICertificate | null {
    const entry = this._execution ?? this._run;
    return entry && certificateOf(entry, this._session);
  }

  /** Why the last request failed; '' when it did not. */
  get problem(): string {
    return this._problem;
  }

  get tab(): EntryTab {
    return this._tab;
  }

  set tab(tab: EntryTab) {
    this._tab = tab;
    if (tab === 'why' && !this._why) {
      void this._loadWhy();
    }
    this._changed.emit();
  }

  /** Nothing is fetched while false, but for the first time; what changed meanwhile is fetched when it becomes true. */
  set isShown(value: boolean) {
    this._isShown = value;
    this._onVisible();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Rename, star, note or label the run shown here. */
  async changeRun(change: IRunChange): Promise<IRun | null> {
    if (!this.ref.run) {
      return null;
    }
    try {
      this._run = await this._client.changeRun(this.ref.workspace, this.ref.run, change);
      this._problem = '';
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._emit();
    return this._run;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._refreshing.dispose();
    this._live.changed.disconnect(this._onChanged, this);
    document.removeEventListener('visibilitychange', this._onVisible);
    Signal.clearData(this);
  }

  private _onChanged(_: unknown, change: IChanged): void {
    const id = (this.ref.execution ?? this.ref.run)!;
    if (change.ids.includes(id) || change.run_ids?.includes(id)) {
      this._isStale = true;
      this._onVisible();
    }
  }

  private _onVisible = (): void => {
    if (this._isStale && this._isShown && isPageVisible()) {
      this._refreshing.ask();
    }
  };

  private async _refresh(): Promise<void> {
    this._isStale = false;
    try {
      if (this.ref.execution) {
        this._execution = await this._client.execution(this.ref.workspace, this.ref.execution);
      } else {
        this._run = await this._client.run(this.ref.workspace, this.ref.run!);
      }
      this._problem = '';
      this._emit();
      await this._loadSession();
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._emit();
  }

  /** Of what was cut off alone: how its kernel ended. */
  private async _loadSession(): Promise<void> {
    const entry = this._execution ?? this._run;
    if (entry?.session && isCutOff(entry)) {
      try {
        this._session = await this._client.session(this.ref.workspace, entry.session);
      } catch (error) {
        // Not known, or asked of a recorder that cannot say: the entry has its reason in a sentence all the same.
        if (!(error instanceof DotscienceApiError && error.isAbsent)) {
          throw error;
        }
      }
    }
  }

  private async _loadWhy(): Promise<void> {
    const execution = this.ref.execution ?? this._run?.executions[this._run.executions.length - 1];
    if (!execution) {
      return;
    }
    try {
      this._why = await this._client.why(this.ref.workspace, execution);
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._emit();
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _refreshing = new Calm(() => this._refresh(), REFRESH_PAUSE_MS);
  private _changed = new Signal<this, void>(this);
  private _execution: IExecution | null = null;
  private _run: IRun | null = null;
  private _session: ISession | null = null;
  private _why: IWhy | null = null;
  private _problem = '';
  private _tab: EntryTab = 'code';
  private _isShown = true;
  private _isStale = false;
  private _isDisposed = false;
}
