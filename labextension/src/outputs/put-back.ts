/** Writes outputs into the cells of an open notebook, all in one step of its own undo. The file on disk is not touched. */
import type { CodeCell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';

import type { IOutput } from '../api/types';
import { joinedStreams, settledText } from './seen';

export interface ICellOutputs {
  cell_id: string;
  outputs: readonly IOutput[];
  execution_count: number | null;
}

/** What those cells held before; cells that are gone are left out. */
export function putOutputs(panel: NotebookPanel, wanted: readonly ICellOutputs[]): ICellOutputs[] {
  const shared = panel.content.model?.sharedModel;
  const former: ICellOutputs[] = [];
  if (!shared) {
    return former;
  }
  const cells = new Map(shared.cells.map(cell => [cell.getId(), cell]));
  letGo(panel, new Set(wanted.map(each => each.cell_id)));
  // Else it becomes one step with what was typed half a second before.
  const { undoManager } = shared as unknown as { undoManager?: { stopCapturing(): void } };
  undoManager?.stopCapturing();
  shared.transact(() => {
    for (const { cell_id, outputs, execution_count } of wanted) {
      const cell = cells.get(cell_id);
      if (cell && 'getOutputs' in cell) {
        const { execution_count: before } = cell;
        former.push({ cell_id, outputs: cell.getOutputs() as IOutput[], execution_count: before });
        cell.setOutputs(joinedStreams(outputs).map(asKept) as any[]);
        cell.execution_count = execution_count;
      }
    }
  });
  undoManager?.stopCapturing();
  return former;
}

/** A run whose connection was cut may still speak once it is back: what it then said would stand there twice. */
function letGo(panel: NotebookPanel, ids: ReadonlySet<string>): void {
  for (const cell of panel.content.widgets) {
    if (cell.model.type === 'code' && ids.has(cell.model.id)) {
      const { future } = (cell as CodeCell).outputArea;
      if (future && !future.isDisposed) {
        future.dispose();
      }
    }
  }
}

function asKept(output: IOutput): IOutput {
  const { transient: _, ...kept } = output;
  const text = Array.isArray(kept.text) ? kept.text.join('') : kept.text;
  return kept.output_type === 'stream' ? { ...kept, output_type: 'stream', text: settledText(String(text ?? '')) } : kept as IOutput;
}
