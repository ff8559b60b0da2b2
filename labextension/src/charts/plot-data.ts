/** What is drawn of one chart: columns on a common x, smoothed or not, hidden runs left out. Pure. */
import type { RunId } from '../api/types';
import type { IChart } from './chart';
import { positiveOnly } from './scales';
import { mergeLines } from './series';
import { smooth } from './smoothing';

export interface IDrawing {
  /** 0: as logged; below 1: smoother, the points as logged stay behind it, faint. */
  smoothing: number;
  isLog: boolean;
  hidden: ReadonlySet<RunId>;
}

export interface IDrawnLine {
  run: RunId;
  label: string;
  /** Decides colour and dash. */
  place: number;
  /** The points as logged behind a smoothed line. */
  isFaint: boolean;
}

/** columns: (1 + n_lines, n_points): x, then each line's y. */
export interface IPlotData {
  columns: [number[], ...(number | null | undefined)[][]];
  lines: IDrawnLine[];
}

export const PLAIN: IDrawing = { smoothing: 0, isLog: false, hidden: new Set() };

export function plotData(chart: IChart, drawing: IDrawing): IPlotData {
  const isSmooth = drawing.smoothing > 0;
  const drawn: { xs: number[]; ys: number[] }[] = [];
  const lines: IDrawnLine[] = [];
  const add = (isFaint: boolean): void =>
    chart.lines.forEach((line, index) => {
      if (!drawing.hidden.has(line.run)) {
        drawn.push(isFaint || !isSmooth ? line : { xs: line.xs, ys: smooth(line.ys, drawing.smoothing) });
        lines.push({ run: line.run, label: line.label, place: chart.places[index], isFaint });
      }
    });
  if (isSmooth) {
    add(true);
  }
  add(false);
  const { xs, ys } = mergeLines(drawn);
  return { columns: [xs, ...(drawing.isLog ? ys.map(positiveOnly) : ys)], lines };
}
