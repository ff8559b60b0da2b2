/** The Runs tab as a widget: model and selection in, commands out. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { CommandIDs } from '../command-ids';
import type { ISelection } from '../tokens';
import type { RunsModel } from './model';
import { RunsView } from './view';

export interface IRunsContext {
  model: RunsModel;
  selection: ISelection;
  trans: TranslationBundle;
  execute: (command: string, args?: ReadonlyPartialJSONObject) => void;
}

export class RunsPanel extends ReactWidget {
  constructor(private readonly _context: IRunsContext) {
    super();
    this.addClass('ds-Main');
  }

  get model(): RunsModel {
    return this._context.model;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._context.model.dispose();
      super.dispose();
    }
  }

  render(): JSX.Element {
    const { model, selection } = this._context;
    return (
      <UseSignal signal={model.changed}>
        {() => <UseSignal signal={selection.changed}>{() => <RunsPane {...this._context} />}</UseSignal>}
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

function RunsPane(props: IRunsContext): JSX.Element {
  const { model, selection, trans, execute } = props;
  const { workspace } = model;
  const runs = [...selection.ids];
  return (
    <RunsView
      runs={model.runs}
      total={model.total}
      isLoaded={model.isLoaded}
      problem={model.problem}
      sort={model.sort}
      text={model.text}
      path={model.path}
      isOnlyDiffering={model.isOnlyDiffering}
      ticked={selection.ids}
      trans={trans}
      onSearch={text => {
        model.text = text;
      }}
      onSort={sort => {
        model.sort = sort;
      }}
      onWholeFolder={() => {
        model.path = null;
      }}
      onOnlyDiffering={value => {
        model.isOnlyDiffering = value;
      }}
      onOpen={run => execute(CommandIDs.showEntry, { workspace, run: run.id })}
      onTick={ids => selection.set(ids)}
      onStar={run => void model.change(run.id, { is_starred: !run.is_starred })}
      onEnd={() => void model.loadMore()}
      onRetry={() => model.refresh()}
      onCompare={() => execute(CommandIDs.compare, { workspace, runs })}
      onCharts={() => execute(CommandIDs.openChart, { workspace, runs })}
      onCopyRows={() => execute(CommandIDs.copyRows, { workspace, runs })}
      onLabel={() => execute(CommandIDs.label, { workspace, runs })}
    />
  );
}
