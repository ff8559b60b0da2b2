/** Name the new folder, read what the fork will hold, then make it. */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { sentenceOf } from '../api/errors';
import type { IForkPlan } from '../api/types';
import { baseName } from '../paths';
import { sizeText } from '../words';

const PLAN_PAUSE_MS = 300;

export interface IForkChoice {
  /** As Jupyter's contents name it. */
  folder: string;
  /** The notebook shall use the fork's own files where it names its origin's. */
  isUntied: boolean;
}

/** notebook: opened in the fork, as the workspace names it; null: none. The answer null: cancelled. */
export async function askWhereToFork(
  suggestion: string,
  notebook: string | null,
  plan: (path: string) => Promise<IForkPlan>,
  trans: TranslationBundle
): Promise<IForkChoice | null> {
  const body = new ForkBody(suggestion, notebook, plan, trans);
  const dialog = new Dialog<IForkChoice>({
    title: trans.__('Fork into a new folder'),
    body,
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: trans.__('Fork') })],
    focusNodeSelector: 'input'
  });
  dialog.addClass('ds-Dialog');
  const result = await dialog.launch();
  return result.button.accept ? body.getValue() : null;
}

class ForkBody extends ReactWidget implements Dialog.IBodyWidget<IForkChoice> {
  constructor(
    private _folder: string,
    private readonly _notebook: string | null,
    private readonly _plan: (path: string) => Promise<IForkPlan>,
    private readonly _trans: TranslationBundle
  ) {
    super();
  }

  getValue(): IForkChoice {
    return { folder: this._folder.trim().replace(/^\/+|\/+$/g, ''), isUntied: this._isUntied };
  }

  render(): JSX.Element {
    return (
      <ForkForm
        suggestion={this._folder}
        notebook={this._notebook}
        plan={this._plan}
        trans={this._trans}
        onFolder={folder => {
          this._folder = folder;
        }}
        onUntied={isUntied => {
          this._isUntied = isUntied;
        }}
      />
    );
  }

  private _isUntied = true;
}

function ForkForm(props: {
  suggestion: string;
  notebook: string | null;
  plan: (path: string) => Promise<IForkPlan>;
  trans: TranslationBundle;
  onFolder: (folder: string) => void;
  onUntied: (isUntied: boolean) => void;
}): JSX.Element {
  const { trans } = props;
  const [folder, setFolder] = React.useState(props.suggestion);
  const [plan, setPlan] = React.useState<IForkPlan | string | null>(null);
  React.useEffect(() => {
    let isStale = false;
    props.onFolder(folder);
    setPlan(null);
    const timer = window.setTimeout(() => {
      props
        .plan(folder.trim())
        .then(found => !isStale && setPlan(found))
        .catch(error => !isStale && setPlan(sentenceOf(error)));
    }, PLAN_PAUSE_MS);
    return () => {
      isStale = true;
      window.clearTimeout(timer);
    };
  }, [folder]);
  return (
    <div className="ds-Fork">
      <label>
        {trans.__('New folder, inside Jupyter’s root')}
        <input className="ds-Field" value={folder} onChange={event => setFolder(event.target.value)} />
      </label>
      {typeof plan === 'string' && (
        <p className="ds-Warning" role="alert">
          {plan}
        </p>
      )}
      {plan && typeof plan !== 'string' && (
        <>
          <p>{trans._n('%1 file, %2.', '%1 files, %2.', plan.n_files, sizeText(plan.bytes))}</p>
          {plan.n_later > 0 && (
            <p>
              {trans._n(
                '%1 large one, %2, is copied after the others.',
                '%1 large ones, %2, are copied after the others.',
                plan.n_later,
                sizeText(plan.later_bytes)
              )}
            </p>
          )}
          {plan.warnings.map(warning => (
            <p key={warning} className="ds-Warning">
              {warning}
            </p>
          ))}
          {props.notebook !== null && plan.tied.includes(props.notebook) && (
            <label className="ds-Fork-own">
              <input type="checkbox" defaultChecked={true} onChange={event => props.onUntied(event.target.checked)} />
              {trans.__('Let %1 use the fork’s own files instead', baseName(props.notebook))}
            </label>
          )}
          {plan.missing.length > 0 && (
            <details>
              <summary>{trans._n('%1 file is not in it', '%1 files are not in it', plan.missing.length)}</summary>
              <ul>
                {plan.missing.map(file => (
                  <li key={file.path}>
                    {file.path} <span className="ds-Hint">{file.reason}</span>
                  </li>
                ))}
              </ul>
            </details>
          )}
        </>
      )}
      <p className="ds-Hint">{trans.__('This folder stays as it is. The fork has a history of its own and knows where it came from.')}</p>
    </div>
  );
}
