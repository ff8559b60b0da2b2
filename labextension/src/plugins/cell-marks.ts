/** When the setting asks for it: one glyph in the prompt area of cells that were edited since they ran. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { CellMark } from '../cells/marks';
import { CellMarksModel } from '../cells/model';
import type { PanelModel } from '../panel/model';
import { IChosenSettings, IPanelModel } from '../tokens';

const CLASSES: Record<CellMark, string> = { edited: 'ds-mod-edited', earlier: 'ds-mod-earlier' };

export const cellMarksPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:cell-marks',
  description: 'Marks cells that were edited since they ran, or ran in an earlier kernel session.',
  autoStart: true,
  requires: [IPanelModel, IChosenSettings],
  optional: [ITranslator],
  activate: (
    _: JupyterFrontEnd,
    { client, live, focus }: PanelModel,
    settings: IChosenSettings,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const words: Record<CellMark, string> = {
      edited: trans.__('Edited since it ran'),
      earlier: trans.__('Ran in an earlier kernel session')
    };
    const model = new CellMarksModel(client, live, focus);
    model.changed.connect(() => {
      const { marks } = model;
      for (const cell of focus.panel?.content.widgets ?? []) {
        const mark = marks.get(cell.model.id);
        Object.entries(CLASSES).forEach(([name, className]) => cell.toggleClass(className, name === mark));
        const prompt = cell.node.querySelector<HTMLElement>('.jp-InputPrompt');
        if (prompt && (mark || prompt.dataset.dsMark)) {
          prompt.title = mark ? words[mark] : '';
          prompt.dataset.dsMark = mark ?? '';
        }
      }
    });
    const choose = (): void => {
      model.isWanted = settings.showRunMarks;
    };
    settings.changed.connect(choose);
    void settings.ready.then(choose);
  }
};
