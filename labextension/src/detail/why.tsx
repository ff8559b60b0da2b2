/** Why a result is what it is: what it read, which earlier cells that came from, and what it ran on. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ExecutionId, IWhy } from '../api/types';
import { firstLine, promptText } from '../history/rows';
import { clockText } from '../words';
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
  const [isAll, setAll] = React.useState(false);
  if (!why) {
    return <p className="ds-Empty">{trans.__('Looking it up…')}</p>;
  }
  const packages = packageTexts(why.environment?.packages);
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
        <p>
          {why.session?.python || why.environment?.python
            ? trans.__('Python %1', why.session?.python || why.environment?.python)
            : trans.__('Not known.')}
          {why.session?.host && <span className="ds-Hint"> {trans.__('on %1', why.session.host)}</span>}
        </p>
        {packages.length > 0 && (
          <p className="ds-Why-packages">
            {isAll ? (
              packages.map(text => <code key={text}>{text}</code>)
            ) : (
              <button className="ds-Link" onClick={() => setAll(true)}>
                {trans._n('%1 package', '%1 packages', packages.length)}
              </button>
            )}
          </p>
        )}
      </section>
      <button className="ds-Link" onClick={props.onWhole}>
        {trans.__('Whole lineage')} ↗
      </button>
    </div>
  );
}

/** Packages come as 'name==1.0', as [name, version] or as {name, version}; in order of name. */
function packageTexts(packages: unknown): string[] {
  if (packages && typeof packages === 'object' && !Array.isArray(packages)) {
    return Object.entries(packages).map(([name, version]) => `${name} ${version}`).sort();
  }
  return (Array.isArray(packages) ? packages : [])
    .map(item => (typeof item === 'string' ? item : Array.isArray(item) ? item.join(' ') : `${item.name} ${item.version}`))
    .sort();
}
