/** Joins one open entry's model to its view; it replaces the list until Escape or the arrow. */
import * as React from 'react';

import type { IExecution, IRun } from '../api/types';
import { CommandIDs } from '../command-ids';
import { ExecutionEntry } from '../detail/execution-entry';
import type { EntryModel } from '../detail/model';
import { RunEntry } from '../detail/run-entry';
import type { IPanelContext } from './widget';

type EntryProps = IPanelContext & { entry: EntryModel };

export function EntryPane(props: EntryProps): JSX.Element {
  const { entry, model, trans } = props;
  const back = React.useRef<HTMLButtonElement>(null);
  React.useEffect(() => back.current?.focus(), [entry]);
  return (
    <div className="ds-Entry">
      <button className="ds-Link ds-Entry-back" ref={back} onClick={() => model.closeEntry()}>
        ← {trans.__('Back')}
      </button>
      {entry.problem && (
        <div className="ds-Problem" role="alert">
          {entry.problem}
        </div>
      )}
      {entry.execution && <ExecutionPane {...props} execution={entry.execution} />}
      {entry.run && <RunPane {...props} run={entry.run} />}
    </div>
  );
}

function ExecutionPane(props: EntryProps & { execution: IExecution }): JSX.Element {
  const { entry, execution, model, execute } = props;
  const { workspace } = entry.ref;
  const { snapshot, path } = execution;
  return (
    <ExecutionEntry
      execution={execution}
      runs={model.history.runs.filter(other => isOf(other, execution))}
      why={entry.why}
      certificate={entry.certificate}
      tab={entry.tab}
      trans={props.trans}
      rendermime={props.rendermime}
      languages={props.languages}
      language={languageOf(model.focus.panel?.content.codeMimetype)}
      onTab={tab => {
        entry.tab = tab;
      }}
      onCopyCode={() => execute(CommandIDs.copyCode, { text: execution.source })}
      onAsItWas={() => execute(CommandIDs.asItWas, { workspace, snapshot, path, cell_id: execution.cell_id })}
      onFork={() => execute(CommandIDs.fork, { workspace, snapshot, path })}
      onRestore={() => execute(CommandIDs.restore, { workspace, snapshot, path, at: execution.finished_at ?? execution.started_at })}
      onResume={from => execute(CommandIDs.resumeCutOff, { workspace, session: execution.session, snapshot: from, path })}
      onRecipe={() => execute(CommandIDs.makeRecipe, { workspace, of: `execution:${execution.id}`, path })}
      onKeep={() => execute(CommandIDs.keepAsRun, { workspace, execution: execution.id })}
      onOpenRun={id => model.openEntry({ workspace, run: id })}
      onOpenExecution={id => model.openEntry({ workspace, execution: id })}
      onLineageOfFile={file => execute(CommandIDs.openLineage, { workspace, of: `file:${file}` })}
      onOpenFile={file => openFile(props, file)}
      onLineage={() => execute(CommandIDs.openLineage, { workspace, of: `execution:${execution.id}` })}
    />
  );
}

function RunPane(props: EntryProps & { run: IRun }): JSX.Element {
  const { entry, model, execute } = props;
  const shown = props.run;
  const { workspace } = entry.ref;
  const { snapshot, path } = shown;
  return (
    <RunEntry
      run={shown}
      executions={model.history.executions.filter(execution => isOf(shown, execution)).reverse()}
      trans={props.trans}
      certificate={entry.certificate}
      theme={props.theme()}
      fetchResources={async run => (await model.client.resources(workspace, run)).items}
      fetchEnvironment={() => model.client.runEnvironment(workspace, shown.id)}
      onChange={change => void entry.changeRun(change).then(changed => changed && model.history.putRun(changed))}
      onAsItWas={() => execute(CommandIDs.asItWas, { workspace, snapshot, path })}
      onFork={() => execute(CommandIDs.fork, { workspace, snapshot, path })}
      onRestore={() => execute(CommandIDs.restore, { workspace, snapshot, path, at: shown.finished_at ?? shown.started_at })}
      onResume={from => execute(CommandIDs.resumeCutOff, { workspace, session: shown.session, snapshot: from, path })}
      onRecipe={() => execute(CommandIDs.makeRecipe, { workspace, of: `run:${shown.id}`, path })}
      onCopyRows={() => execute(CommandIDs.copyRows, { workspace, runs: [shown.id] })}
      onOpenExecution={id => model.openEntry({ workspace, execution: id })}
      onLineageOfFile={file => execute(CommandIDs.openLineage, { workspace, of: `file:${file}` })}
      onOpenFile={file => openFile(props, file)}
      onLineage={() => execute(CommandIDs.openLineage, { workspace, of: `run:${shown.id}` })}
    />
  );
}

function openFile(props: EntryProps, file: string): void {
  const path = props.model.focus.contentsPath(file);
  if (path !== null) {
    props.execute('docmanager:open', { path });
  }
}

function isOf(run: IRun, execution: IExecution): boolean {
  return run.executions.includes(execution.id) || execution.runs.includes(run.id);
}

/** 'text/x-ipython' -> 'python'; 'text/x-rsrc' -> 'rsrc' */
function languageOf(mimetype: string | undefined): string {
  const name = (mimetype ?? '').replace(/^.*\//, '').replace(/^x-/, '');
  return name === '' || name === 'ipython' ? 'python' : name;
}
