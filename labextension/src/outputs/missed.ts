/** Which cells of an open notebook lack outputs that the record has: they came while no document was listening. Pure. */
import type { ExecutionId, IExecution, IOutput } from '../api/types';
import { outputsKey, shortText } from './seen';

/** A code cell as the document holds it now. */
export interface IPresentCell {
  id: string;
  source: string;
  execution_count: number | null;
  outputs: readonly IOutput[];
}

/** What this page knows of how its document came by its outputs. */
export interface IHeard {
  /** When the file was last written before it was loaded, epoch milliseconds: what ended later cannot be in it. */
  loaded_at_ms: number;
  /** Messages whose outputs this page saw to the end. */
  attended: ReadonlySet<string>;
  /** Cells that run in this page now, by id. */
  running: ReadonlySet<string>;
  /** Executions that the reader has decided about. */
  settled: ReadonlySet<ExecutionId>;
  /** Executions that were offered before, and not decided about. */
  remembered: ReadonlySet<ExecutionId>;
}

export interface IMissed {
  /** Without its outputs. */
  execution: IExecution;
  cell_id: string;
  /** `unsure`: too much alike to be told apart by what lists hold. */
  state: 'missed' | 'unsure' | 'edited';
}

/**
 * In the order of the document. executions: newest first, without outputs. `read` is called for few cells only.
 *
 * Of each cell its newest execution counts. A document that was not listening shows in one of three ways: the file is older
 * than the execution's end; the cell has outputs but no number, as a run leaves it that was cut off; it was seen before.
 */
export function missedOf(
  order: readonly string[],
  read: (id: string) => IPresentCell | null,
  executions: readonly IExecution[],
  heard: IHeard
): IMissed[] {
  const newest = newestOf(executions);
  const found: IMissed[] = [];
  for (const id of order) {
    const execution = newest.get(id);
    if (!execution || !isEnded(execution) || execution.n_outputs === 0 || heard.running.has(id)) {
      continue;
    }
    if (heard.settled.has(execution.id) || heard.attended.has(messageOf(execution.id))) {
      continue;
    }
    const cell = read(id);
    if (!cell || !(heard.remembered.has(execution.id) || wasCut(cell, execution, heard.loaded_at_ms))) {
      continue;
    }
    const isAlike = alike(cell.outputs, execution);
    if (cell.source.trim() !== execution.source.trim()) {
      // What the record has of the old source is not what the cell says now: named, and left to the reader.
      if (!isAlike) {
        found.push({ execution, cell_id: id, state: 'edited' });
      }
    } else {
      found.push({ execution, cell_id: id, state: isAlike ? 'unsure' : 'missed' });
    }
  }
  return found;
}

/** Whether the record (with its outputs) shows anything that the cell does not: nothing is offered that would take away. */
export function hasMore(recorded: readonly IOutput[], present: readonly IOutput[]): boolean {
  if (outputsKey(recorded) === outputsKey(present)) {
    return false;
  }
  const [one, other] = [recorded, present].map(outputs => outputs.map(output => outputsKey([output])));
  // The record is capped; a document that got further than the cap keeps what it has.
  const isBeginning = one.length === other.length && one.every((key, at) => at === one.length - 1 || key === other[at]);
  const [last, lastHere] = [recorded[recorded.length - 1], present[present.length - 1]];
  const isStream = last?.output_type === 'stream' && lastHere?.output_type === 'stream' && last.name === lastHere.name;
  return !(isBeginning && isStream && shownText(lastHere).startsWith(shownText(last)));
}

/** Widgets live in the kernel and in the page, and may have caught outputs for themselves: such cells are left alone. */
export function hasWidgets(outputs: readonly IOutput[]): boolean {
  return outputs.some(output => Object.keys(output.data ?? {}).some(mime => mime.startsWith('application/vnd.jupyter.widget')));
}

/** 'k-01:3f_12_1' -> '3f_12_1', as the browser that sent it knows it. */
export function messageOf(id: ExecutionId): string {
  return id.slice(id.indexOf(':') + 1);
}

function newestOf(executions: readonly IExecution[]): Map<string, IExecution> {
  const newest = new Map<string, IExecution>();
  for (const execution of executions) {
    if (execution.cell_id && execution.kind === 'cell' && !newest.has(execution.cell_id)) {
      newest.set(execution.cell_id, execution);
    }
  }
  return newest;
}

function isEnded(execution: IExecution): boolean {
  return execution.outcome !== 'running' && execution.finished_at !== null;
}

function wasCut(cell: IPresentCell, execution: IExecution, loaded_at_ms: number): boolean {
  const isLater = new Date(execution.finished_at!).getTime() > loaded_at_ms;
  return isLater || (cell.execution_count === null && cell.outputs.length > 0);
}

function alike(outputs: readonly IOutput[], execution: IExecution): boolean {
  return outputs.length === execution.n_outputs && shortText(outputs) === execution.outputs_text;
}

function shownText(output: IOutput): string {
  return Array.isArray(output.text) ? output.text.join('') : String(output.text ?? '');
}
