import type { ICompareRow, IComparison } from '../api/types';
import { countsOf, deltaOf, extremesOf, filesOf, rowsOf } from './rows';
import { diffLines } from './unified';

const row = (group: string, name: string, values: any[]): ICompareRow => ({
  group,
  name,
  values,
  is_different: values.some(value => value !== values[0])
});
const rows = [
  row('parameters', 'seed', [1, 1]),
  row('parameters', 'lr', [0.1, 0.01]),
  row('metrics', 'acc', [0.9, 0.95]),
  row('environment', 'numpy', ['2.1', '2.2'])
];

it('puts what differs first, results before what was chosen', () => {
  expect(rowsOf(rows, 'parameters').map(each => each.name)).toEqual(['lr', 'seed']);
  expect(rowsOf(rows, 'differences').map(each => each.name)).toEqual(['acc', 'lr', 'numpy']);
});

it('counts differences by tab', () => {
  const comparison = {
    runs: [],
    rows,
    code: [{ title: 't', before: 'a', after: 'b', unified: '' }],
    files: [
      { path: 'a.csv', role: 'input', digests: ['x', 'x'], sizes: [1, 1], is_different: false },
      { path: 'b.csv', role: 'input', digests: ['x', 'y'], sizes: [1, 1], is_different: true }
    ]
  } as IComparison;
  expect(countsOf(comparison)).toEqual({ parameters: 1, metrics: 1, code: 1, data: 1, environment: 1, differences: 5 });
  expect(filesOf(comparison.files, 'data').map(file => file.path)).toEqual(['b.csv', 'a.csv']);
  expect(filesOf(comparison.files, 'differences')).toHaveLength(1);
  expect(filesOf(comparison.files, 'metrics')).toEqual([]);
});

it.each([
  [[1, 3, 2], { low: 0, high: 1 }],
  [[2, 2], null],
  [['NaN', null, 5], null],
  [[null, 4, 'x', -1], { low: 3, high: 1 }]
])('finds the extremes of %p', (values, expected) => expect(extremesOf(values)).toEqual(expected));

it.each([
  [0.5, 0.75, { delta: 0.25, percent: 50 }],
  [-2, -1, { delta: 1, percent: 50 }],
  [0, 1, { delta: 1, percent: null }],
  [1, 1, null],
  ['a', 1, null],
  [1, 'NaN', null]
])('measures %p against %p', (first, value, expected) => expect(deltaOf(first, value)).toEqual(expected));

it('reads a unified diff, lines that begin with dashes included', () => {
  const unified = '--- a\n+++ b\n@@ -1,2 +1,2 @@\n x = 0\n--- y\n+z\n@@ -9 +9 @@\n-last\n';
  expect(diffLines(unified.trimEnd()).map(line => [line.kind, line.text])).toEqual([
    ['same', 'x = 0'],
    ['removed', '-- y'],
    ['added', 'z'],
    ['gap', ''],
    ['removed', 'last']
  ]);
  expect(diffLines('')).toEqual([]);
});
