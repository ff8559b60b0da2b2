/**
 * One timeline out of executions and runs: runs as brackets, repeats folded, days and kernel restarts between.
 *
 * Pure. Input is newest first, as the server pages it; output is what the list draws, top to bottom.
 */
import type { ExecutionId, IExecution, IRun, RunId } from '../api/types';
import { dayKey } from '../words';

export type TimelineFilter = 'all' | 'runs';

export interface IDayItem {
  kind: 'day';
  key: string;
  /** '2026-11-21', local. */
  day: string;
}

export interface IRestartItem {
  kind: 'restart';
  key: string;
  /** Start of the first execution of the new session: the kernel was restarted shortly before. */
  at: string;
}

export interface IRunItem {
  kind: 'run';
  key: string;
  run: IRun;
  /** Its executions follow as items. */
  isOpen: boolean;
  /** How many executions of it are loaded. */
  n_executions: number;
}

export interface IExecutionItem {
  kind: 'execution';
  key: string;
  /** The newest of those folded into it. */
  execution: IExecution;
  /** Older ones with the same cell and source, newest first. */
  repeats: IExecution[];
  /** Where it stands in the bracket of an open run; through: not of the run, but between two of its cells; null: in none. */
  bracket: 'middle' | 'last' | 'through' | null;
  /** The run of that bracket. */
  run: RunId | null;
}

/** Executions of nothing: empty or comment-only cells, folded to one quiet line. */
export interface IEmptyItem {
  kind: 'empty';
  key: string;
  executions: IExecution[];
}

export type TimelineItem = IDayItem | IRestartItem | IRunItem | IExecutionItem | IEmptyItem;

export interface ITimelineOptions {
  filter: TimelineFilter;
  /** Runs whose executions are shown although they would be folded, or hidden although they would be open. */
  toggled: ReadonlySet<RunId>;
  /** Folded repeats shown one by one; by the newest execution's id. */
  unfolded: ReadonlySet<ExecutionId>;
}

export function buildTimeline(
  executions: readonly IExecution[],
  runs: readonly IRun[],
  options: ITimelineOptions
): TimelineItem[] {
  const entries = options.filter === 'runs' ? runEntries(runs) : allEntries(executions, runs, options);
  return withSeparators(entries, options.filter);
}

/** A run is open when it is live or the newest, unless the reader toggled it. */
export function isRunOpen(run: IRun, isNewest: boolean, toggled: ReadonlySet<RunId>): boolean {
  const byDefault = isNewest || run.state === 'running';
  return toggled.has(run.id) ? !byDefault : byDefault;
}

/** Nothing but blanks and comments; such a cell changes nothing. */
export function isEmptySource(source: string): boolean {
  return source.split('\n').every(line => !line.trim() || line.trim().startsWith('#'));
}

type Entry = IRunItem | IExecutionItem | IEmptyItem;

function runEntries(runs: readonly IRun[]): Entry[] {
  return newestFirst(runs).map(run => ({ kind: 'run', key: run.id, run, isOpen: false, n_executions: 0 }));
}

function newestFirst(runs: readonly IRun[]): IRun[] {
  return [...runs].sort((a, b) => (a.started_at < b.started_at ? 1 : a.started_at > b.started_at ? -1 : 0));
}

/**
 * Walk the executions from the newest; before the newest execution of each run stands the run's row.
 * A run none of whose executions is loaded stands where it started (from a script, a marker, or kept by hand).
 */
function allEntries(executions: readonly IExecution[], runs: readonly IRun[], options: ITimelineOptions): Entry[] {
  const ordered = newestFirst(runs);
  const newest = ordered[0]?.id;
  const owner = ownersOf(executions, ordered);
  const loaded = new Map<RunId, number>();
  owner.forEach(run => loaded.set(run.id, (loaded.get(run.id) ?? 0) + 1));

  const entries: Entry[] = [];
  const shown = new Set<RunId>();
  const show = (run: IRun): boolean => {
    const isOpen = isRunOpen(run, run.id === newest, options.toggled);
    if (!shown.has(run.id)) {
      shown.add(run.id);
      entries.push({ kind: 'run', key: run.id, run, isOpen, n_executions: loaded.get(run.id) ?? 0 });
    }
    return isOpen;
  };
  const homeless = ordered.filter(run => !loaded.has(run.id));
  for (const execution of executions) {
    while (homeless.length && homeless[0].started_at > execution.started_at) {
      show(homeless.shift()!);
    }
    const run = owner.get(execution.id);
    if (!run || show(run)) {
      entries.push(entryOf(execution, run ?? null));
    }
  }
  // What is older than the oldest loaded execution comes with the next page.
  if (!executions.length) {
    homeless.forEach(show);
  }
  return closeBrackets(foldRepeats(entries, options.unfolded));
}

/** execution -> the run in whose bracket it stands: the newest of those that name it. */
function ownersOf(executions: readonly IExecution[], newestRunsFirst: IRun[]): Map<ExecutionId, IRun> {
  const owner = new Map<ExecutionId, IRun>();
  for (const run of newestRunsFirst) {
    for (const id of run.executions) {
      if (!owner.has(id)) {
        owner.set(id, run);
      }
    }
  }
  const byId = new Map(newestRunsFirst.map(run => [run.id, run]));
  const present = new Map<ExecutionId, IRun>();
  for (const execution of executions) {
    const named = execution.runs.map(id => byId.get(id)).filter((run): run is IRun => !!run);
    const run = owner.get(execution.id) ?? newestFirst(named)[0];
    if (run) {
      present.set(execution.id, run);
    }
  }
  return present;
}

function entryOf(execution: IExecution, run: IRun | null): Entry {
  const isIdle = execution.kind !== 'widget' && execution.outcome !== 'running' && !execution.files.length;
  if (!run && isIdle && isEmptySource(execution.source)) {
    return { kind: 'empty', key: `empty:${execution.id}`, executions: [execution] };
  }
  return {
    kind: 'execution',
    key: execution.id,
    execution,
    repeats: [],
    bracket: run ? 'middle' : null,
    run: run?.id ?? null
  };
}

/** Neighbours that ran the same source of the same cell in the same session with the same outcome become one. */
function foldRepeats(entries: Entry[], unfolded: ReadonlySet<ExecutionId>): Entry[] {
  const folded: Entry[] = [];
  for (const entry of entries) {
    const last = folded[folded.length - 1];
    if (entry.kind === 'empty' && last?.kind === 'empty' && isSameDay(last.executions[0], entry.executions[0])) {
      last.executions.push(...entry.executions);
    } else if (entry.kind === 'execution' && last?.kind === 'execution' && isRepeat(last, entry, unfolded)) {
      last.repeats.push(entry.execution);
    } else {
      folded.push(entry);
    }
  }
  return folded;
}

function isRepeat(newer: IExecutionItem, older: IExecutionItem, unfolded: ReadonlySet<ExecutionId>): boolean {
  const [a, b] = [newer.execution, older.execution];
  const group = [a, ...newer.repeats];
  return (
    newer.run === older.run &&
    a.source === b.source &&
    a.cell_id === b.cell_id &&
    a.session === b.session &&
    a.outcome === b.outcome &&
    a.outcome !== 'running' &&
    !group.some(execution => unfolded.has(execution.id)) &&
    !unfolded.has(b.id) &&
    isSameDay(a, b)
  );
}

function isSameDay(a: IExecution, b: IExecution): boolean {
  return dayKey(a.started_at) === dayKey(b.started_at);
}

function closeBrackets(entries: Entry[]): Entry[] {
  const last = new Map<RunId, number>();
  entries.forEach((entry, index) => entry.kind === 'execution' && entry.run && last.set(entry.run, index));
  let open: RunId | null = null;
  return entries.map((entry, index) => {
    if (entry.kind !== 'execution') {
      // Another run's row ends the line; what comes of the first run after it stands for itself.
      open = entry.kind === 'run' ? null : open;
      return entry;
    }
    if (!entry.run) {
      return open ? { ...entry, bracket: 'through' as const } : entry;
    }
    const next = entries[index + 1];
    const isLast = last.get(entry.run) === index || next?.kind === 'run' || next?.kind === 'empty';
    open = isLast ? null : entry.run;
    return isLast ? { ...entry, bracket: 'last' as const } : entry;
  });
}

/** A heading before the first entry of each day; a line where an older session's executions begin. */
function withSeparators(entries: Entry[], filter: TimelineFilter): TimelineItem[] {
  const items: TimelineItem[] = [];
  let day = '';
  let newer: { session: string | null; at: string } | null = null;
  for (const entry of entries) {
    const { session, at } = momentOf(entry);
    if (filter === 'all' && entry.kind !== 'run' && session) {
      if (newer && newer.session !== session) {
        items.push({ kind: 'restart', key: `restart:${newer.session}:${newer.at}`, at: newer.at });
      }
      newer = { session, at: oldestOf(entry) };
    }
    const today = dayKey(at);
    if (today !== day) {
      items.push({ kind: 'day', key: `day:${today}:${items.length}`, day: today });
      day = today;
    }
    items.push(entry);
  }
  return restartsBeforeRunRows(items);
}

/** A run's row belongs to its executions: a restart line found between the two moves above the row. */
function restartsBeforeRunRows(items: TimelineItem[]): TimelineItem[] {
  const moved = [...items];
  for (let index = 1; index < moved.length; index++) {
    for (let at = index; at > 0 && moved[at].kind === 'restart' && moved[at - 1].kind === 'run'; at--) {
      const run = moved[at - 1] as IRunItem;
      if (!run.isOpen) {
        break;
      }
      [moved[at - 1], moved[at]] = [moved[at], moved[at - 1]];
    }
  }
  return moved;
}

function momentOf(entry: Entry): { session: string | null; at: string } {
  if (entry.kind === 'run') {
    return { session: entry.run.session, at: entry.run.started_at };
  }
  const execution = entry.kind === 'empty' ? entry.executions[0] : entry.execution;
  return { session: execution.session, at: execution.started_at };
}

function oldestOf(entry: IExecutionItem | IEmptyItem): string {
  const all = entry.kind === 'empty' ? entry.executions : [entry.execution, ...entry.repeats];
  return all[all.length - 1].started_at;
}
