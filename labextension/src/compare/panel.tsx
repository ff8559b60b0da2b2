/** The Compare tab as a widget: model in, commands out. */
import type { IThemeManager } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { ChartsPane } from '../charts/panel';
import { CommandIDs } from '../command-ids';
import type { CompareModel } from './model';
import { CompareView } from './view';

export interface ICompareContext {
  model: CompareModel;
  themes: IThemeManager | null;
  trans: TranslationBundle;
  execute: (command: string, args?: ReadonlyPartialJSONObject) => void;
}

export class ComparePanel extends ReactWidget {
  constructor(private readonly _context: ICompareContext) {
    super();
    this.addClass('ds-Main');
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._context.model.dispose();
      super.dispose();
    }
  }

  render(): JSX.Element {
    const { model, themes, trans, execute } = this._context;
    const { workspace } = model;
    return (
      <UseSignal signal={model.changed}>
        {() => (
          <CompareView
            comparison={model.comparison}
            problem={model.problem}
            tab={model.tab}
            charts={<ChartsPane model={model.charts} themes={themes} trans={trans} />}
            trans={trans}
            onTab={tab => {
              model.tab = tab;
            }}
            onOpen={run => execute(CommandIDs.showEntry, { workspace, run: run.id })}
            onFirst={run => model.putFirst(run)}
            onLeaveOut={run => model.leaveOut(run)}
            onFile={path => execute(CommandIDs.openLineage, { workspace, of: `file:${path}` })}
            onCopyRows={() => execute(CommandIDs.copyRows, { workspace, runs: [...model.ids] })}
            onRetry={() => model.refresh()}
          />
        )}
      </UseSignal>
    );
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._context.model.isShown = true;
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._context.model.isShown = this.isVisible;
  }

  protected onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._context.model.isShown = false;
  }
}
