/** Runs side by side, as tabs of the main area. */
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CATEGORY, CommandIDs } from '../command-ids';
import { CompareModel } from '../compare/model';
import { ComparePanel } from '../compare/panel';
import { compareIcon } from '../icons';
import { IDotscience } from '../tokens';
import { argsSchema, TEXT, TEXTS } from './args';
import { MainAreaTabs } from './main-area';

export const compareViewPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:compare-view',
  description: 'Runs side by side, what differs first.',
  autoStart: true,
  requires: [IDotscience],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer, IThemeManager],
  activate: (
    app: JupyterFrontEnd,
    service: IDotscience,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    themes: IThemeManager | null
  ) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const { commands } = app;
    const tabs = new MainAreaTabs(app, 'compare', compareIcon, CommandIDs.compare, restorer, trans);
    const runsOf = (args: Record<string, any>): string[] => args.runs ?? [...service.selection.ids];

    commands.addCommand(CommandIDs.compare, {
      label: trans.__('Compare the Selected Runs'),
      caption: trans.__('What differs between them: parameters, metrics, code, data, environment'),
      icon: compareIcon,
      describedBy: argsSchema({ workspace: TEXT, runs: TEXTS }),
      isEnabled: args => runsOf(args).length > 1 && (!!args.workspace || service.focus.workspace !== null),
      execute: args => {
        const workspace = (args.workspace as string) ?? service.focus.workspace;
        const runs = runsOf(args);
        tabs.open(`${workspace}-${runs.join('-')}`, { workspace, runs }, () => ({
          content: new ComparePanel({
            model: new CompareModel(workspace, runs, service.client, service.changed),
            themes,
            trans,
            execute: (command, more) => void commands.execute(command, more)
          }),
          title: trans._n('Compare %1 run', 'Compare %1 runs', runs.length)
        }));
      }
    });
    service.selection.changed.connect(() => commands.notifyCommandChanged(CommandIDs.compare));
    palette?.addItem({ command: CommandIDs.compare, category: CATEGORY });
  }
};
