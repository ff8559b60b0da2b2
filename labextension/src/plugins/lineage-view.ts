/** Where something comes from and what came of it, as tabs of the main area. */
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CATEGORY, CommandIDs } from '../command-ids';
import { lineageIcon } from '../icons';
import { LineageModel } from '../lineage/model';
import { LineagePanel } from '../lineage/panel';
import { baseName } from '../paths';
import { IDotscience } from '../tokens';
import { argsSchema, TEXT } from './args';
import { shown } from './failures';
import { MainAreaTabs } from './main-area';

export const lineageViewPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:lineage-view',
  description: 'Where a file, run, cell or notebook comes from.',
  autoStart: true,
  requires: [IDotscience, IDocumentManager],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    service: IDotscience,
    documents: IDocumentManager,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const { commands } = app;
    const tabs = new MainAreaTabs(app, 'lineage', lineageIcon, CommandIDs.openLineage, restorer, trans);

    const openFile = (model: LineageModel, path: string): Promise<void> =>
      shown(async () => {
        const contents = await model.contentsPath(path);
        if (contents === null) {
          Notification.info(trans.__('%1 lies outside the folder that Jupyter shows.', path), { autoClose: 4000 });
        } else {
          documents.openOrReveal(contents);
        }
      });

    commands.addCommand(CommandIDs.openLineage, {
      label: trans.__('Show Lineage'),
      caption: trans.__('Where the open notebook’s results come from: files, cells, runs'),
      icon: lineageIcon,
      describedBy: argsSchema({ workspace: TEXT, of: TEXT }),
      isEnabled: args => !!args.of || service.focus.workspacePath !== null,
      execute: args => {
        const workspace = (args.workspace as string) ?? service.focus.workspace;
        const of = (args.of as string) ?? `notebook:${service.focus.workspacePath}`;
        tabs.open(`${workspace}-${of}`, { workspace, of }, () => {
          const model = new LineageModel(workspace, of, service.client, service.changed);
          return {
            content: new LineagePanel({
              model,
              trans,
              execute: (command, more) => void commands.execute(command, more),
              openFile: path => void openFile(model, path)
            }),
            title: of.startsWith('file:') || of.startsWith('notebook:') ? trans.__('Lineage of %1', baseName(of.slice(of.indexOf(':') + 1))) : trans.__('Lineage'),
            caption: trans.__('Lineage of %1', of.slice(of.indexOf(':') + 1))
          };
        });
      }
    });
    palette?.addItem({ command: CommandIDs.openLineage, category: CATEGORY });
  }
};
