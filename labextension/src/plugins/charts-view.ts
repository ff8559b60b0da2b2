/** The large charts, as tabs of the main area. */
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ChartsModel } from '../charts/model';
import { ChartsPanel } from '../charts/panel';
import { CATEGORY, CommandIDs } from '../command-ids';
import { compareIcon } from '../icons';
import { IDotscience } from '../tokens';
import { argsSchema, TEXT, TEXTS } from './args';
import { MainAreaTabs } from './main-area';
import { shown } from './failures';

/** Shown when nothing is ticked. */
const N_NEWEST = 5;

export const chartsViewPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:charts-view',
  description: 'The metrics of some runs as large charts.',
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
    const tabs = new MainAreaTabs(app, 'charts', compareIcon, CommandIDs.openChart, restorer, trans);

    const newest = async (workspace: string): Promise<string[]> =>
      (await service.client.runs(workspace, { limit: N_NEWEST })).items.map(run => run.id);

    app.commands.addCommand(CommandIDs.openChart, {
      label: trans.__('Show Charts'),
      caption: trans.__('The metrics of the ticked runs, else of the newest'),
      icon: compareIcon,
      describedBy: argsSchema({ workspace: TEXT, runs: TEXTS, name: TEXT }),
      isEnabled: args => !!args.workspace || service.focus.workspace !== null,
      execute: args =>
        shown(async () => {
          const workspace = (args.workspace as string) ?? service.focus.workspace;
          const asked = (args.runs as string[]) ?? [...service.selection.ids];
          const runs = asked.length ? asked : await newest(workspace);
          const content = tabs.open(`${workspace}-${runs.join('-')}`, { workspace, runs }, () => ({
            content: new ChartsPanel({
              model: new ChartsModel(workspace, runs, service.client, service.changed),
              themes,
              trans
            }),
            title: trans._n('Charts of %1 run', 'Charts of %1 runs', runs.length)
          })) as ChartsPanel;
          if (typeof args.name === 'string') {
            content.model.options = { ...content.model.options, filter: args.name };
          }
        })
    });
    palette?.addItem({ command: CommandIDs.openChart, category: CATEGORY });
  }
};
