/** When the setting asks for it: one glyph in the prompt area of cells that were edited since they ran. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CellMark, marksOf } from '../cells/marks';
import type { PanelModel } from '../panel/model';
import { IChosenSettings, IPanelModel } from '../tokens';

const CLASSES: Record<CellMark, string> = { edited: 'ds-mod-edited', earlier: 'ds-mod-earlier' };

export const cellMarksPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:cell-marks',
  description: 'Marks cells that were edited since they ran, or ran in an earlier kernel session.',
  autoStart: true,
  requires: [IPanelModel, IChosenSettings],
  optional: [ITranslator],
  activate: (_: JupyterFrontEnd, model: PanelModel, settings: IChosenSettings, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const words: Record<CellMark, string> = {
      edited: trans.__('Edited since it ran'),
      earlier: trans.__('Ran in an earlier kernel session')
    };
    const draw = (): void => {
      const cells = model.focus.panel?.content.widgets ?? [];
      const sources = new Map(cells.map(cell => [cell.model.id, cell.model.sharedModel.getSource()]));
      const session = model.history.executions[0]?.session ?? null;
      const marks = settings.showRunMarks ? marksOf(model.history.executions, sources, session) : new Map<string, CellMark>();
      for (const cell of cells) {
        const mark = marks.get(cell.model.id);
        Object.entries(CLASSES).forEach(([name, className]) => cell.toggleClass(className, name === mark));
        const prompt = cell.node.querySelector<HTMLElement>('.jp-InputPrompt');
        if (prompt && (mark || prompt.dataset.dsMark)) {
          prompt.title = mark ? words[mark] : '';
          prompt.dataset.dsMark = mark ?? '';
        }
      }
    };
    model.history.changed.connect(draw);
    settings.changed.connect(draw);
    model.focus.changed.connect(draw);
  }
};
