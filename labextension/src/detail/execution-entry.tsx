/** One execution, whole: its verbs, the safe ones first, and four tabs. */
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ExecutionId, ICertificate, IExecution, IRun, IWhy, RunId, SnapshotId } from '../api/types';
import { OutcomeMark, promptText } from '../history/rows';
import { asItWasIcon, forkIcon, keepIcon, restoreIcon } from '../icons';
import { durationText, momentText } from '../words';
import { Certificate } from './certificate';
import { Code } from './code';
import { Files } from './files';
import type { EntryTab } from './model';
import { Outputs } from './output';
import { IVerb, recipeVerb, TabBar, Verbs } from './parts';
import { redactionText } from './redactions';
import { Why } from './why';

export interface IExecutionEntryProps {
  execution: IExecution;
  /** Runs it belongs to, as far as they are loaded. */
  runs: readonly IRun[];
  why: IWhy | null;
  /** How its kernel ended; null: it was not cut off, or nothing is known. */
  certificate: ICertificate | null;
  tab: EntryTab;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry | null;
  languages: IEditorLanguageRegistry | null;
  language: string;
  onTab: (tab: EntryTab) => void;
  onCopyCode: () => void;
  onAsItWas: () => void;
  onFork: () => void;
  onRestore: () => void;
  onResume: (snapshot: SnapshotId) => void;
  onRecipe: () => void;
  onKeep: () => void;
  onOpenRun: (id: RunId) => void;
  onOpenExecution: (id: ExecutionId) => void;
  onLineageOfFile: (path: string) => void;
  onOpenFile: (path: string) => void;
  onLineage: () => void;
}

export function ExecutionEntry(props: IExecutionEntryProps): JSX.Element {
  const { execution, trans } = props;
  const hasState = execution.snapshot !== null;
  const noState = trans.__('No state of the files was kept for it.');
  const verbs: IVerb[] = [
    { label: trans.__('Copy code'), onClick: props.onCopyCode },
    {
      label: trans.__('Show as it was'),
      icon: asItWasIcon,
      onClick: props.onAsItWas,
      isDisabled: !hasState || !execution.path,
      title: hasState ? trans.__('The notebook as it was then, read-only, beside the present one') : noState
    },
    {
      label: trans.__('Fork…'),
      icon: forkIcon,
      onClick: props.onFork,
      isDisabled: !hasState,
      title: hasState ? trans.__('Continue from that state in a new folder; this one stays as it is') : noState
    },
    {
      label: trans.__('Restore…'),
      icon: restoreIcon,
      onClick: props.onRestore,
      isDisabled: !hasState,
      title: hasState ? trans.__('Put files back as they were then; you choose which, and it can be undone') : noState
    },
    recipeVerb(props.onRecipe, trans)
  ];
  const tabs: [EntryTab, string][] = [
    ['code', trans.__('Code')],
    ['output', trans.__('Output')],
    ['files', trans.__('Files')],
    ['why', trans.__('Why')]
  ];
  return (
    <div className="ds-Entry-body">
      <div className="ds-Entry-title">
        <strong>{promptText(execution)}</strong>
        <span>{momentText(execution.started_at, new Date(), trans)}</span>
        {execution.outcome === 'ok' && <span>{trans.__('ok')}</span>}
        <OutcomeMark execution={execution} trans={trans} />
        {execution.duration_s !== null && <span>{durationText(execution.duration_s)}</span>}
      </div>
      <Verbs verbs={verbs} />
      <RunsOf {...props} />
      {props.certificate && (
        <Certificate certificate={props.certificate} trans={trans} onOpenCell={null} onResume={props.onResume} />
      )}
      <Remarks execution={execution} said={props.certificate?.sentence ?? ''} trans={trans} />
      <TabBar
        tabs={tabs.map(([id, label]) => ({ id, label, count: id === 'files' ? execution.files.length + (execution.unexplained?.length ?? 0) : 0 }))}
        current={props.tab}
        onChoose={id => props.onTab(id as EntryTab)}
        label={trans.__('Parts of this entry')}
      />
      <div className="ds-Entry-content" role="tabpanel">
        {props.tab === 'code' && <Code source={execution.source} language={props.language} languages={props.languages} />}
        {props.tab === 'output' && <Outputs execution={execution} rendermime={props.rendermime} trans={trans} />}
        {props.tab === 'files' && (
          <Files
            files={execution.files}
            unexplained={execution.unexplained}
            trans={trans}
            onLineage={props.onLineageOfFile}
            onOpen={props.onOpenFile}
          />
        )}
        {props.tab === 'why' && (
          <Why
            why={props.why}
            seeds={props.runs.find(run => run.executions[0] === execution.id)?.seeds ?? {}}
            trans={trans}
            onExecution={props.onOpenExecution}
            onLineage={props.onLineageOfFile}
            onOpen={props.onOpenFile}
            onWhole={props.onLineage}
          />
        )}
      </div>
    </div>
  );
}

function RunsOf(props: IExecutionEntryProps): JSX.Element {
  const { trans, runs } = props;
  return (
    <div className="ds-Entry-runs">
      {runs.map(run => (
        <button key={run.id} className="ds-Chip ds-mod-link" onClick={() => props.onOpenRun(run.id)}>
          {run.name}
        </button>
      ))}
      {!runs.length && props.execution.outcome !== 'running' && (
        <button
          className="ds-Link"
          title={trans.__('Make a run of it, with the numbers it printed, without executing it again')}
          onClick={props.onKeep}
        >
          <keepIcon.react tag="span" className="ds-Icon" /> {trans.__('Keep as run…')}
        </button>
      )}
    </div>
  );
}

/** What the reader should know before trusting the entry; nothing when all is well. */
function Remarks(props: { execution: IExecution; said: string; trans: TranslationBundle }): JSX.Element | null {
  const { execution, trans } = props;
  const remarks = [
    ...(execution.kind === 'widget' ? [trans.__('A widget called back; its code is in the cell that made it.')] : []),
    ...execution.capture_reasons.filter(reason => reason !== props.said),
    ...(execution.redactions?.length ? [redactionText(execution.redactions, trans)] : []),
    ...(execution.cell_id_from === 'unknown' && execution.kind === 'cell'
      ? [trans.__('Which cell this was is not known: its executor did not say.')]
      : []),
    ...(execution.is_overlapped ? [trans.__('The next cell may have begun before its files were kept.')] : []),
    ...(execution.overlaps.length ? [trans.__('Another kernel was running in this folder at the same time.')] : [])
  ];
  return remarks.length ? (
    <ul className="ds-Remarks">
      {remarks.map(remark => (
        <li key={remark}>{remark}</li>
      ))}
    </ul>
  ) : null;
}
