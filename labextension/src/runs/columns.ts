/** Which columns a set of runs asks for, and what stands in each cell. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IRun, JsonFloat, Scalar } from '../api/types';
import { durationText, momentText, numberText, scalarText } from '../words';

export type ColumnGroup = 'run' | 'parameters' | 'metrics' | 'summary' | 'labels';

export interface IColumn {
  /** What `sort` asks for: 'started_at', 'parameters.lr', 'metrics.loss'. */
  id: string;
  group: ColumnGroup;
  title: string;
  isNumeric: boolean;
}

/** Always there; the rest comes from what was recorded. */
export function fixedColumns(trans: TranslationBundle): IColumn[] {
  return [
    { id: 'name', group: 'run', title: trans.__('Run'), isNumeric: false },
    { id: 'state', group: 'run', title: trans.__('State'), isNumeric: false },
    { id: 'started_at', group: 'run', title: trans.__('Started'), isNumeric: false },
    { id: 'duration_s', group: 'run', title: trans.__('Duration'), isNumeric: true }
  ];
}

/** Parameters, then results (summary values, metrics), then labels; names in order of first sight within a group. */
export function recordedColumns(runs: readonly IRun[]): IColumn[] {
  const columns: IColumn[] = [];
  for (const group of ['parameters', 'summary', 'metrics', 'labels'] as const) {
    const names = new Set(runs.flatMap(run => namesIn(run, group)));
    for (const name of names) {
      const id = `${group}.${name}`;
      const values = runs.map(run => valueOf(run, id)).filter(value => value !== undefined && value !== null);
      columns.push({ id, group, title: name, isNumeric: values.length > 0 && values.every(isNumber) });
    }
  }
  return columns;
}

/** Columns in which at least two runs disagree; a run without the value disagrees with one that has it. */
export function differingColumns(runs: readonly IRun[], columns: readonly IColumn[]): IColumn[] {
  return columns.filter(
    column => column.group === 'run' || new Set(runs.map(run => JSON.stringify(valueOf(run, column.id)) ?? '')).size > 1
  );
}

/** The value itself, as a sort or an export sees it; undefined: this run has none. */
export function valueOf(run: IRun, id: string): Scalar | undefined {
  const dot = id.indexOf('.');
  if (dot < 0) {
    return run[id as 'name' | 'state' | 'started_at' | 'duration_s'];
  }
  const [group, name] = [id.slice(0, dot), id.slice(dot + 1)];
  switch (group) {
    case 'parameters':
      return run.parameters[name];
    case 'summary':
      return run.summary[name];
    case 'labels':
      return run.labels[name];
    default:
      return run.metrics[name]?.last ?? run.metric_texts[name];
  }
}

/** As a person reads it; '' for none. */
export function cellText(run: IRun, column: IColumn, now: Date, trans: TranslationBundle): string {
  const value = valueOf(run, column.id);
  if (value === undefined || value === null) {
    return '';
  }
  switch (column.id) {
    case 'started_at':
      return momentText(value as string, now, trans);
    case 'duration_s':
      return durationText(value as number);
    default:
      return isNumber(value) ? numberText(value as JsonFloat, 5) : scalarText(value, 40);
  }
}

/** A click on a heading: numbers best first from above, texts from A, a second click turns it round. */
export function nextSort(sort: string, column: IColumn): string {
  if (sort === column.id) {
    return `-${column.id}`;
  }
  if (sort === `-${column.id}`) {
    return column.id;
  }
  return column.isNumeric || column.id === 'started_at' ? `-${column.id}` : column.id;
}

export function sortDirection(sort: string, id: string): 'ascending' | 'descending' | 'none' {
  return sort === id ? 'ascending' : sort === `-${id}` ? 'descending' : 'none';
}

function namesIn(run: IRun, group: Exclude<ColumnGroup, 'run'>): string[] {
  return group === 'metrics' ? [...Object.keys(run.metrics), ...Object.keys(run.metric_texts)] : Object.keys(run[group]);
}

function isNumber(value: Scalar | undefined): boolean {
  return typeof value === 'number' || value === 'NaN' || value === 'Infinity' || value === '-Infinity';
}
