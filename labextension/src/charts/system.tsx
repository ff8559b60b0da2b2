/** The group *System*: what the runs took of the machine, folded to one line until somebody opens it; nothing where nothing was read. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRun } from '../api/types';
import { MetricChart } from './parts';
import { PLAIN } from './plot-data';
import { FetchResources, hasResources, resourceCharts, resourceSummary } from './resources';
import { ResourcesModel } from './resources-model';

export interface ISystemChartsProps {
  runs: readonly IRun[];
  fetchResources: FetchResources;
  theme: string;
  trans: TranslationBundle;
  /** CSS pixels of each chart. */
  height: number;
}

export function SystemCharts(props: ISystemChartsProps): JSX.Element | null {
  const { runs, trans } = props;
  const [isOpen, setOpen] = React.useState(false);
  if (!runs.some(hasResources)) {
    return null;
  }
  return (
    <details className="ds-System" open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        {trans.__('System')} <span className="ds-Hint">{resourceSummary(runs, trans)}</span>
      </summary>
      {isOpen && <OpenCharts {...props} />}
    </details>
  );
}

function OpenCharts(props: ISystemChartsProps): JSX.Element {
  const { runs, trans } = props;
  const fetching = React.useRef(props.fetchResources);
  fetching.current = props.fetchResources;
  const [revision, setRevision] = React.useState(0);
  const model = React.useRef<ResourcesModel | null>(null);
  React.useEffect(() => {
    const made = new ResourcesModel(run => fetching.current(run));
    model.current = made;
    const onChanged = (): void => setRevision(before => before + 1);
    made.changed.connect(onChanged);
    return () => {
      made.changed.disconnect(onChanged);
      made.dispose();
    };
  }, []);
  React.useEffect(() => model.current?.show(runs), [runs]);
  const known = model.current?.known;
  const charts = React.useMemo(() => (known ? resourceCharts(runs, known, trans) : []), [runs, known, revision]);
  return (
    <>
      {model.current?.problem && (
        <div className="ds-Problem" role="alert">
          {model.current.problem}
        </div>
      )}
      {revision > 0 && !charts.length && !model.current?.problem && (
        <p className="ds-Hint">{trans.__('Too short for a chart: it is read every half second.')}</p>
      )}
      <div className="ds-System-charts">
        {charts.map(({ chart, name, text, tick }) => (
          <MetricChart
            key={name}
            chart={chart}
            drawing={PLAIN}
            axis="time"
            height={props.height}
            theme={props.theme}
            trans={trans}
            text={text}
            tick={tick}
          />
        ))}
      </div>
      {charts.some(({ name }) => name.startsWith('network_')) && (
        <p className="ds-Hint">{trans.__('Network is that of the whole computer or container.')}</p>
      )}
    </>
  );
}
