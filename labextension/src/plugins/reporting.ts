/** Sends what open notebooks hold to the recorder when cells start and end. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { DocumentReporter } from '../documents/reporter';
import { IDotscience } from '../tokens';

export const reportingPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:reporting',
  description: 'Reports the open notebook to the recorder, unsaved edits included.',
  autoStart: true,
  requires: [IDotscience, INotebookTracker],
  activate: (app: JupyterFrontEnd, dotscience: IDotscience, notebooks: INotebookTracker) => {
    new DocumentReporter(dotscience.client, notebooks, app.serviceManager.contents);
  }
};
