/** Puts the side panel into the right area, closed. */
import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IThemeManager, Notification } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CATEGORY, CommandIDs } from '../command-ids';
import { dotscienceIcon, pinIcon } from '../icons';
import { chartsTab } from '../panel/charts-tab';
import { lineageTab } from '../panel/lineage-tab';
import { DOT_SHAPES, statusWord } from '../panel/dot';
import type { PanelModel, PanelTab } from '../panel/model';
import { DotsciencePanel } from '../panel/widget';
import { IChosenSettings, IPanelModel } from '../tokens';
import { argsSchema } from './args';

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:panel',
  description: 'The side panel: what was recorded, live, and how to go back.',
  autoStart: true,
  requires: [IPanelModel, IChosenSettings],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer, IRenderMimeRegistry, IEditorLanguageRegistry, IThemeManager, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    model: PanelModel,
    settings: IChosenSettings,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    rendermime: IRenderMimeRegistry | null,
    languages: IEditorLanguageRegistry | null,
    themes: IThemeManager | null,
    labShell: ILabShell | null
  ) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const { commands } = app;
    const panel = new DotsciencePanel(
      {
        model,
        trans,
        rendermime,
        languages,
        execute: (command, args) => void commands.execute(command, args),
        shownValues: () => settings.shownValues,
        theme: () => themes?.theme ?? '',
        charts: chartsTab,
        lineage: lineageTab
      },
      commands,
      labShell !== null
    );
    settings.changed.connect(() => panel.update());
    themes?.themeChanged.connect(() => panel.update());
    app.shell.add(panel, 'right', { rank: 900, type: 'Dotscience' });
    restorer?.add(panel, panel.id);

    model.focus.changed.connect(() => {
      const state = model.focus.status?.state;
      panel.title.caption = state
        ? `${trans.__('Dotscience')}: ${DOT_SHAPES[state]} ${statusWord(state, trans)}`
        : trans.__('Dotscience: history of this notebook');
      panel.title.className = state ? `ds-mod-${state}` : '';
    });

    commands.addCommand(CommandIDs.showPanel, {
      label: trans.__('Show History, Charts and Lineage'),
      icon: dotscienceIcon,
      describedBy: argsSchema({ tab: { type: 'string', enum: ['history', 'charts', 'lineage'] } }),
      execute: args => {
        if (args.tab) {
          model.tab = args.tab as PanelTab;
        }
        app.shell.activateById(panel.id);
      }
    });
    commands.addCommand(CommandIDs.togglePin, {
      label: trans.__('Hold the Panel on This Notebook'),
      icon: pinIcon,
      describedBy: argsSchema({}),
      isToggled: () => model.focus.isPinned,
      isEnabled: () => model.focus.path !== null,
      execute: () => {
        model.focus.isPinned = !model.focus.isPinned;
      }
    });
    commands.addCommand(CommandIDs.putBackOutputs, {
      label: trans.__('Put Back Outputs That Arrived While the Notebook Was Closed'),
      caption: trans.__('Write them into their cells; nothing runs, and it can be undone'),
      describedBy: argsSchema({}),
      isEnabled: () => model.focus.workspacePath !== null,
      execute: async () => {
        await model.missed.look();
        if (!model.missed.missed.length) {
          Notification.info(trans.__('No cell lacks outputs that the history has.'), { autoClose: 4000 });
        }
        await model.missed.putBack();
      }
    });
    for (const command of [CommandIDs.showPanel, CommandIDs.togglePin, CommandIDs.putBackOutputs]) {
      palette?.addItem({ command, category: CATEGORY });
    }
  }
};
