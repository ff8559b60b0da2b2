/** What a result ran on: the same of a cell and of a run. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { sentenceOf } from '../api/errors';
import type { IRunEnvironment } from '../api/types';
import { commitOf, environmentFacts, packageTexts, seedTexts } from './environment';

export interface IEnvironmentProps {
  /** As captured; null: not known. */
  environment: Record<string, any> | null;
  /** '' where only the environment says it. */
  python: string;
  host: string;
  seeds: Record<string, string>;
  /** What was in memory at the end; absent: not looked at. */
  loaded?: Record<string, any>;
  trans: TranslationBundle;
}

export function Environment(props: IEnvironmentProps): JSX.Element {
  const { environment, trans } = props;
  const packages = packageTexts(environment?.packages);
  const loaded = packageTexts(props.loaded?.packages);
  const commit = commitOf(environment, trans);
  const seeds = seedTexts(props.seeds);
  const python = props.python || environment?.python;
  return (
    <div className="ds-Environment">
      <p>
        {python ? trans.__('Python %1', python) : trans.__('Not known.')}
        {props.host && <span className="ds-Hint"> {trans.__('on %1', props.host)}</span>}
      </p>
      <dl>
        {commit && (
          <>
            <dt>{trans.__('Git commit')}</dt>
            <dd>
              <code>{commit.text}</code>
              {commit.is_changed && !commit.diff && <span className="ds-Hint"> {trans.__('with changes')}</span>}
              {commit.diff && <Folded title={trans.__('with changes')} lines={commit.diff.split('\n')} />}
              {commit.n_left_out > 0 && (
                <span className="ds-Hint">
                  {trans._n('%1 changed file is not in this text', '%1 changed files are not in this text', commit.n_left_out)}
                </span>
              )}
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
      {loaded.length > 0 && (
        <Folded title={trans._n('%1 package in memory', '%1 packages in memory', loaded.length)} lines={loaded} />
      )}
      {packages.length > 0 && (
        <Folded title={trans._n('%1 package installed', '%1 packages installed', packages.length)} lines={packages} />
      )}
    </div>
  );
}

/** Of a run, folded to one line and fetched when somebody opens it. */
export function RunEnvironment(props: {
  fetchEnvironment: () => Promise<IRunEnvironment>;
  trans: TranslationBundle;
}): JSX.Element {
  const { trans } = props;
  const [isOpen, setOpen] = React.useState(false);
  const [found, setFound] = React.useState<IRunEnvironment | null>(null);
  const [problem, setProblem] = React.useState('');
  React.useEffect(() => {
    if (!isOpen || found) {
      return;
    }
    let isStale = false;
    props.fetchEnvironment().then(
      answer => !isStale && setFound(answer),
      error => !isStale && setProblem(sentenceOf(error))
    );
    return () => {
      isStale = true;
    };
  }, [isOpen]);
  return (
    <details className="ds-System" open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Environment')}</summary>
      {problem && (
        <div className="ds-Problem" role="alert">
          {problem}
        </div>
      )}
      {found && <Environment {...found} python="" host="" trans={trans} />}
    </details>
  );
}

/** Long lists are one line until somebody asks. */
function Folded(props: { title: string; lines: readonly string[] }): JSX.Element {
  const [isOpen, setOpen] = React.useState(false);
  return (
    <details className="ds-Why-packages" open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{props.title}</summary>
      {isOpen && <pre tabIndex={0}>{props.lines.join('\n')}</pre>}
    </details>
  );
}
