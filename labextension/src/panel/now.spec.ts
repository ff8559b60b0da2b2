import type { IExecution, IRun, ISeries } from '../api/types';
import { nowOf, sparkline } from './now';

const execution = (id: string, outcome: string): IExecution => ({ id, outcome, runs: [] }) as unknown as IExecution;
const metric = (last: number, n_points: number) => ({ last, min: 0, max: 1, n_points, last_step: null, n_non_finite: 0 });
const run = (state: string, executions: string[], metrics = {}): IRun => ({ id: 'r', state, executions, metrics }) as unknown as IRun;

describe('the NOW line', () => {
  it('says nothing while nothing runs', () => expect(nowOf([execution('a', 'ok')], [])).toBeNull());

  it('shows the moving metric of the run that the cell records into', () => {
    const runs = [run('running', ['a'], { acc: metric(0.5, 1), loss: metric(0.23123, 300) })];
    expect(nowOf([execution('a', 'running')], runs)?.metric).toEqual({ name: 'loss', text: '0.231' });
  });

  it('shows no values of a run that is over or not this cell’s', () => {
    expect(nowOf([execution('a', 'running')], [run('finished', ['a'], { acc: metric(1, 1) })])?.run).toBeNull();
    expect(nowOf([execution('a', 'running')], [run('running', ['b'], { acc: metric(1, 1) })])?.run).toBeNull();
  });

  it('draws finite points from bottom to top and leaves the rest out', () => {
    const series = { values: [0, 'NaN', 1] } as unknown as ISeries;
    expect(sparkline(series, 10, 4)).toBe('0.0,4.0 10.0,0.0');
    expect(sparkline({ values: [1] } as unknown as ISeries, 10, 4)).toBe('');
  });
});
