/**
 * The records that travel between server and browser: `dotscience_jlab/model/*.py`, field by field, same names.
 *
 * Instants are UTC text of one fixed width (`2026-11-21T09:18:00.123456Z`), so text order is time order.
 * `path` is relative to the workspace and POSIX; `disk_path` is absolute on the server.
 */

export type Instant = string;
export type SessionId = string;
/** `<SessionId>:<msg_id of the execute_request>`: a browser knows the second half from birth. */
export type ExecutionId = string;
export type RunId = string;
export type SnapshotId = string;
export type NotebookId = string;
export type StoreId = string;
export type BlobDigest = string;

/** A number as JSON can hold it: what is not finite travels as one of these texts. */
export type JsonFloat = number | 'NaN' | 'Infinity' | '-Infinity';
export type Scalar = boolean | number | string | null;

export type Outcome = 'running' | 'ok' | 'error' | 'interrupted' | 'killed' | 'incomplete';
export type RunState = 'running' | 'finished' | 'failed' | 'interrupted' | 'killed' | 'incomplete';
export type Evidence = 'declared' | 'observed' | 'corrected' | 'ambiguous';
export type FileRole = 'input' | 'output';

/** An nbformat output: stream, display_data, execute_result or error. */
export interface IOutput {
  output_type: string;
  [key: string]: any;
}

export interface IFailure {
  name: string;
  value: string;
  /** As IPython printed it, with its colour codes. */
  traceback: string[];
}

export interface IFileUse {
  disk_path: string;
  role: FileRole;
  /** null: outside the workspace, known by disk_path only. */
  path: string | null;
  evidence: Evidence;
  seen_by: string[];
  kept: 'stored' | 'fingerprint' | 'excluded' | 'missing' | 'outside' | 'secret' | 'remote';
  kept_reason: string;
  size_bytes: number | null;
  digest: BlobDigest | null;
  version: SnapshotId | null;
  candidates: ExecutionId[];
}

export interface IExecution {
  id: ExecutionId;
  session: SessionId;
  source: string;
  order: number;
  started_at: Instant;
  outcome: Outcome;
  /** cell | console | widget | nested | script */
  kind: string;
  finished_at: Instant | null;
  duration_s: number | null;
  notebook: NotebookId | null;
  path: string | null;
  cell_id: string | null;
  cell_id_from: 'message' | 'matched' | 'unknown';
  execution_count: number | null;
  error: IFailure | null;
  /** Empty in lists; filled by `executions.get`. */
  outputs: IOutput[];
  outputs_blob: BlobDigest | null;
  outputs_text: string;
  n_outputs: number;
  n_cut_bytes: number;
  files: IFileUse[];
  runs: RunId[];
  snapshot: SnapshotId | null;
  notebook_from: string;
  overlaps: ExecutionId[];
  is_overlapped: boolean;
  capture: 'complete' | 'partial';
  capture_reasons: string[];
  environment: BlobDigest | null;
  /** Names or kinds of what was replaced in it as a secret, never the values. */
  redactions?: string[];
  /** Workspace paths that changed in its snapshot though no cell was seen writing them. */
  unexplained?: string[];
  /** What became of the kernel's variables: names, never values. Null where nobody looked. */
  names?: INamesSeen | null;
}

export interface INamesSeen {
  bound: string[];
  changed: string[];
  deleted: string[];
  opaque: string[];
  plain: string[];
  is_whole: boolean;
}

export interface ISession {
  id: SessionId;
  kind: string;
  started_at: Instant;
  python: string;
  executable: string;
  host: string;
  pid: number | null;
  kernel_id: string | null;
  path: string | null;
  finished_at: Instant | null;
  end: 'running' | 'exit' | 'killed' | 'lost';
  end_reason: string;
  capture_reasons: string[];
  environment: BlobDigest | null;
  details: Record<string, any>;
  /** How it ended, where that was not its own doing; absent from a recorder that does not say it. */
  certificate?: ICertificate | null;
}

/** What is known of a kernel's death. */
export interface ICertificate {
  cause: string;
  sentence: string;
  signal: string | null;
  exit_status: number | null;
  peak_memory_bytes: number | null;
  execution: ExecutionId | null;
  cell_id: string | null;
  last_metric: { name: string; step: number | null; value: JsonFloat } | null;
  /** The last state of the files before it. */
  resume_from: SnapshotId | null;
  at: Instant | null;
}

export interface IMetricSummary {
  last: JsonFloat;
  min: JsonFloat;
  max: JsonFloat;
  n_points: number;
  last_step: number | null;
  n_non_finite: number;
}

/** What was installed, what was in memory, the state of what draws random numbers; each as captured, or empty. */
export interface IRunEnvironment {
  environment: Record<string, any>;
  loaded: Record<string, any>;
  seeds: Record<string, string>;
}

/** What a run took of the machine, one thing at a glance. */
export interface IResourceSummary {
  mean: number;
  max: number;
  watched_s: number;
}

export interface IArtifact {
  name: string;
  kind: 'image' | 'table' | 'text' | 'model';
  step: number | null;
  mime: string;
  blob: BlobDigest | null;
  path: string | null;
  value: string | null;
  details: Record<string, Scalar>;
}

export interface IRun {
  id: RunId;
  name: string;
  number: number;
  session: SessionId | null;
  state: RunState;
  started_at: Instant;
  opened_by: string;
  finished_at: Instant | null;
  duration_s: number | null;
  state_reason: string;
  description: string;
  notebook: NotebookId | null;
  path: string | null;
  /** In order of start. */
  executions: ExecutionId[];
  parameters: Record<string, Scalar>;
  metrics: Record<string, IMetricSummary>;
  metric_texts: Record<string, string>;
  summary: Record<string, Scalar>;
  labels: Record<string, Scalar>;
  carried_over: string[];
  inputs: IFileUse[];
  outputs: IFileUse[];
  artifacts: IArtifact[];
  snapshot: SnapshotId | null;
  published_at: Instant | null;
  environment: BlobDigest | null;
  series_blob: BlobDigest | null;
  /** Empty where nothing was read; the unit stands in the name. */
  resources: Record<string, IResourceSummary>;
  /** Random generator -> digest of its state when the run's cell began. */
  seeds?: Record<string, string>;
  is_starred: boolean;
  note: string;
}

/** Points of one metric in the order logged; steps, times, values: each (n_points,), same length. */
export interface ISeries {
  name: string;
  steps: (number | null)[];
  /** Epoch seconds. */
  times: number[];
  values: JsonFloat[];
  n_points_logged: number;
}

export interface IAnnotation {
  id: string;
  about: string;
  field: 'name' | 'note' | 'star' | 'label' | 'description';
  value: Scalar;
  created_at: Instant;
  name: string;
  by: string;
}

export interface ITombstone {
  id: string;
  ids: string[];
  reason: string;
  created_at: Instant;
  by: string;
  act: 'forget' | 'purge';
}

export interface ITreeEntry {
  digest: BlobDigest;
  size_bytes: number;
  mode: 'file' | 'executable' | 'link';
  is_torn: boolean;
  is_chunked: boolean;
}

export interface ISnapshot {
  id: SnapshotId;
  created_at: Instant;
  message: string;
  parents: SnapshotId[];
  line: string;
  reason: string;
  execution: ExecutionId | null;
  notebook: NotebookId | null;
  run: RunId | null;
  n_changes: number;
  is_pinned: boolean;
}

export interface ISkipped {
  path: string;
  reason: string;
}

export interface IChange {
  path: string;
  kind: 'added' | 'updated' | 'removed';
  before: ITreeEntry | null;
  after: ITreeEntry | null;
}

export interface IRestoreStep {
  path: string;
  act: 'write' | 'remove' | 'keep' | 'cannot';
  reason: string;
  size_bytes: number;
  is_new: boolean;
  digest: BlobDigest | null;
  /** 'python (pid 123)': who has the file open for writing; '' for nobody. */
  writer: string;
}

export interface IRestorePlan {
  snapshot: SnapshotId;
  steps: IRestoreStep[];
  plan_digest: string;
  n_writes: number;
  n_removes: number;
  n_cannot: number;
  write_bytes: number;
}

export interface IRestoreResult {
  snapshot_before: SnapshotId;
  snapshot_after: SnapshotId;
  written: string[];
  removed: string[];
  sentence: string;
}

export interface ILineageNode {
  id: string;
  kind: 'file' | 'execution' | 'run' | 'notebook' | 'model';
  label: string;
  path: string | null;
  details: Record<string, Scalar>;
}

/** `source` -> `target`, in the direction data flowed. */
export interface ILineageEdge {
  source: string;
  target: string;
  /** `fed`: a cell used names that another one had set; `seen_by` holds them. */
  kind: 'used' | 'generated' | 'part_of' | 'fed';
  evidence: Evidence;
  seen_by: string[];
}

export interface ILineage {
  nodes: ILineageNode[];
  edges: ILineageEdge[];
  /** Id of the node asked about. */
  focus: string;
  is_partial: boolean;
  partial_reasons: string[];
  /** Nodes left out by the limit. */
  n_hidden: number;
}

export interface IOrigin {
  store: StoreId;
  snapshot: SnapshotId;
  disk_path: string;
  forked_at: Instant;
}

/** The dot's four states. */
export type StatusState = 'recording' | 'behind' | 'paused' | 'not_recorded';

/** How it is with the recording of one notebook or folder, in words for a person. */
export interface IStatus {
  state: StatusState;
  reason: string;
  remedy: string;
  /** What a button would do: resume, restart_recorder, free_space, … */
  remedy_command: string;
  workspace: StoreId | null;
  root: string;
  /** Last part of the root. */
  name: string;
  /** What was asked about, relative to the root: how the workspace names it. */
  path: string | null;
  /** The root as Jupyter's contents name it; null: outside Jupyter's folder. */
  contents_path: string | null;
  store_bytes: number;
  recorded_at: Instant | null;
  behind_s: number;
  left_out: ISkipped[];
  n_left_out: number;
  scan_reason: string;
  capture: 'complete' | 'partial';
  capture_reasons: string[];
  /** Address of the place where a copy is kept up to date; '': none. */
  copy_place: string;
  copied_at: Instant | null;
  /** Why the copy could not be brought up to date the last time; '': it could. */
  copy_problem: string;
  /** An earlier history of this folder is gone; it last recorded then. */
  had_history_until: Instant | null;
  /** A copy of that one was kept, and where is known. */
  can_get_back: boolean;
  /** Other recorders that record into this history now, in words: of other computers, other users. */
  also_recorded_by: string[];
  /** Of a fork: the folder that it came from, absolute; '': that is gone, or this is no fork. */
  origin_root: string;
}

/** What a pull brought, in words too. */
export interface IPulled {
  n_executions: number;
  n_runs: number;
  sentence: string;
}

export interface IWorkspaceRow {
  id: StoreId;
  root: string;
  name: string;
  store_bytes: number;
  is_paused: boolean;
  n_executions: number;
  n_runs: number;
  recorded_at: Instant | null;
  origin: IOrigin | null;
  /** The root as Jupyter's contents name it; null: outside Jupyter's folder. */
  contents_path: string | null;
}

export interface IPage<T> {
  items: T[];
  total: number;
  /** What to hand in as `after` for the next page; null: this was the last. */
  next: string | null;
}

export interface IForgetPlan {
  n_executions: number;
  n_runs: number;
  n_snapshots: number;
  store_bytes: number;
  sentence: string;
}

export interface IUpstream {
  execution: IExecution;
  /** Paths or names that link the two. */
  because: string[];
}

export interface IWhy {
  inputs: IFileUse[];
  upstream: IUpstream[];
  environment: { python?: string; packages?: any[]; [key: string]: any } | null;
  session: ISession | null;
}

/** The smallest list of executed cells that made something, as a notebook that runs. */
export interface IRecipe {
  of: string;
  /** nbformat 4. */
  notebook: Record<string, any>;
  /** In order. */
  cells: { execution: ExecutionId; source: string; because: string[] }[];
  n_left_out: number;
  confirmation: IConfirmation | null;
  reasons: string[];
}

export interface IConfirmation {
  state: 'confirmed' | 'differs' | 'failed';
  at: Instant | null;
  details: string[];
}

/** A number found in the printed output of an execution. */
export interface IFoundNumber {
  name: string;
  value: number;
  /** The printed text around it. */
  text: string;
}

export interface ICompareRow {
  group: string;
  name: string;
  /** One value a run, in the order asked for. */
  values: any[];
  is_different: boolean;
}

export interface ICompareCode {
  title: string;
  before: string;
  after: string;
  unified: string;
}

/** A file that some of the runs read or wrote. digests, sizes: one a run, null where it has no such file. */
export interface ICompareFile {
  path: string;
  role: FileRole;
  digests: (BlobDigest | null)[];
  sizes: (number | null)[];
  is_different: boolean;
}

export interface IComparison {
  runs: IRun[];
  rows: ICompareRow[];
  code: ICompareCode[];
  files: ICompareFile[];
}

export interface IForkPlan {
  n_files: number;
  bytes: number;
  /** Files of 1 MiB or more: they are copied behind, after the fork is there. */
  n_later: number;
  later_bytes: number;
  missing: ISkipped[];
  warnings: string[];
  /** Files among the warnings whose code names the origin. */
  tied: string[];
}

export interface IForkResult {
  workspace: IWorkspaceRow;
  n_files: number;
  bytes: number;
  n_later: number;
  later_bytes: number;
}

export interface IDoctorCheck {
  name: string;
  state: 'ok' | 'warning' | 'problem';
  sentence: string;
  remedy: string;
}

/** A changed thing: names only, a view fetches what it shows. */
export interface IChanged {
  topic: 'execution' | 'run' | 'snapshot' | 'status' | string;
  workspace: StoreId | null;
  ids: string[];
  path: string | null;
  run_ids?: string[];
}
