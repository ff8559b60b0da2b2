/** Joins the history's model to its view. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IStatus } from '../api/types';
import { CommandIDs } from '../command-ids';
import { firstLine } from '../history/rows';
import { HistoryView } from '../history/view';
import type { IPanelContext } from './widget';

export function HistoryPane(props: IPanelContext): JSX.Element {
  const { model, trans, execute } = props;
  const { history, selection } = model;
  const workspace = history.target?.workspace ?? null;
  if (!workspace) {
    return <div className="ds-Empty">{emptyText(model.focus.status, trans)}</div>;
  }
  const runs = [...selection.ids];
  const cell = history.cellId && history.executions.find(execution => execution.cell_id === history.cellId);
  return (
    <HistoryView
      items={history.items}
      runs={history.runs}
      ticked={selection.ids}
      shownValues={props.shownValues()}
      hasMore={history.hasMore}
      trans={trans}
      isLoaded={history.isLoaded}
      problem={history.problem}
      filter={history.filter}
      text={history.text}
      returnTo={model.returnTo}
      onReturned={() => {
        model.returnTo = null;
      }}
      cellTitle={history.cellId ? (cell ? firstLine(cell.source) : trans.__('this cell')) : null}
      onOpenExecution={execution => model.openEntry({ workspace, execution })}
      onOpenRun={id => model.openEntry({ workspace, run: id })}
      onTick={id => selection.toggle(id)}
      onToggleRun={id => history.toggleRun(id)}
      onUnfold={id => history.unfold(id)}
      onStar={({ id, is_starred }) => execute(CommandIDs.star, { workspace, run: id, is_starred: !is_starred })}
      onMore={() => void history.loadMore()}
      onSearch={text => history.search(text)}
      onFilter={filter => history.show(filter)}
      onWholeNotebook={() => history.showCell(null)}
      onRetry={() => history.refresh()}
      onCompare={() => execute(CommandIDs.compare, { workspace, runs })}
      onCopyRows={() => execute(CommandIDs.copyRows, { workspace, runs })}
      onLabel={() => execute(CommandIDs.label, { workspace, runs })}
      onClearTicks={() => selection.set([])}
      onAllRuns={() => execute(CommandIDs.openRuns, { workspace, path: history.target!.path })}
    />
  );
}

/** What to do where there is no history: begin one, or get a lost one back. */
function emptyText(status: IStatus | null, trans: TranslationBundle): string {
  if (status?.state === 'not_recorded') {
    return trans.__('The history appears here once recording works again.');
  }
  return status?.had_history_until
    ? trans.__('%1 Your own files stay as they are. If you run a cell, a new history begins.', status.remedy)
    : trans.__('Run a cell: its code, outputs and files appear here.');
}
