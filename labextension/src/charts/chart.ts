/** Which charts a set of runs asks for, and which lines stand in each. Pure. */
import type { IRun, ISeries, JsonFloat, RunId } from '../api/types';
import { ILine, toLine, XAxis } from './series';

/** One metric of the shown runs. */
export interface IChart {
  name: string;
  lines: ILine[];
  /** Per line: its place among the shown runs, which decides how it looks. */
  places: number[];
  n_points: number;
}

/** A metric that never became a line: one value a run, in the runs' order; null: that run has none. */
export interface ISingle {
  name: string;
  values: (JsonFloat | null)[];
}

export type KnownSeries = ReadonlyMap<RunId, ReadonlyMap<string, ISeries>>;

/** Charts in order of name; a metric with two points or more in any of the runs is a chart. */
export function chartsOf(runs: readonly IRun[], known: KnownSeries, axis: XAxis): IChart[] {
  const names = namesOf(runs).filter(name => isLine(runs, name));
  return names.map(name => {
    const chart: IChart = { name, lines: [], places: [], n_points: 0 };
    runs.forEach((run, place) => {
      const series = known.get(run.id)?.get(name);
      if (series?.values.length) {
        chart.lines.push(toLine(run.id, run.name, series, axis));
        chart.places.push(place);
        chart.n_points += series.n_points_logged;
      }
    });
    return chart;
  });
}

export function singlesOf(runs: readonly IRun[]): ISingle[] {
  return namesOf(runs)
    .filter(name => !isLine(runs, name))
    .map(name => ({ name, values: runs.map(run => run.metrics[name]?.last ?? null) }));
}

/** Metrics of a run that have points which `known` has not. */
export function staleNames(run: IRun, known: ReadonlyMap<string, ISeries> | undefined): string[] {
  return Object.keys(run.metrics).filter(
    name => run.metrics[name].n_points > 1 && known?.get(name)?.n_points_logged !== run.metrics[name].n_points
  );
}

function isLine(runs: readonly IRun[], name: string): boolean {
  return runs.some(run => (run.metrics[name]?.n_points ?? 0) > 1);
}

function namesOf(runs: readonly IRun[]): string[] {
  return [...new Set(runs.flatMap(run => Object.keys(run.metrics)))].sort((a, b) => a.localeCompare(b));
}
