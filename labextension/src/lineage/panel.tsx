/** The Lineage tab as a widget: model in, commands out. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import type { ILineageNode } from '../api/types';
import { CommandIDs } from '../command-ids';
import { addressOf, LineageModel } from './model';
import { LineageView } from './view';

export interface ILineageContext {
  model: LineageModel;
  trans: TranslationBundle;
  execute: (command: string, args?: ReadonlyPartialJSONObject) => void;
  openFile: (path: string) => void;
}

export class LineagePanel extends ReactWidget {
  constructor(private readonly _context: ILineageContext) {
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
    const { model, trans } = this._context;
    return (
      <UseSignal signal={model.changed}>
        {() => (
          <LineageView
            lineage={model.lineage}
            of={model.of}
            direction={model.direction}
            isList={model.isList}
            selected={model.selected}
            canGoBack={model.canGoBack}
            problem={model.problem}
            trans={trans}
            onDirection={direction => {
              model.direction = direction;
            }}
            onList={isList => {
              model.isList = isList;
            }}
            onSelect={node => {
              model.selected = node;
            }}
            onOpen={node => this._open(node)}
            onCentre={node => {
              const address = addressOf(node);
              if (address) {
                model.goTo(address);
              }
            }}
            onRecipe={of => this._context.execute(CommandIDs.makeRecipe, { workspace: model.workspace, of })}
            onBack={() => model.goBack()}
            onAll={() => model.showAll()}
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

  private _open(node: ILineageNode): void {
    const { model, execute, openFile } = this._context;
    const { workspace } = model;
    const id = node.id.slice(node.id.indexOf(':') + 1);
    if (node.kind === 'execution') {
      execute(CommandIDs.showEntry, { workspace, execution: id });
    } else if (node.kind === 'run') {
      execute(CommandIDs.showEntry, { workspace, run: id });
    } else if (node.path) {
      openFile(node.path);
    }
  }
}
