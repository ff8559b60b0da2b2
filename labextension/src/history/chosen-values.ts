/** Which two or three values stand in a run's row: those that tell the listed runs apart. Pure. */
import type { IMetricSummary, IRun, JsonFloat, Scalar } from '../api/types';
import { numberText, scalarText } from '../words';

const MAX_VALUES = 3;
const MAX_PARAMETERS = 2;

export interface IShownValue {
  name: string;
  text: string;
  /** Against the run before that has it; null: the same, the first, or not a number. */
  trend: 'up' | 'down' | null;
}

/**
 * `starred`: names the reader chose, shown first and always. Else: results that most runs have, and up to two
 * parameters that differ among `runs`; three in all. `runs`: newest first, `run` among them.
 */
export function chosenValues(run: IRun, runs: readonly IRun[], starred: readonly string[] = []): IShownValue[] {
  const names = starred.length ? starred : defaultNames(runs);
  const before = runs.slice(runs.findIndex(other => other.id === run.id) + 1);
  const shown: IShownValue[] = [];
  for (const name of names) {
    const value = valueOf(run, name);
    if (value !== undefined) {
      shown.push({ name, text: textOf(value), trend: trendOf(value, run, before, name) });
    }
  }
  return shown.length || starred.length ? shown : firstValues(run);
}

/** Summary values count before metrics: they are what the user said the result is. */
export function defaultNames(runs: readonly IRun[]): string[] {
  const results = commonest(runs.map(run => [...Object.keys(run.summary), ...Object.keys(run.metrics)]));
  const parameters = commonest(runs.map(run => Object.keys(run.parameters)))
    .filter(name => varies(runs, name))
    .slice(0, MAX_PARAMETERS);
  return [...results.slice(0, MAX_VALUES - parameters.length), ...parameters];
}

/** A number, text or flag of that name, whatever it was recorded as; undefined: the run has none. */
export function valueOf(run: IRun, name: string): Scalar | undefined {
  const metric: IMetricSummary | undefined = run.metrics[name];
  return run.summary[name] ?? metric?.last ?? run.metric_texts[name] ?? run.parameters[name] ?? run.labels[name];
}

function firstValues(run: IRun): IShownValue[] {
  const names = [...Object.keys(run.summary), ...Object.keys(run.metrics), ...Object.keys(run.parameters)];
  return names.slice(0, 2).map(name => ({ name, text: textOf(valueOf(run, name)!), trend: null }));
}

/** Three digits tell runs apart at a glance; the entry has the rest. */
function textOf(value: Scalar): string {
  return typeof value === 'number' || value === 'NaN' || value === 'Infinity' || value === '-Infinity'
    ? numberText(value as JsonFloat, 3)
    : scalarText(value, 14);
}

function trendOf(value: Scalar, run: IRun, before: readonly IRun[], name: string): 'up' | 'down' | null {
  if (typeof value !== 'number' || name in run.parameters) {
    return null;
  }
  const previous = before.map(other => valueOf(other, name)).find(other => typeof other === 'number');
  return typeof previous !== 'number' || previous === value ? null : value > previous ? 'up' : 'down';
}

function varies(runs: readonly IRun[], name: string): boolean {
  const values = runs.filter(run => name in run.parameters).map(run => JSON.stringify(run.parameters[name]));
  return new Set(values).size > 1;
}

/** Names by how many lists have them; among equals the order of first sight. */
function commonest(lists: string[][]): string[] {
  const counts = new Map<string, number>();
  lists.forEach(names => names.forEach(name => counts.set(name, (counts.get(name) ?? 0) + 1)));
  return [...counts.entries()].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}
