/** The Charts tab: the ticked runs, else the newest, overlaid. */
import * as React from 'react';

import { SidebarCharts } from '../charts/sidebar';
import { CommandIDs } from '../command-ids';
import type { IPanelContext } from './widget';

export function chartsTab(context: IPanelContext): JSX.Element {
  return <ChartsTab {...context} />;
}

function ChartsTab(props: IPanelContext): JSX.Element {
  const { model, execute } = props;
  const { history, selection } = model;
  const ticked = history.runs.filter(run => selection.has(run.id));
  const shown = ticked.length ? ticked : history.runs.slice(0, 1);
  const identity = shown.map(run => run.id).join();
  // The same list while it holds the same records: the chart fetches when it changes.
  const runs = React.useMemo(() => shown, [identity, history.runs]);
  const workspace = history.target?.workspace;
  return (
    <SidebarCharts
      runs={runs}
      fetchSeries={async (run, query) => (workspace ? (await model.client.series(workspace, run, query)).items : [])}
      fetchResources={async run => (workspace ? (await model.client.resources(workspace, run)).items : [])}
      liveRunIds={model.now?.run ? [model.now.run.id] : []}
      theme={props.theme()}
      trans={props.trans}
      onOpen={metric => execute(CommandIDs.openChart, { workspace, runs: runs.map(run => run.id), name: metric })}
    />
  );
}
