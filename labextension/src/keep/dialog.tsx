/** Make a run of an old execution: choose among the numbers it printed, without executing it again. */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IKeepRequest } from '../api/client';
import type { IFoundNumber } from '../api/types';
import { numberText } from '../words';

/** What to keep; null: cancelled. */
export async function askWhatToKeep(numbers: IFoundNumber[], trans: TranslationBundle): Promise<IKeepRequest | null> {
  const body = new KeepBody(numbers, trans);
  const dialog = new Dialog<IKeepRequest>({
    title: trans.__('Keep as run'),
    body,
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: trans.__('Keep') })],
    focusNodeSelector: 'input'
  });
  dialog.addClass('ds-Dialog');
  const result = await dialog.launch();
  return result.button.accept ? body.getValue() : null;
}

interface IChosen extends IFoundNumber {
  isChosen: boolean;
}

class KeepBody extends ReactWidget implements Dialog.IBodyWidget<IKeepRequest> {
  constructor(
    numbers: IFoundNumber[],
    private readonly _trans: TranslationBundle
  ) {
    super();
    // A number with a name beside it is probably a result; a bare one probably is not.
    this._numbers = numbers.map((number, index) => ({
      ...number,
      name: number.name || `value_${index + 1}`,
      isChosen: !!number.name
    }));
  }

  getValue(): IKeepRequest {
    const chosen = this._numbers.filter(number => number.isChosen && number.name.trim());
    return {
      ...(this._name.trim() ? { name: this._name.trim() } : {}),
      metrics: Object.fromEntries(chosen.map(number => [number.name.trim(), number.value]))
    };
  }

  render(): JSX.Element {
    const trans = this._trans;
    return (
      <div className="ds-Keep">
        <label>
          {trans.__('Name of the run')}
          <input
            className="ds-Field"
            placeholder={trans.__('chosen for you when empty')}
            value={this._name}
            onChange={event => {
              this._name = event.target.value;
              this.update();
            }}
          />
        </label>
        {this._numbers.length ? (
          <p>{trans.__('Numbers it printed; the ticked ones become metrics:')}</p>
        ) : (
          <p className="ds-Hint">{trans.__('It printed no numbers. Code, outputs and files are kept all the same.')}</p>
        )}
        <ul>
          {this._numbers.map((number, index) => (
            <li key={index}>
              <input
                type="checkbox"
                checked={number.isChosen}
                aria-label={trans.__('Keep %1', number.name)}
                onChange={() => this._change(index, { isChosen: !number.isChosen })}
              />
              <input
                className="ds-Field"
                value={number.name}
                aria-label={trans.__('Name of the metric')}
                onChange={event => this._change(index, { name: event.target.value })}
              />
              <span className="ds-Value-text">{numberText(number.value, 6)}</span>
              <code title={number.text}>{number.text.trim().slice(0, 60)}</code>
            </li>
          ))}
        </ul>
      </div>
    );
  }

  private _change(index: number, change: Partial<IChosen>): void {
    this._numbers = this._numbers.map((number, at) => (at === index ? { ...number, ...change } : number));
    this.update();
  }

  private _numbers: IChosen[];
  private _name = '';
}
