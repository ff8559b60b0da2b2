import type { IMetricSummary, IRun, ISeries } from '../api/types';
import { chartsOf, singlesOf, staleNames } from './chart';
import { DASHES, lineStyle, N_COLORS } from './palette';
import { plotData } from './plot-data';
import { canBeLog, positiveOnly, secondsText, tickText } from './scales';
import { smooth } from './smoothing';

const metric = (n_points: number, last = 1): IMetricSummary =>
  ({ last, min: 0, max: 1, n_points, last_step: null, n_non_finite: 0 }) as IMetricSummary;
const run = (id: string, metrics: Record<string, IMetricSummary>): IRun => ({ id, name: `run ${id}`, metrics }) as IRun;
const series = (name: string, values: number[]): ISeries => ({
  name,
  values,
  steps: values.map((_, index) => index),
  times: values.map((_, index) => index),
  n_points_logged: values.length
});

describe('charts', () => {
  const runs = [run('a', { loss: metric(3), acc: metric(1, 0.5) }), run('b', { loss: metric(2) })];
  const known = new Map([
    ['a', new Map([['loss', series('loss', [3, 2, 1])]])],
    ['b', new Map([['loss', series('loss', [4, 3])]])]
  ]);

  it('make a chart of a metric with a line, and a number of one logged once', () => {
    expect(chartsOf(runs, known, 'step').map(chart => [chart.name, chart.places, chart.n_points])).toEqual([
      ['loss', [0, 1], 5]
    ]);
    expect(singlesOf(runs)).toEqual([{ name: 'acc', values: [0.5, null] }]);
  });

  it('keep a run’s look while another one’s points are still on their way', () => {
    const late = new Map([['b', known.get('b')!]]);
    expect(chartsOf(runs, late, 'step')[0].places).toEqual([1]);
  });

  it('ask for a metric again only when it has more points', () => {
    expect(staleNames(runs[0], known.get('a'))).toEqual([]);
    expect(staleNames(run('a', { loss: metric(4) }), known.get('a'))).toEqual(['loss']);
    expect(staleNames(runs[1], undefined)).toEqual(['loss']);
  });

  it('leave hidden runs out and draw the points behind a smoothed line', () => {
    const [chart] = chartsOf(runs, known, 'step');
    const lines = plotData(chart, { smoothing: 0.5, isLog: false, hidden: new Set(['b']) }).lines;
    expect(lines.map(line => [line.run, line.isFaint])).toEqual([
      ['a', true],
      ['a', false]
    ]);
  });
});

describe('smooth', () => {
  it('leaves the first value where it is and constants alone', () => {
    expect(smooth([2, 2, 2], 0.9).map(value => Number(value.toFixed(9)))).toEqual([2, 2, 2]);
    expect(smooth([5, 0], 0.9)[0]).toBeCloseTo(5);
  });

  it('keeps gaps and is not disturbed by them', () => {
    const [a, gap, b] = smooth([1, NaN, 3], 0.5);
    expect([a, gap]).toEqual([1, NaN]);
    expect(b).toBeCloseTo((0.5 * 0.5 * 1 + 0.5 * 3) / 0.75);
  });

  it('does nothing at weight 0', () => {
    expect(smooth([1, 5, 2], 0)).toEqual([1, 5, 2]);
  });
});

describe('scales', () => {
  it.each([
    [0, '0'],
    [0.25, '0.25'],
    [1500, '1.5k'],
    [2_000_000, '2M'],
    [0.00012, '1.2e-4'],
    [-3000, '-3k'],
    [100, '100'],
    [10, '10']
  ])('writes %p as %s', (value, text) => expect(tickText(value)).toBe(text));

  it.each([
    [0, '0s'],
    [45, '45s'],
    [90, '1:30'],
    [5400, '1h30']
  ])('writes %p seconds as %s', (value, text) => expect(secondsText(value)).toBe(text));

  it('has no logarithm of zero and less', () => {
    expect(positiveOnly([1, 0, -1, null, undefined])).toEqual([1, null, null, null, undefined]);
    expect([canBeLog([[0, -1]]), canBeLog([[null], [0, 2]])]).toEqual([false, true]);
  });
});

it('gives 28 lines 28 looks', () => {
  const looks = Array.from({ length: N_COLORS * DASHES.length }, (_, index) => JSON.stringify(lineStyle(index)));
  expect(new Set(looks).size).toBe(28);
});
