/** Sends what open notebooks hold to the recorder when cells start and end. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { DocumentReporter } from '../documents/reporter';
import type { PanelModel } from '../panel/model';
import { IDocumentReporter, IPanelModel } from '../tokens';

export const reportingPlugin: JupyterFrontEndPlugin<DocumentReporter> = {
  id: 'dotscience-jlab:reporting',
  description: 'Reports the open notebook to the recorder, unsaved edits included.',
  autoStart: true,
  requires: [IPanelModel, INotebookTracker],
  provides: IDocumentReporter,
  activate: (app: JupyterFrontEnd, { client, focus, live }: PanelModel, notebooks: INotebookTracker) => {
    const reporter = new DocumentReporter(client, live, notebooks, app.serviceManager.contents);
    // A report that fails, or arrives again, says that the status shown is out of date.
    reporter.settled.connect((_, isReached) => {
      if (!isReached || focus.status?.state === 'not_recorded') {
        focus.refresh();
      }
    });
    return reporter;
  }
};
