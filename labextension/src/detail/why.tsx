/** Why a result is what it is: what it read, which earlier cells that came from, and what it ran on. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ExecutionId, IWhy } from '../api/types';
import { firstLine, promptText } from '../history/rows';
import { clockText } from '../words';
import { Environment } from './environment-view';
import { Files } from './files';

export function Why(props: {
  why: IWhy | null;
  /** Of the run that this cell opened; {}: it opened none. */
  seeds: Record<string, string>;
  trans: TranslationBundle;
  onExecution: (id: ExecutionId) => void;
  onLineage: (path: string) => void;
  onOpen: (path: string) => void;
  onWhole: () => void;
}): JSX.Element {
  const { why, trans } = props;
  if (!why) {
    return <p className="ds-Empty">{trans.__('Looking it up…')}</p>;
  }
  return (
    <div className="ds-Why">
      <section>
        <h3>{trans.__('Cells it builds on')}</h3>
        {!why.upstream.length && <p className="ds-Hint">{trans.__('None that were recorded.')}</p>}
        <ul>
          {why.upstream.map(({ execution, because }) => (
            <li key={execution.id}>
              <button className="ds-Why-cell" onClick={() => props.onExecution(execution.id)}>
                <span className="ds-Row-prompt">{promptText(execution)}</span>
                <code>{firstLine(execution.source)}</code>
                <time>{clockText(execution.started_at)}</time>
              </button>
              {because.length > 0 && <p className="ds-Hint">{trans.__('through %1', because.join(', '))}</p>}
            </li>
          ))}
        </ul>
      </section>
      {why.inputs.length > 0 && (
        <Files files={why.inputs} trans={trans} onLineage={props.onLineage} onOpen={props.onOpen} />
      )}
      <section>
        <h3>{trans.__('Environment')}</h3>
        <Environment
          environment={why.environment}
          python={why.session?.python ?? ''}
          host={why.session?.host ?? ''}
          seeds={props.seeds}
          trans={trans}
        />
      </section>
      <button className="ds-Link" onClick={props.onWhole}>
        {trans.__('Whole lineage')} ↗
      </button>
    </div>
  );
}
