/** The one notification ever: at the first recorded cell, where it is recorded and how to stop that. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../command-ids';
import { IChosenSettings, IDotscience, IFocus } from '../tokens';

export const introductionPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:introduction',
  description: 'Says once, at the first recorded cell, that cells are recorded and where.',
  autoStart: true,
  requires: [IDotscience, IChosenSettings],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, dotscience: IDotscience, settings: IChosenSettings, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const tell = (focus: IFocus): void => {
      const { status } = focus;
      if (status?.state !== 'recording' || !status.workspace || !status.recorded_at) {
        return;
      }
      focus.changed.disconnect(tell);
      if (settings.isIntroduced) {
        return;
      }
      void settings.markIntroduced();
      Notification.info(trans.__('Your cells are now recorded in %1/. Nothing leaves this computer.', status.name), {
        autoClose: false,
        actions: [
          { label: trans.__('Show'), callback: () => void app.commands.execute(CommandIDs.showPanel) },
          { label: trans.__('Not here'), callback: () => void app.commands.execute(CommandIDs.off) }
        ]
      });
    };
    void settings.ready.then(() => {
      if (!settings.isIntroduced) {
        dotscience.focus.changed.connect(tell);
        tell(dotscience.focus);
      }
    });
  }
};
