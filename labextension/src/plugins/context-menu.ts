/** The three entries in context menus: of a file, of a cell, of an output. Nothing else is added to JupyterLab's menus. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { historyIcon } from '@jupyterlab/ui-components';

import { CATEGORY, CommandIDs } from '../command-ids';
import { keepIcon, lineageIcon } from '../icons';
import type { PanelModel } from '../panel/model';
import { IPanelModel } from '../tokens';
import { argsSchema, TEXT } from './args';
import { shown } from './failures';

export const contextMenuPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:context-menu',
  description: 'Where a file comes from, the history of a cell, keeping a number of an output.',
  autoStart: true,
  requires: [IPanelModel, INotebookTracker],
  optional: [IFileBrowserFactory, ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    model: PanelModel,
    notebooks: INotebookTracker,
    browsers: IFileBrowserFactory | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const { commands } = app;
    const { client } = model;
    const chosenFile = () => {
      const found = browsers?.tracker.currentWidget?.selectedItems().next().value;
      return found && found.type !== 'directory' ? found : null;
    };
    const activeCell = (): string | null => notebooks.activeCell?.model.id ?? null;

    commands.addCommand(CommandIDs.whereFrom, {
      label: trans.__('Where Does This Come From?'),
      caption: trans.__('What produced this file, and from what'),
      icon: lineageIcon,
      describedBy: argsSchema({ path: TEXT }),
      isEnabled: args => !!args.path || chosenFile() !== null,
      execute: args =>
        shown(async () => {
          const path = (args.path as string) ?? app.serviceManager.contents.localPath(chosenFile()!.path);
          const status = await client.status(path);
          if (status.workspace && status.path) {
            const kind = status.path.endsWith('.ipynb') ? 'notebook' : 'file';
            await commands.execute(CommandIDs.openLineage, { workspace: status.workspace, of: `${kind}:${status.path}` });
          } else {
            Notification.info(trans.__('Nothing is recorded in this folder yet.'), { autoClose: 4000 });
          }
        })
    });
    commands.addCommand(CommandIDs.cellHistory, {
      label: trans.__('History of This Cell'),
      icon: historyIcon,
      describedBy: argsSchema({ cell_id: TEXT }),
      isEnabled: args => !!args.cell_id || activeCell() !== null,
      execute: async args => {
        model.showList();
        model.history.showCell((args.cell_id as string) ?? activeCell());
        await commands.execute(CommandIDs.showPanel, { tab: 'history' });
      }
    });
    commands.addCommand(CommandIDs.keepNumber, {
      label: trans.__('Keep This Number…'),
      caption: trans.__('Make a run of the execution that printed it'),
      icon: keepIcon,
      describedBy: argsSchema({}),
      isEnabled: () => activeCell() !== null && model.focus.workspace !== null,
      execute: () =>
        shown(async () => {
          const [workspace, path, cell_id] = [model.focus.workspace, model.focus.workspacePath, activeCell()];
          if (!workspace || !path || !cell_id) {
            return;
          }
          const { items } = await client.executions(workspace, { path, cell_id, limit: 1 });
          if (items.length) {
            await commands.execute(CommandIDs.keepAsRun, { workspace, execution: items[0].id });
          } else {
            Notification.info(trans.__('This output was made before recording began.'), { autoClose: 4000 });
          }
        })
    });
    app.contextMenu.addItem({
      command: CommandIDs.whereFrom,
      selector: '.jp-DirListing-item[data-isdir="false"]',
      rank: 50
    });
    app.contextMenu.addItem({ command: CommandIDs.cellHistory, selector: '.jp-Notebook .jp-CodeCell', rank: 50 });
    app.contextMenu.addItem({ command: CommandIDs.keepNumber, selector: '.jp-Notebook .jp-OutputArea-child', rank: 50 });
    for (const command of [CommandIDs.whereFrom, CommandIDs.cellHistory, CommandIDs.keepNumber]) {
      palette?.addItem({ command, category: CATEGORY });
    }
  }
};
