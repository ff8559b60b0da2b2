/** An execution in a kernel that cannot report itself (R, Julia, a Python that has nothing of ours), as the browser saw it. */
import type { CodeCell } from '@jupyterlab/cells';
import type { Kernel } from '@jupyterlab/services';

import type { IForeignExecution } from '../api/client';
import type { Instant, IOutput } from '../api/types';

/** null: the cell sent nothing to the kernel. */
export function foreignExecution(
  cell: CodeCell,
  kernel: Kernel.IKernelConnection,
  path: string,
  scheduled: Date,
  finished: Date,
  only_if_unheard: boolean
): IForeignExecution | null {
  const msg_id = cell.outputArea.future?.msg.header.msg_id;
  if (!msg_id) {
    return null;
  }
  const outputs = cell.model.outputs.toJSON() as IOutput[];
  const error = outputs.find(output => output.output_type === 'error');
  const timing = cell.model.getMetadata('execution') as Record<string, string> | undefined;
  return {
    path,
    kernel_id: kernel.id,
    kernel_name: kernel.name,
    msg_id,
    cell_id: cell.model.id,
    execution_count: cell.model.executionCount,
    source: cell.model.sharedModel.getSource(),
    started_at: instantOf(timing?.['iopub.execute_input'] ? new Date(timing['iopub.execute_input']) : scheduled),
    finished_at: instantOf(finished),
    outcome: error ? 'error' : 'ok',
    ...(error ? { error: { name: error.ename, value: error.evalue, traceback: error.traceback } } : {}),
    outputs,
    only_if_unheard
  };
}

/** In the one fixed width of `model/instant.py`: six digits of a second. */
export function instantOf(moment: Date): Instant {
  return moment.toISOString().replace(/\.(\d{3})Z$/, '.$1000Z');
}
