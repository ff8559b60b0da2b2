/** A short item in the status bar: the dot, its word, and a click that opens the panel. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../command-ids';
import { Dot, statusText, statusWord } from '../panel/dot';
import { IDotscience } from '../tokens';

export const statusBarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:status-bar',
  description: 'Says in the status bar whether the active notebook is recorded.',
  autoStart: true,
  requires: [IDotscience],
  optional: [IStatusBar, ITranslator],
  activate: (app: JupyterFrontEnd, { focus }: IDotscience, bar: IStatusBar | null, translator: ITranslator | null) => {
    if (!bar) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const item = ReactWidget.create(
      <UseSignal signal={focus.changed}>
        {() =>
          focus.status ? (
            <button
              className="ds-StatusItem"
              title={statusText(focus.status, new Date(), trans)}
              onClick={() => void app.commands.execute(CommandIDs.showPanel)}
            >
              <Dot state={focus.status.state} /> {statusWord(focus.status.state, trans)}
            </button>
          ) : (
            <span />
          )
        }
      </UseSignal>
    );
    bar.registerStatusItem('dotscience-jlab:status', { item, align: 'left', rank: 50, isActive: () => true });
  }
};
