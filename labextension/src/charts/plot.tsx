/**
 * One chart on a canvas: uPlot in a React component, coloured by the theme.
 *
 * New points of the same lines are handed to the living chart; other lines, scales or colours make a new one.
 */
import * as React from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { numberText } from '../words';
import { lineStyle } from './palette';
import type { IDrawnLine, IPlotData } from './plot-data';
import { secondsText, tickText } from './scales';
import { isolatedPoints, XAxis } from './series';

export interface IPlotProps {
  plot: IPlotData;
  axis: XAxis;
  isLog: boolean;
  /** CSS pixels. */
  height: number;
  /** Name of the theme: another one, other colours. */
  theme: string;
  /** How a value is said, and marked on the axis; a plain number unless given. */
  text?: (value: number) => string;
  tick?: (value: number) => string;
  /** What the crosshair is on, as text; '' when it left. */
  onReadout?: (text: string) => void;
}

const SYNC_KEY = 'dotscience';
const FAINT = 0.28;
const AXIS_FONT = '10px ';

export default function Plot(props: IPlotProps): JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  const chart = React.useRef<uPlot | null>(null);
  const readout = React.useRef(props.onReadout);
  readout.current = props.onReadout;
  const shape = JSON.stringify([props.plot.lines, props.axis, props.isLog, props.height, props.theme]);

  React.useEffect(() => {
    const element = host.current!;
    const made = new uPlot(optionsOf(props, element, readout), props.plot.columns as uPlot.AlignedData, element);
    chart.current = made;
    const watch = new ResizeObserver(() => {
      if (element.clientWidth) {
        made.setSize({ width: element.clientWidth, height: props.height });
      }
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape]);

  React.useEffect(() => {
    chart.current?.setData(props.plot.columns as uPlot.AlignedData);
  }, [props.plot]);

  return <div className="ds-Plot" ref={host} style={{ height: props.height }} aria-hidden={true} />;
}

function optionsOf(
  props: IPlotProps,
  element: HTMLElement,
  readout: React.MutableRefObject<IPlotProps['onReadout']>
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const xText = props.axis === 'time' ? secondsText : tickText;
  const { text = numberText, tick: yText = tickText } = props;
  const axis: uPlot.Axis = {
    stroke: color('--jp-ui-font-color2'),
    font: AXIS_FONT + color('--jp-ui-font-family'),
    grid: { stroke: color('--jp-border-color2'), width: 1 },
    ticks: { stroke: color('--jp-border-color2'), width: 1, size: 3 },
    gap: 2
  };
  return {
    width: element.clientWidth || 260,
    height: props.height,
    padding: [6, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: SYNC_KEY, scales: ['x', null] }, points: { size: 5 }, drag: { x: true, y: false } },
    scales: { x: { time: false }, y: props.isLog ? { distr: 3, log: 10 } : {} },
    axes: [
      { ...axis, size: 20, space: 44, values: (_, ticks) => ticks.map(xText) },
      { ...axis, size: 40, space: 22, values: (_, ticks) => ticks.map(tick => (tick === null ? '' : yText(tick))) }
    ],
    series: [{}, ...props.plot.lines.map(line => seriesOf(line, color))],
    hooks: {
      setCursor: [made => readout.current?.(readoutOf(made, props.plot.lines, xText, text))]
    }
  };
}

function seriesOf(line: IDrawnLine, color: (name: string) => string): uPlot.Series {
  const look = lineStyle(line.place);
  return {
    label: line.label,
    stroke: color(look.variable),
    dash: line.isFaint ? undefined : [...look.dash],
    width: line.isFaint ? 1 : 1.5,
    alpha: line.isFaint ? FAINT : 1,
    points: {
      size: 4,
      show: () => false,
      // A point between two gaps is part of no line: it is drawn by itself.
      filter: (made, place) => {
        const alone = line.isFaint ? [] : isolatedPoints(made.data[place] as (number | null | undefined)[]);
        return alone.length ? alone : null;
      }
    }
  };
}

/** '12 · train · 7 0.231 · train · 6 0.25' */
function readoutOf(
  made: uPlot,
  lines: readonly IDrawnLine[],
  xText: (x: number) => string,
  text: (y: number) => string
): string {
  const index = made.cursor.idx;
  if (index === null || index === undefined) {
    return '';
  }
  const values = lines
    .map((line, place) => ({ line, y: made.data[place + 1][index] }))
    .filter(({ line, y }) => !line.isFaint && typeof y === 'number')
    .map(({ line, y }) => `${line.label} ${text(y as number)}`);
  return values.length ? [xText(made.data[0][index]), ...values].join('   ') : '';
}
