/** A notebook's JSON as a list of cells: nbformat 4, and the two ways in which it spells text. Pure. */
import type { IOutput } from '../api/types';

export interface ICell {
  id: string;
  kind: 'code' | 'markdown' | 'raw';
  source: string;
  execution_count: number | null;
  outputs: IOutput[];
}

export interface INotebook {
  cells: ICell[];
  /** Of its code: 'python'. */
  language: string;
}

/** Throws a SyntaxError if it is not JSON; what is not a notebook has no cells. */
export function readNotebook(text: string): INotebook {
  const body = JSON.parse(text);
  const metadata = body?.metadata ?? {};
  const cells: unknown[] = Array.isArray(body?.cells) ? body.cells : [];
  return {
    cells: cells.map((cell, place) => readCell(cell, place)),
    language: metadata.language_info?.name ?? metadata.kernelspec?.language ?? 'python'
  };
}

/** A cell without an id (nbformat before 4.5) is named by its place. */
export function readCell(cell: any, place: number): ICell {
  const kind = cell?.cell_type === 'markdown' || cell?.cell_type === 'raw' ? cell.cell_type : 'code';
  return {
    id: typeof cell?.id === 'string' ? cell.id : `place-${place}`,
    kind,
    source: joined(cell?.source),
    execution_count: typeof cell?.execution_count === 'number' ? cell.execution_count : null,
    outputs: Array.isArray(cell?.outputs) ? cell.outputs : []
  };
}

/** ['a\n', 'b'] -> 'a\nb' */
function joined(text: unknown): string {
  return Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : '';
}
