import type { IExecution } from '../api/types';
import { marksOf } from './marks';

const ran = (cell_id: string, source: string, session = 'k-1'): IExecution => ({ cell_id, source, session }) as IExecution;

describe('marks on cells', () => {
  it('say edited, earlier, or nothing, by the newest execution of each cell', () => {
    const executions = [ran('a', 'x'), ran('b', 'y', 'k-0'), ran('c', 'z'), ran('a', 'old')];
    const sources = new Map([['a', 'x'], ['b', 'y'], ['c', 'z + 1'], ['never', '']]);
    expect([...marksOf(executions, sources, 'k-1')]).toEqual([['b', 'earlier'], ['c', 'edited']]);
    expect([...marksOf(executions, sources, null)]).toEqual([['c', 'edited']]);
  });
});
