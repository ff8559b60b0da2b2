/**
 * Executions whose outputs were offered and not decided about, kept by this browser: once the notebook is saved for another reason
 * its file no longer looks older than they are, and they would be offered no more.
 */
import type { ExecutionId, StoreId } from '../api/types';

/** What a page's `localStorage` has of this. */
export type Memory = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** As many of a notebook as a memory that others use, too, has room for. */
const MAX_KEPT = 1000;

export class Remembered {
  constructor(private readonly _memory: Memory) {}

  of(workspace: StoreId, path: string): ReadonlySet<ExecutionId> {
    try {
      const kept: unknown = JSON.parse(this._memory.getItem(keyOf(workspace, path)) ?? '[]');
      return new Set(Array.isArray(kept) ? kept.filter(id => typeof id === 'string') : []);
    } catch {
      // Not ours, or no memory is given to this page: then the file's age alone tells.
      return new Set();
    }
  }

  keep(workspace: StoreId, path: string, executions: readonly ExecutionId[]): void {
    const key = keyOf(workspace, path);
    try {
      if (executions.length) {
        this._memory.setItem(key, JSON.stringify(executions.slice(0, MAX_KEPT)));
      } else {
        this._memory.removeItem(key);
      }
    } catch {
      // The memory is full or forbidden: they are offered as long as the file is older than they are.
    }
  }
}

function keyOf(workspace: StoreId, path: string): string {
  return `dotscience-jlab:missed:${workspace}:${path}`;
}
