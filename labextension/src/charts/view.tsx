/** The large charts: all metrics of some runs, with the few options that change how they are read. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRun } from '../api/types';
import { chartsOf, KnownSeries, singlesOf } from './chart';
import type { IChartOptions } from './model';
import { LineKey, MetricChart, Singles } from './parts';
import type { FetchResources } from './resources';
import { NoCharts } from './sidebar';
import { SystemCharts } from './system';

export interface IChartsViewProps {
  runs: readonly IRun[];
  known: KnownSeries;
  /** Grows whenever points came: `known` is the same map all along. */
  revision: number;
  isLoaded: boolean;
  problem: string;
  options: IChartOptions;
  theme: string;
  trans: TranslationBundle;
  onOptions: (options: IChartOptions) => void;
  onRetry: () => void;
  fetchResources: FetchResources;
}

const HEIGHT = 240;
const MAX_SMOOTHING = 0.99;

export function ChartsView(props: IChartsViewProps): JSX.Element {
  const { runs, options, trans } = props;
  const charts = React.useMemo(
    () => chartsOf(runs, props.known, options.axis),
    [runs, props.known, props.revision, options.axis]
  );
  const singles = React.useMemo(() => singlesOf(runs), [runs]);
  const drawing = React.useMemo(
    () => ({ smoothing: options.smoothing, isLog: options.isLog, hidden: options.hidden }),
    [options.smoothing, options.isLog, options.hidden]
  );
  const isWanted = (item: { name: string }): boolean => item.name.toLowerCase().includes(options.filter.toLowerCase());
  const shown = charts.filter(isWanted);
  const live = runs.filter(run => run.state === 'running').map(run => run.id);
  const toggle = (id: string): void => {
    const hidden = new Set(options.hidden);
    if (!hidden.delete(id)) {
      hidden.add(id);
    }
    props.onOptions({ ...options, hidden });
  };
  return (
    <div className="ds-ChartsView">
      <Options {...props} nCharts={charts.length} />
      <LineKey runs={runs} live={live} hidden={options.hidden} trans={trans} onToggle={toggle} />
      {props.problem && (
        <div className="ds-Problem" role="alert">
          {props.problem}{' '}
          <button className="ds-Link" onClick={props.onRetry}>
            {trans.__('Try again')}
          </button>
        </div>
      )}
      {props.isLoaded && !charts.length && !singles.length && <NoCharts hasRuns={runs.length > 0} trans={trans} />}
      {charts.length > 0 && !shown.length && (
        <div className="ds-Empty">{trans.__('No metric is named like “%1”.', options.filter)}</div>
      )}
      <div className="ds-ChartsView-grid">
        {shown.map(chart => (
          <MetricChart
            key={chart.name}
            chart={chart}
            drawing={drawing}
            axis={options.axis}
            height={HEIGHT}
            theme={props.theme}
            trans={trans}
          />
        ))}
      </div>
      <Singles singles={singles.filter(isWanted)} runs={runs} trans={trans} />
      <SystemCharts runs={runs} fetchResources={props.fetchResources} theme={props.theme} trans={trans} height={HEIGHT} />
    </div>
  );
}

function Options(props: IChartsViewProps & { nCharts: number }): JSX.Element {
  const { options, trans, onOptions } = props;
  const set = (change: Partial<IChartOptions>): void => onOptions({ ...options, ...change });
  return (
    <div className="ds-ChartsView-options" role="toolbar" aria-label={trans.__('How the charts are drawn')}>
      <label>
        {trans.__('Across')}{' '}
        <select value={options.axis} onChange={event => set({ axis: event.target.value as IChartOptions['axis'] })}>
          <option value="step">{trans.__('steps')}</option>
          <option value="time">{trans.__('time')}</option>
        </select>
      </label>
      <label>
        <input type="checkbox" checked={options.isLog} onChange={event => set({ isLog: event.target.checked })} />
        {trans.__('Logarithmic')}
      </label>
      <label>
        {trans.__('Smoothing')}{' '}
        <input
          type="range"
          min={0}
          max={MAX_SMOOTHING}
          step={0.01}
          value={options.smoothing}
          onChange={event => set({ smoothing: Number(event.target.value) })}
        />
        <output>{options.smoothing ? options.smoothing.toFixed(2) : trans.__('off')}</output>
      </label>
      {(props.nCharts > 3 || options.filter) && (
        <input
          type="search"
          className="ds-Field"
          placeholder={trans.__('Metric…')}
          aria-label={trans.__('Show metrics named')}
          value={options.filter}
          onChange={event => set({ filter: event.target.value })}
        />
      )}
      <span className="ds-Hint">{trans.__('Drag to zoom, double-click for the whole')}</span>
    </div>
  );
}
