import type { IRun } from '../api/types';
import { chosenValues, defaultNames } from './chosen-values';

function run(n: number, acc: number | string | null, parameters: Record<string, any> = {}, more: Partial<IRun> = {}): IRun {
  const metrics = acc === null ? {} : { acc: { last: acc, min: acc, max: acc, n_points: 1, last_step: null, n_non_finite: 0 } };
  return { id: `r${n}`, parameters, metrics, metric_texts: {}, summary: {}, labels: {}, ...more } as unknown as IRun;
}

const text = (values: ReturnType<typeof chosenValues>): string[] =>
  values.map(value => `${value.name} ${value.text}${value.trend ? ` ${value.trend}` : ''}`);

describe('values in a run’s row', () => {
  it('are one metric and the parameters that differ', () => {
    const runs = [run(2, 0.93, { lr: 0.1, layers: 3 }), run(1, 0.91, { lr: 0.01, layers: 3 })];
    expect(defaultNames(runs)).toEqual(['acc', 'lr']);
    expect(text(chosenValues(runs[0], runs))).toEqual(['acc 0.93 up', 'lr 0.1']);
    expect(text(chosenValues(runs[1], runs))).toEqual(['acc 0.91', 'lr 0.01']);
  });

  it('are those the reader starred, and no others', () => {
    const runs = [run(1, 0.9, { lr: 1, seed: 7 })];
    expect(text(chosenValues(runs[0], runs, ['seed', 'acc', 'gone']))).toEqual(['seed 7', 'acc 0.9']);
  });

  it('prefer a summary value to a metric', () => {
    const runs = [run(1, 0.9, {}, { summary: { f1: 0.8 } })];
    expect(defaultNames(runs)[0]).toBe('f1');
  });

  it('say what is not a number as it is, without a trend', () => {
    const runs = [run(2, 'NaN'), run(1, 0.5)];
    expect(text(chosenValues(runs[0], runs))).toEqual(['acc NaN']);
  });

  it('compare with the last run that has the value', () => {
    const runs = [run(3, 0.5), run(2, null), run(1, 0.6)];
    expect(text(chosenValues(runs[0], runs))).toEqual(['acc 0.5 down']);
  });
});
