import { nullTranslator } from '@jupyterlab/translation';

import type { IRun } from '../api/types';
import { cellText, differingColumns, fixedColumns, nextSort, recordedColumns, sortDirection, valueOf } from './columns';

const trans = nullTranslator.load('dotscience_jlab');
const run = (id: string, more: Partial<IRun>): IRun =>
  ({
    id,
    name: id,
    state: 'finished',
    started_at: '2026-11-21T14:03:09.123456Z',
    duration_s: 41,
    parameters: {},
    metrics: {},
    metric_texts: {},
    summary: {},
    labels: {},
    ...more
  }) as IRun;
const summary = (last: number | 'NaN') => ({ last, min: 0, max: 1, n_points: 3, last_step: 2, n_non_finite: 0 }) as any;

const runs = [
  run('a', { parameters: { lr: 0.1, seed: 1 }, metrics: { acc: summary(0.9) }, labels: { model: 'big' } }),
  run('b', { parameters: { lr: 0.01, seed: 1 }, metrics: { acc: summary('NaN') } })
];

it('makes a column of every name recorded, with the server’s sort key', () => {
  expect(recordedColumns(runs).map(column => [column.id, column.isNumeric])).toEqual([
    ['parameters.lr', true],
    ['parameters.seed', true],
    ['metrics.acc', true],
    ['labels.model', false]
  ]);
});

it('keeps a name with dots whole', () => {
  const dotted = run('c', { parameters: { 'model.lr': 3 } });
  expect(valueOf(dotted, 'parameters.model.lr')).toBe(3);
});

it('tells columns that differ from those that do not; a missing value differs', () => {
  const columns = [...fixedColumns(trans), ...recordedColumns(runs)];
  const ids = differingColumns(runs, columns).map(column => column.id);
  expect(ids).not.toContain('parameters.seed');
  expect(ids).toEqual(expect.arrayContaining(['parameters.lr', 'metrics.acc', 'labels.model', 'name']));
});

it('writes what a reader reads', () => {
  const at = (id: string): string =>
    cellText(runs[0], [...fixedColumns(trans), ...recordedColumns(runs)].find(column => column.id === id)!, new Date(), trans);
  expect([at('duration_s'), at('parameters.lr'), at('labels.model')]).toEqual(['41 s', '0.1', 'big']);
  const acc = recordedColumns(runs).find(column => column.id === 'metrics.acc')!;
  expect(cellText(runs[1], acc, new Date(), trans)).toBe('NaN');
});

it('sorts numbers from above first, names from A, and turns round', () => {
  const [lr] = recordedColumns(runs);
  const [name] = fixedColumns(trans);
  expect(nextSort('-started_at', lr)).toBe('-parameters.lr');
  expect(nextSort('-parameters.lr', lr)).toBe('parameters.lr');
  expect(nextSort('-started_at', name)).toBe('name');
  expect(sortDirection('-parameters.lr', 'parameters.lr')).toBe('descending');
});
