/** What the small and the large charts share: one metric with its title, the key to the lines, a table for screen readers. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRun, RunId } from '../api/types';
import { numberText } from '../words';
import type { IChart, ISingle } from './chart';
import { lineStyle } from './palette';
import { IDrawing, plotData } from './plot-data';
import { canBeLog } from './scales';
import type { XAxis } from './series';

// The chart library comes with the first chart, not with the page.
const Plot = React.lazy(() => import('./plot'));

export interface IMetricChartProps {
  chart: IChart;
  drawing: IDrawing;
  axis: XAxis;
  height: number;
  theme: string;
  trans: TranslationBundle;
  /** How a value is said, and marked on the axis; a plain number unless given. */
  text?: (value: number) => string;
  tick?: (value: number) => string;
  onOpen?: () => void;
}

export function MetricChart(props: IMetricChartProps): JSX.Element {
  const { chart, trans, text = numberText } = props;
  const [readout, setReadout] = React.useState('');
  const plot = React.useMemo(() => plotData(chart, props.drawing), [chart, props.drawing]);
  const isLog = props.drawing.isLog && canBeLog(plot.columns.slice(1));
  return (
    <figure className="ds-Chart" aria-label={trans.__('Chart of %1', chart.name)}>
      <figcaption className="ds-Chart-title">
        <span className="ds-Chart-name" title={chart.name}>
          {chart.name}
        </span>
        <span className="ds-Chart-readout" title={readout} aria-hidden={true}>
          {readout || lastText(chart, text)}
        </span>
        {props.onOpen && (
          <button className="ds-Link" onClick={props.onOpen} title={trans.__('Open the chart of %1', chart.name)}>
            ↗
          </button>
        )}
      </figcaption>
      {props.drawing.isLog && !isLog && <p className="ds-Hint">{trans.__('No values above zero for a logarithmic scale.')}</p>}
      <React.Suspense fallback={<div className="ds-Plot" style={{ height: props.height }} />}>
        <Plot
          plot={plot}
          axis={props.axis}
          isLog={isLog}
          height={props.height}
          theme={props.theme}
          text={text}
          tick={props.tick}
          onReadout={setReadout}
        />
      </React.Suspense>
      <LineTable chart={chart} text={text} trans={trans} />
    </figure>
  );
}

/** The same in words, where a picture is not seen. */
function LineTable(props: { chart: IChart; text: (value: number) => string; trans: TranslationBundle }): JSX.Element {
  const { chart, trans } = props;
  return (
    <table className="ds-Unseen">
      <caption>{trans.__('%1, by run', chart.name)}</caption>
      <thead>
        <tr>
          {[trans.__('Run'), trans.__('Points'), trans.__('First'), trans.__('Last'), trans.__('Smallest'), trans.__('Largest')].map(
            title => (
              <th key={title} scope="col">
                {title}
              </th>
            )
          )}
        </tr>
      </thead>
      <tbody>
        {chart.lines.map(line => {
          const values = line.ys.filter(Number.isFinite);
          const low = values.reduce((a, b) => Math.min(a, b), Infinity);
          const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
          return (
            <tr key={line.run}>
              <th scope="row">{line.label}</th>
              <td>{line.ys.length}</td>
              {[line.ys[0], line.ys[line.ys.length - 1], low, high].map((value, index) => (
                <td key={index}>{Number.isFinite(value) ? props.text(value) : trans.__('none')}</td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Which line is which run; with `onToggle`, a press hides or shows it. */
export function LineKey(props: {
  runs: readonly IRun[];
  live: readonly RunId[];
  hidden?: ReadonlySet<RunId>;
  trans: TranslationBundle;
  onToggle?: (run: RunId) => void;
}): JSX.Element {
  const { trans, onToggle } = props;
  return (
    <ul className="ds-Key" aria-label={trans.__('Runs shown')}>
      {props.runs.map((run, place) => {
        const isHidden = !!props.hidden?.has(run.id);
        const content = (
          <>
            <Swatch place={place} />
            <span className="ds-Key-name">{run.name}</span>
            {props.live.includes(run.id) && (
              <span className="ds-Key-live" title={trans.__('Running now')}>
                ● <span className="ds-Unseen">{trans.__('running')}</span>
              </span>
            )}
          </>
        );
        return (
          <li key={run.id}>
            {onToggle ? (
              <button aria-pressed={!isHidden} className={isHidden ? 'ds-mod-off' : ''} onClick={() => onToggle(run.id)}>
                {content}
              </button>
            ) : (
              <span title={run.name}>{content}</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

export function Swatch(props: { place: number }): JSX.Element {
  const look = lineStyle(props.place);
  return (
    <svg className="ds-Swatch" width="20" height="8" aria-hidden={true}>
      <line x1="0" y1="4" x2="20" y2="4" strokeWidth="2" strokeDasharray={look.dash.join(' ')} style={{ stroke: `var(${look.variable})` }} />
    </svg>
  );
}

/** Metrics logged once: a number a run, not a line. */
export function Singles(props: { singles: readonly ISingle[]; runs: readonly IRun[]; trans: TranslationBundle }): JSX.Element | null {
  const { singles, runs, trans } = props;
  return singles.length ? (
    <table className="ds-Singles">
      <caption className="ds-Unseen">{trans.__('Metrics logged once')}</caption>
      <thead>
        <tr>
          <td />
          {runs.map((run, place) => (
            <th key={run.id} scope="col" title={run.name}>
              <Swatch place={place} />
              <span className="ds-Unseen">{run.name}</span>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {singles.map(single => (
          <tr key={single.name}>
            <th scope="row">{single.name}</th>
            {single.values.map((value, index) => (
              <td key={runs[index].id}>{value === null ? '' : numberText(value)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  ) : null;
}

/** The newest value of the first line: what one looks for first. */
function lastText(chart: IChart, text: (value: number) => string): string {
  const ys = chart.lines[0]?.ys.filter(Number.isFinite) ?? [];
  return ys.length ? text(ys[ys.length - 1]) : '';
}
