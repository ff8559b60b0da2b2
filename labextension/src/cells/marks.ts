/** Which cells deserve the one glyph: edited since they ran, or last run by an earlier kernel session. Pure. */
import type { IExecution, SessionId } from '../api/types';

export type CellMark = 'edited' | 'earlier';

/**
 * cell id -> mark; cells without one are left out. `executions`: newest first. `sources`: cell id -> source now.
 * `session`: of the running kernel; null: not known, then no cell is said to be from an earlier one.
 */
export function marksOf(
  executions: readonly IExecution[],
  sources: ReadonlyMap<string, string>,
  session: SessionId | null
): Map<string, CellMark> {
  const marks = new Map<string, CellMark>();
  const seen = new Set<string>();
  for (const execution of executions) {
    const id = execution.cell_id;
    const source = id === null ? undefined : sources.get(id);
    if (id === null || source === undefined || seen.has(id)) {
      continue;
    }
    seen.add(id);
    if (source !== execution.source) {
      marks.set(id, 'edited');
    } else if (session !== null && execution.session !== session) {
      marks.set(id, 'earlier');
    }
  }
  return marks;
}
