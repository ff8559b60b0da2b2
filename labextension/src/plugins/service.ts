/** Makes the one service of this extension: client, live changes, focus, selection. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { DotscienceClient } from '../api/client';
import { LiveChanges } from '../api/live';
import { FocusModel } from '../focus/focus-model';
import { SelectionModel } from '../focus/selection-model';
import { MissedModel } from '../outputs/missed-model';
import { Remembered } from '../outputs/remembered';
import { PanelModel } from '../panel/model';
import { IDotscience, IPanelModel } from '../tokens';

export const panelModelPlugin: JupyterFrontEndPlugin<PanelModel> = {
  id: 'dotscience-jlab:panel-model',
  description: 'What the side panel shows: the notebook in focus, its history, the open entry.',
  autoStart: true,
  requires: [INotebookTracker],
  provides: IPanelModel,
  activate: (app: JupyterFrontEnd, notebooks: INotebookTracker) => {
    const client = new DotscienceClient(app.serviceManager.serverSettings);
    const live = new LiveChanges(app.serviceManager.events.stream);
    const focus = new FocusModel(client, live, notebooks, app.serviceManager.contents);
    const missed = new MissedModel(client, live, focus, notebooks, new Remembered(window.localStorage));
    return new PanelModel(client, live, focus, new SelectionModel(), missed);
  }
};

export const servicePlugin: JupyterFrontEndPlugin<IDotscience> = {
  id: 'dotscience-jlab:service',
  description: 'Requests to the recorder, live changes, the notebook in focus and the ticked runs.',
  autoStart: true,
  requires: [IPanelModel],
  provides: IDotscience,
  activate: (_: JupyterFrontEnd, model: PanelModel) => ({
    client: model.client,
    changed: model.live.changed,
    focus: model.focus,
    selection: model.selection
  })
};
