/** The Charts tab of the panel: one small chart a metric, the shown runs overlaid, no options. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRun, RunId } from '../api/types';
import { chartsOf, singlesOf } from './chart';
import { LineKey, MetricChart, Singles } from './parts';
import { PLAIN } from './plot-data';
import type { FetchResources } from './resources';
import { FetchSeries, SeriesModel } from './series-model';
import { SystemCharts } from './system';

export interface ISidebarChartsProps {
  /** The ticked runs, or the newest ones, as they are now: a live run's record is handed in again when it changed. */
  runs: readonly IRun[];
  fetchSeries: FetchSeries;
  fetchResources: FetchResources;
  /** Runs one of whose cells is executing. */
  liveRunIds: readonly RunId[];
  /** Name of the theme; another one, other colours. */
  theme: string;
  trans: TranslationBundle;
  /** Open the large chart, of one metric or of all. */
  onOpen: (metric?: string) => void;
}

const HEIGHT = 110;

export function SidebarCharts(props: ISidebarChartsProps): JSX.Element {
  const { runs, trans } = props;
  const model = useSeriesModel(props.fetchSeries, runs);
  const charts = React.useMemo(() => chartsOf(runs, model.known, 'step'), [runs, model.known, model.revision]);
  const singles = React.useMemo(() => singlesOf(runs), [runs]);
  const system = (
    <SystemCharts runs={runs} fetchResources={props.fetchResources} theme={props.theme} trans={trans} height={HEIGHT} />
  );
  if (!charts.length && !singles.length) {
    return (
      <>
        <NoCharts hasRuns={runs.length > 0} trans={trans} />
        {system}
      </>
    );
  }
  return (
    <div className="ds-Charts">
      <div className="ds-Charts-head">
        <LineKey runs={runs} live={props.liveRunIds} trans={trans} />
        <button className="ds-Link" onClick={() => props.onOpen()}>
          {trans.__('Open')} ↗
        </button>
      </div>
      {model.problem && (
        <div className="ds-Problem" role="alert">
          {model.problem}
        </div>
      )}
      {charts.map(chart => (
        <MetricChart
          key={chart.name}
          chart={chart}
          drawing={PLAIN}
          axis="step"
          height={HEIGHT}
          theme={props.theme}
          trans={trans}
          onOpen={() => props.onOpen(chart.name)}
        />
      ))}
      <Singles singles={singles} runs={runs} trans={trans} />
      {system}
    </div>
  );
}

/** A model that lives as long as the component, told of every change of the runs. */
export function useSeriesModel(
  fetchSeries: FetchSeries,
  runs: readonly IRun[]
): Pick<SeriesModel, 'known' | 'problem'> & { revision: number } {
  const [revision, setRevision] = React.useState(0);
  // A new function each time it is drawn must not mean a new model; the newest one is asked.
  const fetching = React.useRef(fetchSeries);
  fetching.current = fetchSeries;
  const model = React.useRef<SeriesModel | null>(null);
  React.useEffect(() => {
    const made = new SeriesModel((run, query) => fetching.current(run, query));
    model.current = made;
    const onChanged = (): void => setRevision(before => before + 1);
    made.changed.connect(onChanged);
    return () => {
      made.changed.disconnect(onChanged);
      made.dispose();
    };
  }, []);
  React.useEffect(() => model.current?.show(runs), [runs]);
  return { known: model.current?.known ?? new Map(), problem: model.current?.problem ?? '', revision };
}

/** A chart needs a metric; this is how one is made. */
export function NoCharts(props: { hasRuns: boolean; trans: TranslationBundle }): JSX.Element {
  const { trans } = props;
  return (
    <div className="ds-Empty">
      <p>
        {props.hasRuns
          ? trans.__('No metrics in these runs. One value a step becomes a line:')
          : trans.__('Record one value a step and it becomes a line, while the cell runs:')}
      </p>
      <code>ds.metric("loss", loss, step=i)</code>
    </div>
  );
}
