/** The table of all runs, as a tab of the main area. */
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { spreadsheetIcon } from '@jupyterlab/ui-components';

import { CATEGORY, CommandIDs } from '../command-ids';
import { RunsModel } from '../runs/model';
import { RunsPanel } from '../runs/panel';
import { IDotscience } from '../tokens';
import { argsSchema, TEXT } from './args';
import { MainAreaTabs } from './main-area';

export const runsViewPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:runs-view',
  description: 'The table of all runs.',
  autoStart: true,
  requires: [IDotscience],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    service: IDotscience,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const { commands } = app;
    const tabs = new MainAreaTabs(app, 'runs', spreadsheetIcon, CommandIDs.openRuns, restorer, trans);

    commands.addCommand(CommandIDs.openRuns, {
      label: trans.__('Show All Runs'),
      caption: trans.__('Every run of the folder as a table: sort, search, compare, copy'),
      icon: spreadsheetIcon,
      describedBy: argsSchema({ workspace: TEXT, path: TEXT }),
      isEnabled: args => !!args.workspace || service.focus.workspace !== null,
      execute: args => {
        const workspace = (args.workspace as string) ?? service.focus.workspace;
        const path = (args.path as string) ?? null;
        const content = tabs.open(workspace, { workspace }, () => ({
          content: new RunsPanel({
            model: new RunsModel(workspace, service.client, service.changed),
            selection: service.selection,
            trans,
            execute: (command, more) => void commands.execute(command, more)
          }),
          title: trans.__('Runs'),
          caption: trans.__('All runs of this folder')
        }));
        (content as RunsPanel).model.path = path;
      }
    });
    palette?.addItem({ command: CommandIDs.openRuns, category: CATEGORY });
  }
};
