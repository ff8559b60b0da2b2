import type { ISeries } from '../api/types';
import { appendTail, isolatedPoints, isWhole, mergeLines, toLine } from './series';

const series = (values: ISeries['values'], steps?: (number | null)[], times?: number[]): ISeries => ({
  name: 'loss',
  steps: steps ?? values.map((_, index) => index),
  times: times ?? values.map((_, index) => 1000 + index),
  values,
  n_points_logged: values.length
});

describe('toLine', () => {
  it('takes steps as given, and the place of a point where none was', () => {
    expect(toLine('r', 'run', series([1, 2, 3], [10, 20, 30]), 'step').xs).toEqual([10, 20, 30]);
    expect(toLine('r', 'run', series([1, 2, 3], [null, null, null]), 'step').xs).toEqual([0, 1, 2]);
  });

  it('counts time from the first point', () => {
    expect(toLine('r', 'run', series([1, 2], undefined, [500, 502.5]), 'time').xs).toEqual([0, 2.5]);
  });

  it('puts steps that went back into ascending order', () => {
    const line = toLine('r', 'run', series([5, 6, 7], [2, 0, 1]), 'step');
    expect([line.xs, line.ys]).toEqual([
      [0, 1, 2],
      [6, 7, 5]
    ]);
  });

  it('gives what is not finite no place', () => {
    expect(toLine('r', 'run', series([1, 'NaN', 'Infinity', 2]), 'step').ys).toEqual([1, NaN, NaN, 2]);
  });
});

describe('mergeLines', () => {
  it('tells a gap (null) from a point that is not there (undefined)', () => {
    const merged = mergeLines([
      { xs: [0, 1, 2], ys: [1, NaN, 3] },
      { xs: [1, 5], ys: [10, 50] }
    ]);
    expect(merged.xs).toEqual([0, 1, 2, 5]);
    expect(merged.ys).toEqual([
      [1, null, 3, undefined],
      [undefined, 10, undefined, 50]
    ]);
  });

  it('counts the last of several points at one x', () => {
    expect(mergeLines([{ xs: [0, 1, 1], ys: [1, 2, 9] }]).ys).toEqual([[1, 9]]);
  });

  it('draws nothing of nothing', () => {
    expect(mergeLines([])).toEqual({ xs: [], ys: [] });
  });
});

it.each([
  [[1], [0]],
  [[1, 2], []],
  [[null, 1, null, 2, 3], [1]],
  [[1, undefined, undefined, 2], []],
  [[undefined, 1, undefined, null, 4], [1, 4]]
])('finds the points of %p that no line touches', (column, alone) => expect(isolatedPoints(column)).toEqual(alone));

describe('appendTail', () => {
  it('puts what came later behind what was known', () => {
    const tail: ISeries = { ...series([3, 4], [2, 3], [1002, 1003]), n_points_logged: 4 };
    const whole = appendTail(series([1, 2]), tail, 2);
    expect([whole.values, whole.steps, isWhole(whole)]).toEqual([[1, 2, 3, 4], [0, 1, 2, 3], true]);
  });

  it('replaces points that the tail brings again', () => {
    const tail: ISeries = { ...series([20, 30], [1, 2]), n_points_logged: 3 };
    expect(appendTail(series([1, 2]), tail, 1).values).toEqual([1, 20, 30]);
  });

  it('knows when the tail was thinned out', () => {
    const tail: ISeries = { ...series([9], [99]), n_points_logged: 100 };
    expect(isWhole(appendTail(series([1, 2]), tail, 2))).toBe(false);
  });
});
