/** What became of each cell since: the same, another source, other outputs, or gone. Pure. */
import { outputsKey } from '../outputs/seen';
import type { ICell } from './cells';

/** `source`: another text now. `outputs`: the same text, other outputs. `gone`: not in the notebook any more. */
export type Difference = 'same' | 'source' | 'outputs' | 'gone';

export interface IDifferences {
  /** Per cell of then, by id. */
  byCell: ReadonlyMap<string, Difference>;
  /** Cells of now that were not there then, ids in order. */
  added: string[];
  n_different: number;
}

export function differencesOf(then: readonly ICell[], now: readonly ICell[]): IDifferences {
  const present = new Map(now.map(cell => [cell.id, cell]));
  const byCell = new Map(then.map(cell => [cell.id, differenceOf(cell, present.get(cell.id))]));
  return {
    byCell,
    added: now.map(cell => cell.id).filter(id => !byCell.has(id)),
    n_different: [...byCell.values()].filter(each => each !== 'same').length
  };
}

/** Where a cell that is gone belongs: behind the nearest one above it that is still there, else at the top. */
export function placeFor(id: string, then: readonly string[], now: readonly string[]): number {
  for (let at = then.indexOf(id) - 1; at >= 0; at--) {
    const place = now.indexOf(then[at]);
    if (place >= 0) {
      return place + 1;
    }
  }
  return 0;
}

function differenceOf(then: ICell, now: ICell | undefined): Difference {
  if (!now) {
    return 'gone';
  }
  if (then.source !== now.source || then.kind !== now.kind) {
    return 'source';
  }
  return outputsKey(then.outputs) === outputsKey(now.outputs) ? 'same' : 'outputs';
}
