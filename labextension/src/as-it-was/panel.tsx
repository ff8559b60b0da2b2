/** The tab that shows a notebook as it was: model in, commands out. */
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import { CommandIDs } from '../command-ids';
import type { AsItWasModel } from './model';
import { AsItWasView } from './view';

export interface IAsItWasContext {
  model: AsItWasModel;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry | null;
  languages: IEditorLanguageRegistry | null;
  execute: (command: string, args?: ReadonlyPartialJSONObject) => void;
  /** Open the notebook as it is now, beside this tab. */
  openPresent: () => void;
}

export class AsItWasPanel extends ReactWidget {
  constructor(private readonly _context: IAsItWasContext) {
    super();
    this.addClass('ds-Main');
  }

  get model(): AsItWasModel {
    return this._context.model;
  }

  /** Bring this cell into sight. */
  showCell(cell_id: string | null): void {
    this._cell_id = cell_id;
    this.update();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._context.model.dispose();
      super.dispose();
    }
  }

  render(): JSX.Element {
    const { model, trans, rendermime, languages, execute, openPresent } = this._context;
    const { workspace } = model;
    const state = (): ReadonlyPartialJSONObject => ({
      workspace,
      snapshot: model.snapshot,
      path: model.path,
      at: model.at
    });
    return (
      <UseSignal signal={model.changed}>
        {() => (
          <AsItWasView
            path={model.path}
            stops={model.stops}
            index={model.index}
            notebook={model.notebook}
            isBehind={model.isBehind}
            differences={model.differences}
            isOnlyDiffering={model.isOnlyDiffering}
            problem={model.problem}
            cell_id={this._cell_id}
            trans={trans}
            rendermime={rendermime}
            languages={languages}
            onStop={index => model.showStop(index)}
            onOnlyDiffering={value => {
              model.isOnlyDiffering = value;
            }}
            onPutBack={cell => void model.putBack(cell)}
            onShowNow={cell => void model.present?.show(cell.id)}
            onOpenPresent={openPresent}
            onFork={() => execute(CommandIDs.fork, state())}
            onRestore={() => execute(CommandIDs.restore, state())}
            onRetry={() => model.retry()}
          />
        )}
      </UseSignal>
    );
  }

  private _cell_id: string | null = null;
}
