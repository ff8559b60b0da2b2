/**
 * Every request of `docs/requests.md` that the browser makes, one method a row, results as records.
 *
 * All methods reject with `DotscienceApiError`. A `signal` aborts: the promise then rejects with kind `aborted`.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { addressOf as of, Query, queryText } from './address';
import { DotscienceApiError } from './errors';
import type {
  ExecutionId,
  IChange,
  IComparison,
  IDoctorCheck,
  IExecution,
  IForgetPlan,
  IForkPlan,
  IForkResult,
  IFoundNumber,
  ILineage,
  IPage,
  IPulled,
  IRecipe,
  IRestorePlan,
  IRestoreResult,
  IRun,
  IRunEnvironment,
  ISeries,
  ISession,
  ISnapshot,
  IStatus,
  ITreeEntry,
  IWhy,
  IWorkspaceRow,
  RunId,
  Scalar,
  SessionId,
  SnapshotId,
  StoreId
} from './types';

export const API_PATH = 'dotscience/api/v1';

export interface IExecutionQuery {
  path?: string;
  cell_id?: string;
  outcome?: string;
  text?: string;
  file?: string;
  session?: string;
  after?: string;
  limit?: number;
}

export interface IRunQuery {
  path?: string;
  state?: string;
  text?: string;
  ids?: RunId[];
  sort?: string;
  offset?: number;
  limit?: number;
}

export interface IRunChange {
  name?: string;
  note?: string;
  is_starred?: boolean;
  /** null removes the label. */
  labels?: Record<string, Scalar>;
}

export interface IKeepRequest {
  name?: string;
  metrics?: Record<string, number>;
  parameters?: Record<string, Scalar>;
  labels?: Record<string, Scalar>;
}

/** A cell in nbformat's shape, as the browser's model holds it. */
export interface ICellReport {
  cell_type: string;
  source: string | string[];
  [key: string]: any;
}

export interface IDocumentReport {
  path: string;
  document_id: string;
  base_revision?: number;
  revision: number;
  /** Changed cells only, unless `base_revision` is absent: then all. */
  cells: Record<string, ICellReport>;
  order: string[];
  metadata?: Record<string, any>;
  is_unsaved?: boolean;
}

/** A whole execution of a kernel that cannot report itself. */
export interface IForeignExecution {
  path: string;
  kernel_id: string;
  kernel_name: string;
  msg_id: string;
  cell_id: string;
  execution_count: number | null;
  source: string;
  started_at: string;
  finished_at: string;
  outcome: string;
  error?: { name: string; value: string; traceback: string[] };
  outputs: any[];
  /** Record it only if the kernel does not report itself. */
  only_if_unheard: boolean;
}

export class DotscienceClient {
  constructor(private readonly _settings: ServerConnection.ISettings = ServerConnection.makeSettings()) {}

  /** `path`: of a notebook or folder, as Jupyter's contents name it. */
  status(path: string): Promise<IStatus> {
    return this._get('status', { path });
  }

  workspaces(): Promise<{ items: IWorkspaceRow[] }> {
    return this._get('workspaces');
  }

  findWorkspace(path: string): Promise<IWorkspaceRow> {
    return this._get('workspaces/find', { path });
  }

  initWorkspace(path: string): Promise<IWorkspaceRow> {
    return this._send('POST', 'workspaces', { path });
  }

  /** The lost history of the folder of `path`, from where a copy of it is known to be kept. */
  getBack(path: string): Promise<IPulled> {
    return this._send('POST', 'history/get-back', { path });
  }

  workspace(workspace: StoreId): Promise<IWorkspaceRow> {
    return this._get(of(workspace));
  }

  changeWorkspace(
    workspace: StoreId,
    change: { is_paused?: boolean; settings?: Record<string, any> }
  ): Promise<IWorkspaceRow> {
    return this._send('PATCH', of(workspace), change);
  }

  widenWorkspace(workspace: StoreId): Promise<IWorkspaceRow> {
    return this._send('POST', of(workspace, 'widen'), {});
  }

  planForget(workspace: StoreId): Promise<IForgetPlan> {
    return this._send('POST', of(workspace, 'forget/plan'), {});
  }

  forget(workspace: StoreId): Promise<{ freed_bytes: number }> {
    return this._send('POST', of(workspace, 'forget'), { confirm: workspace });
  }

  /** Newest first, without outputs. */
  executions(workspace: StoreId, query: IExecutionQuery = {}, signal?: AbortSignal): Promise<IPage<IExecution>> {
    return this._get(of(workspace, 'executions'), { ...query }, signal);
  }

  execution(workspace: StoreId, execution: ExecutionId, signal?: AbortSignal): Promise<IExecution> {
    return this._get(of(workspace, 'executions', execution), {}, signal);
  }

  session(workspace: StoreId, session: SessionId): Promise<ISession> {
    return this._get(of(workspace, 'sessions', session));
  }

  /** Which files a cut-off cell had kept last, and in which snapshot they are. */
  planResume(workspace: StoreId, session: SessionId): Promise<{ snapshot: SnapshotId; paths: string[] }> {
    return this._send('POST', of(workspace, 'resume'), { session });
  }

  /** `of`: run:REF, file:PATH, variable:NAME or execution:ID. */
  recipe(workspace: StoreId, about: string): Promise<IRecipe> {
    return this._get(of(workspace, 'recipe'), { of: about });
  }

  /** Runs it again in a copy of the folder: as long as its cells take. */
  confirmRecipe(workspace: StoreId, about: string): Promise<IRecipe> {
    return this._send('POST', of(workspace, 'recipe/confirm'), { of: about });
  }

  why(workspace: StoreId, execution: ExecutionId, signal?: AbortSignal): Promise<IWhy> {
    return this._get(of(workspace, 'executions', execution, 'why'), {}, signal);
  }

  numbers(workspace: StoreId, execution: ExecutionId): Promise<{ items: IFoundNumber[] }> {
    return this._get(of(workspace, 'executions', execution, 'numbers'));
  }

  keep(workspace: StoreId, execution: ExecutionId, request: IKeepRequest): Promise<IRun> {
    return this._send('POST', of(workspace, 'executions', execution, 'keep'), request);
  }

  runs(workspace: StoreId, query: IRunQuery = {}, signal?: AbortSignal): Promise<{ items: IRun[]; total: number }> {
    return this._get(of(workspace, 'runs'), { ...query }, signal);
  }

  run(workspace: StoreId, run: string, signal?: AbortSignal): Promise<IRun> {
    return this._get(of(workspace, 'runs', run), {}, signal);
  }

  changeRun(workspace: StoreId, run: RunId, change: IRunChange): Promise<IRun> {
    return this._send('PATCH', of(workspace, 'runs', run), change);
  }

  /** Each series has at most `max_points`, every bucket's minimum and maximum kept; `since`: leave out so many points. */
  series(
    workspace: StoreId,
    run: RunId,
    query: { names?: string[]; max_points?: number; since?: number } = {},
    signal?: AbortSignal
  ): Promise<{ items: ISeries[] }> {
    return this._get(of(workspace, 'runs', run, 'series'), { ...query }, signal);
  }

  /** What its cells took of the machine; steps are null. */
  resources(workspace: StoreId, run: RunId, query: { max_points?: number } = {}): Promise<{ items: ISeries[] }> {
    return this._get(of(workspace, 'runs', run, 'resources'), { ...query });
  }

  /** What a run took place in. */
  runEnvironment(workspace: StoreId, run: RunId): Promise<IRunEnvironment> {
    return this._get(of(workspace, 'runs', run, 'environment'));
  }

  compare(workspace: StoreId, runs: string[], signal?: AbortSignal): Promise<IComparison> {
    return this._get(of(workspace, 'compare'), { runs }, signal);
  }

  exportRuns(
    workspace: StoreId,
    query: { format: 'json' | 'csv' | 'tsv' | 'markdown'; ids?: RunId[]; path?: string; text?: string; sort?: string }
  ): Promise<{ text: string; media_type: string }> {
    return this._get(of(workspace, 'runs.export'), { ...query });
  }

  makeSnapshot(workspace: StoreId, message: string): Promise<ISnapshot> {
    return this._send('POST', of(workspace, 'snapshots'), { message });
  }

  /** Newest first. */
  snapshots(
    workspace: StoreId,
    query: { before?: SnapshotId; limit?: number } = {},
    signal?: AbortSignal
  ): Promise<{ items: ISnapshot[] }> {
    return this._get(of(workspace, 'snapshots'), { ...query }, signal);
  }

  snapshot(workspace: StoreId, snapshot: SnapshotId): Promise<ISnapshot> {
    return this._get(of(workspace, 'snapshots', snapshot));
  }

  tree(
    workspace: StoreId,
    snapshot: SnapshotId,
    under?: string
  ): Promise<{ items: ({ path: string } & ITreeEntry)[] }> {
    return this._get(of(workspace, 'snapshots', snapshot, 'tree'), { under });
  }

  /** The file's bytes as they were. */
  async snapshotFile(workspace: StoreId, snapshot: SnapshotId, path: string, signal?: AbortSignal): Promise<Blob> {
    const response = await this._fetch('GET', of(workspace, 'snapshots', snapshot, 'file'), { path }, undefined, signal);
    return response.blob();
  }

  /** Text of a file as it was, e.g. a notebook's JSON. */
  async snapshotText(workspace: StoreId, snapshot: SnapshotId, path: string, signal?: AbortSignal): Promise<string> {
    const response = await this._fetch('GET', of(workspace, 'snapshots', snapshot, 'file'), { path }, undefined, signal);
    return response.text();
  }

  /** Since its first parent, or since another snapshot. */
  changes(workspace: StoreId, snapshot: SnapshotId, since?: SnapshotId): Promise<{ items: IChange[] }> {
    return this._get(of(workspace, 'snapshots', snapshot, 'changes'), { since });
  }

  /** `paths` undefined: everything in the snapshot. */
  planRestore(workspace: StoreId, snapshot: SnapshotId, paths?: string[]): Promise<IRestorePlan> {
    return this._send('POST', of(workspace, 'restore/plan'), { snapshot, paths });
  }

  /** `even_open`: also files that a process has open for writing. */
  applyRestore(
    workspace: StoreId,
    snapshot: SnapshotId,
    plan_digest: string,
    paths?: string[],
    even_open = false
  ): Promise<IRestoreResult> {
    return this._send('POST', of(workspace, 'restore/apply'), { snapshot, paths, plan_digest, even_open });
  }

  /** `path`: of the new folder, as Jupyter's contents name it. */
  planFork(workspace: StoreId, snapshot: SnapshotId, path: string): Promise<IForkPlan> {
    return this._send('POST', of(workspace, 'fork/plan'), { snapshot, path });
  }

  fork(workspace: StoreId, snapshot: SnapshotId, path: string): Promise<IForkResult> {
    return this._send('POST', of(workspace, 'fork'), { snapshot, path });
  }

  /** `of`: file:PATH, run:REF, execution:ID or notebook:PATH. */
  lineage(
    workspace: StoreId,
    query: { of: string; direction?: 'up' | 'down' | 'both'; limit?: number },
    signal?: AbortSignal
  ): Promise<ILineage> {
    return this._get(of(workspace, 'lineage'), { ...query }, signal);
  }

  environment(workspace: StoreId, digest: string): Promise<Record<string, any>> {
    return this._get(of(workspace, 'environments', digest));
  }

  async artifact(workspace: StoreId, digest: string, signal?: AbortSignal): Promise<Blob> {
    const response = await this._fetch('GET', of(workspace, 'artifacts', digest), {}, undefined, signal);
    return response.blob();
  }

  /** needs_whole: the recorder does not know `base_revision`; send every cell. */
  reportDocument(report: IDocumentReport): Promise<{ needs_whole: boolean }> {
    return this._send('PUT', 'documents', report);
  }

  reportForeignExecution(execution: IForeignExecution): Promise<{ execution: IExecution | string }> {
    return this._send('PUT', 'executions', execution);
  }

  doctor(path?: string): Promise<{ checks: IDoctorCheck[] }> {
    return this._get('doctor', { path });
  }

  private async _get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return bodyOf<T>(await this._fetch('GET', path, query, undefined, signal));
  }

  private async _send<T>(method: string, path: string, body: unknown): Promise<T> {
    return bodyOf<T>(await this._fetch(method, path, {}, JSON.stringify(body)));
  }

  private async _fetch(
    method: string,
    path: string,
    query: Query,
    body?: string,
    signal?: AbortSignal
  ): Promise<Response> {
    const url = URLExt.join(this._settings.baseUrl, API_PATH, path) + queryText(query);
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, { method, body, signal }, this._settings);
    } catch (error) {
      if (signal?.aborted) {
        throw new DotscienceApiError(0, { kind: 'aborted', message: 'The request was cancelled.' });
      }
      throw new DotscienceApiError(0, {
        kind: 'network',
        message: 'The Jupyter server does not answer.',
        hint: 'Your cells are still written down by the kernel and will appear when it is back.'
      });
    }
    if (!response.ok) {
      throw new DotscienceApiError(response.status, await errorBody(response));
    }
    return response;
  }
}

async function bodyOf<T>(response: Response): Promise<T> {
  try {
    return await response.json();
  } catch {
    throw new DotscienceApiError(response.status, {
      kind: 'protocol',
      message: 'The server answered with something that is not JSON.',
      hint: 'Is a proxy between the browser and Jupyter asking for a login?'
    });
  }
}

async function errorBody(response: Response): Promise<Record<string, any>> {
  try {
    const body = await response.json();
    // An older server, or one without this extension, answers with Tornado's `{message}` only.
    return body && typeof body === 'object' ? body : {};
  } catch {
    return response.status === 404
      ? { kind: 'protocol', message: 'The dotscience-jlab server extension is not running.', hint: 'Restart JupyterLab.' }
      : {};
  }
}
