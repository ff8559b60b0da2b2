/** One row of the timeline each. They draw what they are given; the list decides which one has the focus. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IExecution, IRun } from '../api/types';
import { labelText } from '../detail/labels';
import { starFilledIcon, starIcon } from '../icons';
import { clockText, durationText } from '../words';
import type { IShownValue } from './chosen-values';
import { RunName } from './run-name';
import type { IEmptyItem, IExecutionItem, IRunItem } from './timeline';

export function RunRow(props: {
  item: IRunItem;
  values: IShownValue[];
  isTicked: boolean;
  trans: TranslationBundle;
  onTick: () => void;
  onToggle: () => void;
  onStar: () => void;
}): JSX.Element {
  const { item, trans } = props;
  const { run } = item;
  const labels = Object.entries(run.labels).map(([name, value]) => labelText(name, value));
  return (
    <>
      <input
        type="checkbox"
        className="ds-Row-tick"
        tabIndex={-1}
        checked={props.isTicked}
        aria-label={trans.__('Select %1', run.name)}
        onClick={stop}
        onChange={props.onTick}
      />
      <button
        className="ds-Row-twist"
        tabIndex={-1}
        aria-hidden={true}
        disabled={!item.n_executions}
        title={item.isOpen ? trans.__('Fold the cells of this run') : trans.__('Show the cells of this run')}
        onClick={event => {
          stop(event);
          props.onToggle();
        }}
      >
        {item.n_executions ? (item.isOpen ? '▾' : '▸') : ''}
      </button>
      <span className="ds-Row-name" title={`${run.description || run.name}\n${run.id}`}>
        <RunName name={run.name} />
      </span>
      <span className="ds-Row-values">
        {props.values.map(value => (
          <span key={value.name} className="ds-Value" title={`${value.name} = ${value.text}`}>
            <span className="ds-Value-name">{value.name}</span> <span className="ds-Value-text">{value.text}</span>
            {value.trend && (
              <span className="ds-Value-trend" aria-label={value.trend === 'up' ? trans.__('higher') : trans.__('lower')}>
                {value.trend === 'up' ? '▲' : '▼'}
              </span>
            )}
          </span>
        ))}
        {labels.map(label => (
          <span key={label} className="ds-Chip">
            {label}
          </span>
        ))}
      </span>
      <RunStateMark run={run} trans={trans} />
      {run.note && (
        <span className="ds-Row-note" title={run.note} aria-label={trans.__('Has a note')}>
          ✎
        </span>
      )}
      <button
        className={`ds-Row-star${run.is_starred ? ' ds-mod-on' : ''}`}
        tabIndex={-1}
        aria-pressed={run.is_starred}
        title={run.is_starred ? trans.__('Remove the star') : trans.__('Star this run')}
        onClick={event => {
          stop(event);
          props.onStar();
        }}
      >
        {run.is_starred ? <starFilledIcon.react tag="span" /> : <starIcon.react tag="span" />}
      </button>
      {run.state !== 'running' && (
        <time className="ds-Row-time" dateTime={run.started_at}>
          {clockText(run.started_at)}
        </time>
      )}
    </>
  );
}

export function ExecutionRow(props: { item: IExecutionItem; trans: TranslationBundle; onUnfold: () => void }): JSX.Element {
  const { item, trans } = props;
  const { execution } = item;
  const n_written = execution.files.filter(file => file.role === 'output').length;
  return (
    <>
      <span className="ds-Row-prompt">{promptText(execution)}</span>
      <code className="ds-Row-source" title={execution.source.slice(0, 2000)}>
        {firstLine(execution.source) || (execution.kind === 'widget' ? firstLine(execution.outputs_text) : trans.__('(empty)'))}
      </code>
      {item.repeats.length > 0 && (
        <button
          className="ds-Row-repeats"
          tabIndex={-1}
          title={trans.__('Show each of the %1 executions', item.repeats.length + 1)}
          onClick={event => {
            stop(event);
            props.onUnfold();
          }}
        >
          ×{item.repeats.length + 1}
        </button>
      )}
      <OutcomeMark execution={execution} trans={trans} />
      {n_written > 0 && <span className="ds-Row-files">{trans._n('+%1 file', '+%1 files', n_written)}</span>}
      {execution.duration_s !== null && execution.duration_s >= 1 && (
        <span className="ds-Row-duration">{durationText(execution.duration_s)}</span>
      )}
      {item.run === null && (
        <time className="ds-Row-time" dateTime={execution.started_at}>
          {clockText(execution.started_at)}
        </time>
      )}
    </>
  );
}

export function EmptyRow(props: { item: IEmptyItem; trans: TranslationBundle }): JSX.Element {
  const count = props.item.executions.length;
  return <span className="ds-Row-empty">{props.trans._n('%1 cell without code', '%1 cells without code', count)}</span>;
}

/** A run that did not end well says so in a word; one that did says nothing. */
export function RunStateMark(props: { run: IRun; trans: TranslationBundle }): JSX.Element | null {
  const { run, trans } = props;
  const words: Record<string, string> = {
    running: trans.__('running'),
    failed: trans.__('failed'),
    interrupted: trans.__('interrupted'),
    killed: trans.__('killed'),
    incomplete: trans.__('incomplete')
  };
  return run.state in words ? (
    <span className={`ds-State ds-mod-${run.state}`} title={run.state_reason}>
      {words[run.state]}
    </span>
  ) : null;
}

export function OutcomeMark(props: { execution: IExecution; trans: TranslationBundle }): JSX.Element | null {
  const { execution, trans } = props;
  if (execution.outcome === 'ok') {
    return null;
  }
  const words: Record<string, string> = {
    running: trans.__('running'),
    error: execution.error?.name || trans.__('error'),
    interrupted: trans.__('interrupted'),
    killed: trans.__('killed'),
    incomplete: trans.__('incomplete')
  };
  return (
    <span className={`ds-State ds-mod-${execution.outcome}`} title={execution.error?.value ?? ''}>
      {words[execution.outcome] ?? execution.outcome}
    </span>
  );
}

/** 'In [12]', or what it was instead of a cell. */
export function promptText(execution: IExecution): string {
  if (execution.kind === 'cell' || execution.execution_count !== null) {
    return `In [${execution.execution_count ?? '·'}]`;
  }
  return execution.kind;
}

/** The first line that says something; a leading comment counts when it is all there is before code. */
export function firstLine(source: string): string {
  return source.split('\n').find(line => line.trim())?.trim() ?? '';
}

function stop(event: React.SyntheticEvent): void {
  event.stopPropagation();
}
