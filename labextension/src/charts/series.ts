/** A metric's points on their way to a chart: numbers, x values, one common x for several lines. Pure. */
import type { ISeries, JsonFloat, RunId } from '../api/types';

export type XAxis = 'step' | 'time';

/** One run's points of one metric, x ascending. xs, ys: each (n_points,); y is NaN where it was not finite. */
export interface ILine {
  run: RunId;
  label: string;
  xs: number[];
  ys: number[];
}

/** What a chart draws: xs (n,), and per line ys (n,): null is a gap (not finite), undefined has no point at that x. */
export interface IMerged {
  xs: number[];
  ys: (number | null | undefined)[][];
}

/** 'NaN', 'Infinity', '-Infinity' have no place on an axis: NaN. */
export function finite(value: JsonFloat): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : NaN;
}

/** By step: the step as given, else the point's index. By time: seconds since the metric's first point. */
export function toLine(run: RunId, label: string, series: ISeries, axis: XAxis): ILine {
  const start = series.times[0] ?? 0;
  const points = series.values.map((value, index) => ({
    x: axis === 'time' ? series.times[index] - start : (series.steps[index] ?? index),
    y: finite(value)
  }));
  // Steps may go back (a loop run twice into one run): a chart needs them ascending, later points last among equals.
  points.sort((a, b) => a.x - b.x);
  return { run, label, xs: points.map(point => point.x), ys: points.map(point => point.y) };
}

/** Several lines on the union of their x values. Of several points at one x the last one counts. */
export function mergeLines(lines: readonly { xs: number[]; ys: number[] }[]): IMerged {
  const xs = [...new Set(lines.flatMap(line => line.xs))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, index) => [x, index]));
  const ys = lines.map(line => {
    const column: (number | null | undefined)[] = new Array(xs.length).fill(undefined);
    line.xs.forEach((x, index) => {
      const y = line.ys[index];
      column[place.get(x)!] = Number.isFinite(y) ? y : null;
    });
    return column;
  });
  return { xs, ys };
}

/** Places of points with a gap, or nothing, on both sides; undefined (no point at that x) is looked past. */
export function isolatedPoints(column: readonly (number | null | undefined)[]): number[] {
  const places: number[] = [];
  column.forEach((y, place) => {
    if (y !== undefined) {
      places.push(place);
    }
  });
  const isPoint = (at: number): boolean => typeof column[places[at]] === 'number';
  return places.filter((_, at) => isPoint(at) && !isPoint(at - 1) && !isPoint(at + 1));
}

/**
 * Points that were known, and those that came after them, as one series.
 * `tail` leaves out the first `since` points logged; `known` must hold all of them (it is not thinned out).
 */
export function appendTail(known: ISeries, tail: ISeries, since: number): ISeries {
  return {
    name: known.name,
    steps: [...known.steps.slice(0, since), ...tail.steps],
    times: [...known.times.slice(0, since), ...tail.times],
    values: [...known.values.slice(0, since), ...tail.values],
    n_points_logged: tail.n_points_logged
  };
}

/** Every point logged is here: nothing was thinned out. */
export function isWhole(series: ISeries): boolean {
  return series.values.length === series.n_points_logged;
}
