/** The check-up's answers, one line each with its remedy. */
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IDoctorCheck } from '../api/types';

export class ChecksBody extends ReactWidget {
  constructor(
    private readonly _checks: IDoctorCheck[],
    private readonly _trans: TranslationBundle
  ) {
    super();
  }

  render(): JSX.Element {
    const words = { ok: this._trans.__('ok'), warning: this._trans.__('warning'), problem: this._trans.__('problem') };
    return (
      <ul className="ds-Checks">
        {this._checks.map(check => (
          <li key={check.name} className={`ds-mod-${check.state}`}>
            <strong>{words[check.state]}</strong> {check.sentence}
            {check.remedy && <p className="ds-Hint">{check.remedy}</p>}
          </li>
        ))}
      </ul>
    );
  }
}
