/** The one notification ever: at the first recorded cell, where it is recorded and how to stop that. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../command-ids';
import type { PanelModel } from '../panel/model';
import { IChosenSettings, IFocus, IPanelModel } from '../tokens';

const GLANCE_MS = 8000;

export const introductionPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:introduction',
  description: 'Says once, at the first recorded cell, that cells are recorded and where.',
  autoStart: true,
  requires: [IPanelModel, IChosenSettings],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, model: PanelModel, settings: IChosenSettings, translator: ITranslator | null) => {
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
      const id = Notification.info(trans.__('Your cells are now recorded in %1/. Nothing leaves this computer.', status.name), {
        // With the panel open the reader sees it all; a lasting note would only cover the panel's foot.
        autoClose: model.isShown ? GLANCE_MS : false,
        actions: [
          { label: trans.__('Show'), callback: () => void app.commands.execute(CommandIDs.showPanel) },
          { label: trans.__('Not here'), callback: () => void app.commands.execute(CommandIDs.off) }
        ]
      });
      const leave = (): void => {
        if (model.isShown) {
          model.changed.disconnect(leave);
          Notification.dismiss(id);
        }
      };
      if (!model.isShown) {
        model.changed.connect(leave);
      }
    };
    void settings.ready.then(() => {
      if (!settings.isIntroduced) {
        model.focus.changed.connect(tell);
        tell(model.focus);
      }
    });
  }
};
