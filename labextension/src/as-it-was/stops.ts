/** The moments of a notebook that can be looked at: one for each state that was kept. Pure. */
import type { ExecutionId, IExecution, Instant, SnapshotId } from '../api/types';

export interface IStop {
  snapshot: SnapshotId;
  at: Instant;
  /** null: a snapshot without an execution of this notebook. */
  execution: ExecutionId | null;
  /** 'In [12] model.fit(X, y)'; '' without an execution. */
  title: string;
  /** The notebook's path then; null: as it is called now. */
  path: string | null;
}

/** Oldest first. `executions` newest first; several that left the same state are one stop, titled by the first of them. */
export function stopsOf(executions: readonly IExecution[]): IStop[] {
  const stops: IStop[] = [];
  const seen = new Set<SnapshotId>();
  for (const execution of [...executions].reverse()) {
    if (execution.snapshot && !seen.has(execution.snapshot)) {
      seen.add(execution.snapshot);
      stops.push({
        snapshot: execution.snapshot,
        at: execution.finished_at ?? execution.started_at,
        execution: execution.id,
        title: titleOf(execution),
        path: execution.path
      });
    }
  }
  return stops;
}

/** `stops` with this one among them, at its time. */
export function withStop(stops: readonly IStop[], stop: IStop): IStop[] {
  return stops.some(other => other.snapshot === stop.snapshot)
    ? [...stops]
    : [...stops, stop].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function titleOf(execution: IExecution): string {
  const line = execution.source.split('\n').find(each => each.trim()) ?? '';
  return `In [${execution.execution_count ?? ' '}] ${line.trim()}`.slice(0, 100);
}
