/** Why a result is what it is: what it read, which earlier cells that came from, and what it ran on. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ExecutionId, IWhy } from '../api/types';
import { firstLine, promptText } from '../history/rows';
import { clockText } from '../words';
import { commitOf, environmentFacts, packageTexts, seedTexts } from './environment';
import { Files } from './files';

export function Why(props: {
  why: IWhy | null;
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
      <Environment why={why} trans={trans} />
      <button className="ds-Link" onClick={props.onWhole}>
        {trans.__('Whole lineage')} ↗
      </button>
    </div>
  );
}

function Environment(props: { why: IWhy; trans: TranslationBundle }): JSX.Element {
  const { why, trans } = props;
  const { environment, session } = why;
  const packages = packageTexts(environment?.packages);
  const commit = commitOf(environment, trans);
  const seeds = seedTexts(environment?.seeds);
  const python = session?.python || environment?.python;
  return (
    <section className="ds-Why-environment">
      <h3>{trans.__('Environment')}</h3>
      <p>
        {python ? trans.__('Python %1', python) : trans.__('Not known.')}
        {session?.host && <span className="ds-Hint"> {trans.__('on %1', session.host)}</span>}
      </p>
      <dl>
        {commit && (
          <>
            <dt>{trans.__('Git commit')}</dt>
            <dd>
              <code>{commit.text}</code>
              {commit.is_changed && !commit.diff && <span className="ds-Hint"> {trans.__('with changes')}</span>}
              {commit.diff && <Folded title={trans.__('with changes')} lines={commit.diff.split('\n')} />}
            </dd>
          </>
        )}
        {seeds.length > 0 && (
          <>
            <dt>{trans.__('Random state')}</dt>
            <dd>{seeds.join(', ')}</dd>
          </>
        )}
        {environmentFacts(environment, trans).map(([name, text]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </React.Fragment>
        ))}
      </dl>
      {packages.length > 0 && <Folded title={trans._n('%1 package', '%1 packages', packages.length)} lines={packages} />}
    </section>
  );
}

/** Long lists are one line until somebody asks. */
function Folded(props: { title: string; lines: readonly string[] }): JSX.Element {
  const [isOpen, setOpen] = React.useState(false);
  return (
    <details className="ds-Why-packages" open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{props.title}</summary>
      {isOpen && <pre>{props.lines.join('\n')}</pre>}
    </details>
  );
}
