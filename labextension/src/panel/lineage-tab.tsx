/** The Lineage tab: what the notebook in focus read and wrote, fetched while the tab is shown. */
import * as React from 'react';

import { sentenceOf } from '../api/errors';
import type { ILineage } from '../api/types';
import { CommandIDs } from '../command-ids';
import { SidebarLineage } from '../lineage/sidebar';
import type { IPanelContext } from './widget';

const MAX_NODES = 60;

export function lineageTab(context: IPanelContext): JSX.Element {
  return <LineageTab {...context} />;
}

function LineageTab(props: IPanelContext): JSX.Element {
  const { model, trans, execute } = props;
  const target = model.history.target;
  const [lineage, setLineage] = React.useState<ILineage | null>(null);
  const [problem, setProblem] = React.useState('');
  // Lineage moves when an execution has ended, not while it prints.
  const newest = model.history.executions.find(execution => execution.outcome !== 'running')?.id;
  React.useEffect(() => {
    if (!target) {
      return;
    }
    const stop = new AbortController();
    model.client.lineage(target.workspace, { of: `notebook:${target.path}`, limit: MAX_NODES }, stop.signal).then(
      found => {
        setLineage(found);
        setProblem('');
      },
      error => !stop.signal.aborted && setProblem(sentenceOf(error))
    );
    return () => stop.abort();
  }, [target?.workspace, target?.path, newest]);
  if (problem) {
    return (
      <div className="ds-Problem" role="alert">
        {problem}
      </div>
    );
  }
  const open = (of: string): void => execute(CommandIDs.openLineage, { workspace: target?.workspace ?? null, of });
  return (
    <SidebarLineage
      lineage={target ? lineage : null}
      trans={trans}
      onOpen={() => open(`notebook:${target?.path}`)}
      onOpenNode={node => {
        const id = node.id.slice(node.id.indexOf(':') + 1);
        if (target && node.kind === 'execution') {
          model.openEntry({ workspace: target.workspace, execution: id });
        } else if (target && node.kind === 'run') {
          model.openEntry({ workspace: target.workspace, run: id });
        } else if (node.path) {
          open(`${node.kind === 'notebook' ? 'notebook' : 'file'}:${node.path}`);
        }
      }}
    />
  );
}
