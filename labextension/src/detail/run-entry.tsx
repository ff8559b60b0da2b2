/** One run, whole: renamed in place, starred, noted, labelled; its values, files and cells. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRunChange } from '../api/client';
import type { ExecutionId, ICertificate, IExecution, IRun, IRunEnvironment, Scalar, SnapshotId } from '../api/types';
import type { FetchResources } from '../charts/resources';
import { SystemCharts } from '../charts/system';
import { firstLine, promptText, RunStateMark } from '../history/rows';
import { asItWasIcon, forkIcon, restoreIcon, starFilledIcon, starIcon } from '../icons';
import { clockText, durationText, momentText, numberText, scalarText } from '../words';
import { Certificate } from './certificate';
import { RunEnvironment } from './environment-view';
import { Files } from './files';
import { labelText, parseLabel } from './labels';
import { IVerb, recipeVerb, Verbs } from './parts';

const CHART_HEIGHT = 90;

export interface IRunEntryProps {
  run: IRun;
  /** Its cells, as far as they are loaded. */
  executions: readonly IExecution[];
  trans: TranslationBundle;
  /** How its kernel ended; null: it was not cut off, or nothing is known. */
  certificate: ICertificate | null;
  theme: string;
  fetchResources: FetchResources;
  fetchEnvironment: () => Promise<IRunEnvironment>;
  onChange: (change: IRunChange) => void;
  onAsItWas: () => void;
  onFork: () => void;
  onRestore: () => void;
  onResume: (snapshot: SnapshotId) => void;
  onRecipe: () => void;
  onCopyRows: () => void;
  onOpenExecution: (id: ExecutionId) => void;
  onLineageOfFile: (path: string) => void;
  onOpenFile: (path: string) => void;
  onLineage: () => void;
}

export function RunEntry(props: IRunEntryProps): JSX.Element {
  const { run, certificate, trans } = props;
  const hasState = run.snapshot !== null;
  const isNotebook = !!run.path?.endsWith('.ipynb');
  const verbs: IVerb[] = [
    { label: trans.__('Copy row'), onClick: props.onCopyRows },
    { label: trans.__('Show as it was'), icon: asItWasIcon, onClick: props.onAsItWas, isDisabled: !hasState || !isNotebook },
    { label: trans.__('Fork…'), icon: forkIcon, onClick: props.onFork, isDisabled: !hasState },
    { label: trans.__('Restore…'), icon: restoreIcon, onClick: props.onRestore, isDisabled: !hasState },
    recipeVerb(props.onRecipe, trans)
  ];
  const metrics = Object.entries(run.metrics).map(
    ([name, metric]) =>
      [name, numberText(metric.last), metric.n_points > 1 ? rangeText(metric, trans) : ''] as const
  );
  return (
    <div className="ds-Entry-body">
      <div className="ds-Entry-title">
        <Editable text={run.name} label={trans.__('Name of the run')} onSave={name => name && props.onChange({ name })} />
        <button
          className={`ds-Row-star${run.is_starred ? ' ds-mod-on' : ''}`}
          aria-pressed={run.is_starred}
          title={run.is_starred ? trans.__('Remove the star') : trans.__('Star this run')}
          onClick={() => props.onChange({ is_starred: !run.is_starred })}
        >
          {run.is_starred ? <starFilledIcon.react tag="span" /> : <starIcon.react tag="span" />}
        </button>
      </div>
      <div className="ds-Entry-title">
        <span>{momentText(run.started_at, new Date(), trans)}</span>
        {run.state === 'finished' && <span>{trans.__('finished')}</span>}
        <RunStateMark run={run} trans={trans} />
        {run.duration_s !== null && <span>{durationText(run.duration_s)}</span>}
      </div>
      {run.state_reason && run.state_reason !== certificate?.sentence && <p className="ds-Hint">{run.state_reason}</p>}
      {certificate && (
        <Certificate certificate={certificate} trans={trans} onOpenCell={props.onOpenExecution} onResume={props.onResume} />
      )}
      {run.description && <p>{run.description}</p>}
      <Verbs verbs={verbs} />
      <div className="ds-Entry-content">
        <Labels labels={run.labels} trans={trans} onChange={labels => props.onChange({ labels })} />
        <Editable
          text={run.note}
          label={trans.__('Note')}
          placeholder={trans.__('Add a note: why this one?')}
          isLong={true}
          onSave={note => props.onChange({ note })}
        />
        <Values title={trans.__('Metrics')} rows={[...metrics, ...plain(run.summary), ...plain(run.metric_texts)]} />
        <Values
          title={trans.__('Parameters')}
          rows={plain(run.parameters).map(
            ([name, text]) =>
              [name, text, run.carried_over.includes(name) ? trans.__('from the run before') : ''] as const
          )}
        />
        <System run={run} fetchResources={props.fetchResources} theme={props.theme} trans={trans} />
        <RunEnvironment key={run.id} fetchEnvironment={props.fetchEnvironment} trans={trans} />
        <section>
          <h3>{trans.__('Cells')}</h3>
          {props.executions.map(execution => (
            <button key={execution.id} className="ds-Why-cell" onClick={() => props.onOpenExecution(execution.id)}>
              <span className="ds-Row-prompt">{promptText(execution)}</span>
              <code>{firstLine(execution.source)}</code>
              <time>{clockText(execution.started_at)}</time>
            </button>
          ))}
        </section>
        {run.inputs.length + run.outputs.length > 0 && (
          <Files
            files={[...run.inputs, ...run.outputs]}
            trans={trans}
            onLineage={props.onLineageOfFile}
            onOpen={props.onOpenFile}
          />
        )}
        <button className="ds-Link" onClick={props.onLineage}>
          {trans.__('Whole lineage')} ↗
        </button>
      </div>
    </div>
  );
}

/** The same list of one as long as it is the same record: its charts fetch when it changes. */
function System(props: { run: IRun; fetchResources: FetchResources; theme: string; trans: TranslationBundle }): JSX.Element {
  const runs = React.useMemo(() => [props.run], [props.run]);
  return <SystemCharts {...props} runs={runs} height={CHART_HEIGHT} />;
}

/** Text that becomes a field when clicked; Enter saves, Escape leaves it as it was. */
function Editable(props: {
  text: string;
  label: string;
  placeholder?: string;
  isLong?: boolean;
  onSave: (text: string) => void;
}): JSX.Element {
  const [draft, setDraft] = React.useState<string | null>(null);
  if (draft === null) {
    return (
      <button className={`ds-Editable${props.isLong ? ' ds-mod-long' : ''}`} title={props.label} onClick={() => setDraft(props.text)}>
        {props.text || <span className="ds-Hint">{props.placeholder}</span>}
      </button>
    );
  }
  const save = (): void => {
    setDraft(null);
    if (draft !== props.text) {
      props.onSave(draft);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      setDraft(null);
    } else if (event.key === 'Enter' && !(props.isLong && event.shiftKey)) {
      event.preventDefault();
      save();
    }
  };
  const field = {
    className: 'ds-Field',
    'aria-label': props.label,
    autoFocus: true,
    value: draft,
    onBlur: save,
    onKeyDown
  };
  return props.isLong ? (
    <textarea {...field} rows={3} onChange={event => setDraft(event.target.value)} />
  ) : (
    <input {...field} onChange={event => setDraft(event.target.value)} />
  );
}

function Labels(props: {
  labels: Record<string, Scalar>;
  trans: TranslationBundle;
  onChange: (labels: Record<string, Scalar>) => void;
}): JSX.Element {
  const { trans } = props;
  const [draft, setDraft] = React.useState('');
  const add = (): void => {
    const label = parseLabel(draft);
    if (label) {
      props.onChange({ [label.name]: label.value });
    }
    setDraft('');
  };
  return (
    <div className="ds-Labels">
      {Object.entries(props.labels).map(([name, value]) => (
        <span key={name} className="ds-Chip">
          {labelText(name, value)}
          <button aria-label={trans.__('Remove the label %1', name)} onClick={() => props.onChange({ [name]: null })}>
            ×
          </button>
        </span>
      ))}
      <input
        className="ds-Field ds-Labels-new"
        placeholder={trans.__('Label, or key: text')}
        aria-label={trans.__('New label')}
        value={draft}
        onChange={event => setDraft(event.target.value)}
        onKeyDown={event => event.key === 'Enter' && add()}
        onBlur={add}
      />
    </div>
  );
}

function Values(props: { title: string; rows: (readonly [string, string, string])[] }): JSX.Element | null {
  return props.rows.length ? (
    <section>
      <h3>{props.title}</h3>
      <table className="ds-Values">
        <tbody>
          {props.rows.map(([name, text, remark]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{text}</td>
              <td className="ds-Hint">{remark}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  ) : null;
}

function plain(values: Record<string, Scalar>): [string, string, string][] {
  return Object.entries(values).map(([name, value]) => [name, scalarText(value, 60), '']);
}

function rangeText(metric: IRun['metrics'][string], trans: TranslationBundle): string {
  return trans.__('%1 to %2, %3 points', numberText(metric.min, 3), numberText(metric.max, 3), metric.n_points);
}
