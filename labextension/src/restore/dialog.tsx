/** Choose what to put back: only the open notebook is ticked, and what cannot be restored is named. */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IRestoreStep } from '../api/types';
import { sizeText } from '../words';
import { IRestoreChoice, heldOf, tickedAtFirst } from './choice';

export interface IRestoreQuestion {
  choice: IRestoreChoice;
  /** The file in question, most often the notebook in focus, by its workspace path. */
  open: string | null;
  /** Ticked at first in its place; []: none are asked for. */
  asked: readonly string[];
  /** Workspace paths of open documents with edits that are not saved. */
  unsaved: ReadonlySet<string>;
  /** '14:03' */
  when: string;
}

/** The chosen workspace paths; null: cancelled. */
export async function askWhatToRestore(question: IRestoreQuestion, trans: TranslationBundle): Promise<string[] | null> {
  const body = new RestoreBody(question, trans);
  const dialog = new Dialog<string[]>({
    title: trans.__('Restore files from %1', question.when),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Restore'), ariaLabel: trans.__('Restore the ticked files') })
    ],
    focusNodeSelector: 'input'
  });
  dialog.addClass('ds-Dialog');
  const result = await dialog.launch();
  return result.button.accept ? body.getValue() : null;
}

class RestoreBody extends ReactWidget implements Dialog.IBodyWidget<string[]> {
  constructor(
    private readonly _question: IRestoreQuestion,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this._ticked = new Set(tickedAtFirst(_question.choice, _question.open, _question.asked));
  }

  getValue(): string[] {
    return [...this._ticked];
  }

  render(): JSX.Element {
    const { choice, open, unsaved } = this._question;
    const trans = this._trans;
    const ticked = this._question.choice.choices.filter(step => this._ticked.has(step.path));
    const held = heldOf(choice, this._ticked);
    const unsavedTicked = ticked.filter(step => unsaved.has(step.path));
    return (
      <div className="ds-Restore">
        {!choice.choices.length && <p>{trans.__('Every file that can be restored is already as it was.')}</p>}
        {choice.choices.length > 0 && (
          <>
            <p>{trans.__('Ticked files are put back. The present state is kept first, so this can be undone.')}</p>
            {choice.choices.length > 1 && this._all(choice.choices)}
            <ul>
              {choice.choices.map(step => (
                <li key={step.path}>
                  <label>
                    <input type="checkbox" checked={this._ticked.has(step.path)} onChange={() => this._flip(step.path)} />
                    <span className="ds-Restore-path">{step.path}</span>
                    {step.path === open && <span className="ds-Chip">{trans.__('open')}</span>}
                    <span className="ds-Hint">{actText(step, trans)}</span>
                  </label>
                </li>
              ))}
            </ul>
          </>
        )}
        {unsavedTicked.length > 0 && (
          <p className="ds-Warning" role="alert">
            {trans.__(
              '%1 has edits that are not saved. They are saved first, so that Undo brings them back.',
              unsavedTicked.map(step => step.path).join(', ')
            )}
          </p>
        )}
        {held.map(step => (
          <p className="ds-Warning" role="alert" key={step.path}>
            {trans.__('%1 is being written by %2. What it writes next may be lost, or spoil the restored file.', step.path, step.writer)}
          </p>
        ))}
        {choice.impossible.length > 0 && (
          <details>
            <summary>{trans._n('%1 file cannot be restored', '%1 files cannot be restored', choice.impossible.length)}</summary>
            <ul>
              {choice.impossible.map(step => (
                <li key={step.path}>
                  <span className="ds-Restore-path">{step.path}</span> <span className="ds-Hint">{step.reason}</span>
                </li>
              ))}
            </ul>
          </details>
        )}
        <p className="ds-Hint">
          {choice.n_same > 0 && trans._n('%1 file is the same already. ', '%1 files are the same already. ', choice.n_same)}
          {trans.__('Variables in the kernel are not touched.')}
        </p>
      </div>
    );
  }

  private _all(steps: IRestoreStep[]): JSX.Element {
    const isAll = steps.every(step => this._ticked.has(step.path));
    return (
      <label className="ds-Restore-all">
        <input
          type="checkbox"
          checked={isAll}
          onChange={() => {
            this._ticked = new Set(isAll ? [] : steps.map(step => step.path));
            this.update();
          }}
        />
        {this._trans.__('All %1 files', steps.length)}
      </label>
    );
  }

  private _flip(path: string): void {
    if (!this._ticked.delete(path)) {
      this._ticked.add(path);
    }
    this.update();
  }

  private _ticked: Set<string>;
}

function actText(step: IRestoreStep, trans: TranslationBundle): string {
  if (step.act === 'remove') {
    return trans.__('will be removed: it was not there then');
  }
  const size = sizeText(step.size_bytes);
  return step.is_new ? trans.__('comes back, %1', size) : trans.__('will be overwritten, %1', size);
}
