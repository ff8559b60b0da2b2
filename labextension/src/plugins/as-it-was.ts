/** A notebook as it was, read-only, in a tab beside the notebook as it is. */
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { AsItWasModel } from '../as-it-was/model';
import { AsItWasPanel } from '../as-it-was/panel';
import { PresentNotebook } from '../as-it-was/present';
import { CATEGORY, CommandIDs } from '../command-ids';
import { asItWasIcon } from '../icons';
import { baseName } from '../paths';
import { IDotscience } from '../tokens';
import { argsSchema, TEXT } from './args';
import { shown } from './failures';
import { MainAreaTabs } from './main-area';

export const asItWasPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:as-it-was',
  description: 'A notebook as it was, beside the notebook as it is.',
  autoStart: true,
  requires: [IDotscience, INotebookTracker, IDocumentManager],
  optional: [IRenderMimeRegistry, IEditorLanguageRegistry, ITranslator, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    service: IDotscience,
    notebooks: INotebookTracker,
    documents: IDocumentManager,
    rendermime: IRenderMimeRegistry | null,
    languages: IEditorLanguageRegistry | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const { commands } = app;
    const { client } = service;
    const tabs = new MainAreaTabs(app, 'as-it-was', asItWasIcon, CommandIDs.asItWas, restorer, trans);

    const contentsPath = async (workspace: string, path: string): Promise<string | null> => {
      const { contents_path } = await client.workspace(workspace);
      return contents_path === null ? null : contents_path ? `${contents_path}/${path}` : path;
    };
    const openNotebook = (contents: string | null): NotebookPanel | null =>
      notebooks.find(panel => app.serviceManager.contents.localPath(panel.context.path) === contents) ?? null;

    /** The model follows the open notebook of that path: opened later, closed, opened again. Returns how to stop. */
    const follow = (model: AsItWasModel, contents: string | null): (() => void) => {
      const attach = async (panel: NotebookPanel | null): Promise<void> => {
        await panel?.context.ready;
        if (panel && !panel.isDisposed && !model.isDisposed && !model.present) {
          model.present = new PresentNotebook(panel);
        }
      };
      const onAdded = (_: unknown, panel: NotebookPanel): void => {
        if (app.serviceManager.contents.localPath(panel.context.path) === contents) {
          void attach(panel);
        }
      };
      notebooks.widgetAdded.connect(onAdded);
      void attach(openNotebook(contents));
      return () => {
        notebooks.widgetAdded.disconnect(onAdded);
      };
    };

    const openPresent = async (workspace: string, path: string, beside: string): Promise<void> => {
      const contents = await contentsPath(workspace, path);
      if (contents === null) {
        Notification.info(trans.__('%1 lies outside the folder that Jupyter shows.', path), { autoClose: 4000 });
      } else {
        documents.openOrReveal(contents, undefined, undefined, { mode: 'split-left', ref: beside });
      }
    };

    /** What the panel shows is what is asked about when the command is called without arguments. */
    const newest = async (): Promise<{ workspace: string; path: string; snapshot: string } | null> => {
      const { workspace, workspacePath: path } = service.focus;
      if (!workspace || !path) {
        return null;
      }
      const { items } = await client.executions(workspace, { path, limit: 20 });
      const snapshot = items.find(execution => execution.snapshot)?.snapshot;
      return snapshot ? { workspace, path, snapshot } : null;
    };

    commands.addCommand(CommandIDs.asItWas, {
      label: trans.__('Show As It Was'),
      caption: trans.__('The notebook at an earlier moment, read-only, beside the present one'),
      icon: asItWasIcon,
      describedBy: argsSchema({ workspace: TEXT, snapshot: TEXT, path: TEXT, cell_id: TEXT }),
      isEnabled: args => !!args.snapshot || service.focus.workspacePath !== null,
      execute: args =>
        shown(async () => {
          const asked = args.snapshot && args.path ? (args as { workspace: string; path: string; snapshot: string }) : await newest();
          if (!asked) {
            Notification.info(trans.__('Nothing of this notebook is recorded yet: run a cell.'), { autoClose: 4000 });
            return;
          }
          const { workspace, path, snapshot } = asked;
          const contents = await contentsPath(workspace, path).catch(() => null);
          const beside = openNotebook(contents);
          const panel = tabs.open(
            `${workspace}-${path}`,
            { workspace, path, snapshot },
            id => {
              const model = new AsItWasModel(workspace, path, snapshot, client, service.changed);
              const content = new AsItWasPanel({
                model,
                trans,
                rendermime,
                languages,
                execute: (command, more) => void commands.execute(command, more),
                openPresent: () => void shown(() => openPresent(workspace, path, id))
              });
              content.disposed.connect(follow(model, contents));
              return { content, title: trans.__('%1 as it was', baseName(path)) };
            },
            beside ? { mode: 'split-right', ref: beside.id } : {}
          ) as AsItWasPanel;
          panel.model.showSnapshot(snapshot);
          panel.showCell((args.cell_id as string) ?? null);
        })
    });
    palette?.addItem({ command: CommandIDs.asItWas, category: CATEGORY });
  }
};
