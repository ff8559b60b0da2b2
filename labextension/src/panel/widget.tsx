/** The side panel: subscribes to its model, hands plain data down and turns callbacks into commands. */
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Message, MessageLoop } from '@lumino/messaging';
import { Menu, Widget } from '@lumino/widgets';
import * as React from 'react';

import { CommandIDs } from '../command-ids';
import { TiesNotice } from '../fork/ties-notice';
import { dotscienceIcon } from '../icons';
import { MissedNotice } from '../outputs/missed-notice';
import { EntryPane } from './entry-pane';
import { Header } from './header';
import { HistoryPane } from './history-pane';
import type { PanelModel, PanelTab } from './model';
import { NowLine } from './now-line';
import { TabBar } from '../detail/parts';

export interface IPanelContext {
  model: PanelModel;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry | null;
  languages: IEditorLanguageRegistry | null;
  /** Runs a command; its failure is shown by the command itself. */
  execute: (command: string, args?: ReadonlyPartialJSONObject) => void;
  /** Names of values that each run's row shows; empty: chosen by what differs. */
  shownValues: () => readonly string[];
  /** Name of the theme: what is drawn on a canvas is drawn anew with another. */
  theme: () => string;
  /** What stands in the Charts and the Lineage tab. */
  charts: (context: IPanelContext) => JSX.Element;
  lineage: (context: IPanelContext) => JSX.Element;
}

const FIRST_WIDTH = '300px';

export class DotsciencePanel extends ReactWidget {
  constructor(
    private readonly _context: IPanelContext,
    commands: CommandRegistry,
    /** The shell lets a panel ask for room once; others (Jupyter Notebook's) cut off what is too wide. */
    private readonly _canWiden: boolean
  ) {
    super();
    this.id = 'ds-panel';
    this.addClass('ds-Panel');
    this.title.icon = dotscienceIcon;
    this.title.caption = _context.trans.__('Dotscience: history of this notebook');
    this._folderMenu = new Menu({ commands });
    for (const command of [CommandIDs.root, CommandIDs.snapshot, CommandIDs.undoRestore, CommandIDs.widen, CommandIDs.resume, CommandIDs.off]) {
      this._folderMenu.addItem({ command });
    }
    this._folderMenu.addItem({ type: 'separator' });
    for (const command of [CommandIDs.checkup, CommandIDs.forget]) {
      this._folderMenu.addItem({ command });
    }
  }

  dispose(): void {
    this._folderMenu.dispose();
    super.dispose();
  }

  render(): JSX.Element {
    const { model } = this._context;
    return (
      <UseSignal signal={model.changed}>{() => <PanelView {...this._context} onFolderMenu={this._openFolderMenu} />}</UseSignal>
    );
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._context.model.isShown = true;
    this._widenOnce();
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._context.model.isShown = this.isVisible;
  }

  protected onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._context.model.isShown = false;
  }

  protected onActivateRequest(): void {
    // Once what asked for it (the palette, a menu) has closed: closing gives the focus back to where it was before.
    requestAnimationFrame(() => {
      const target = this.node.querySelector<HTMLElement>('[role="treeitem"][tabindex="0"], .ds-Tabs [tabindex="0"]');
      target?.focus();
    });
  }

  private _openFolderMenu = (anchor: DOMRect): void => {
    this._folderMenu.open(anchor.left, anchor.bottom);
  };

  /** Ask for a comfortable width when first shown; later widths are the reader's. */
  private _widenOnce(): void {
    if (this._isWidened || !this._canWiden) {
      return;
    }
    this._isWidened = true;
    this.node.style.minWidth = FIRST_WIDTH;
    MessageLoop.postMessage(this, Widget.Msg.FitRequest);
    window.setTimeout(() => {
      this.node.style.minWidth = '';
      MessageLoop.postMessage(this, Widget.Msg.FitRequest);
    }, 500);
  }

  private readonly _folderMenu: Menu;
  private _isWidened = false;
}

function PanelView(props: IPanelContext & { onFolderMenu: (anchor: DOMRect) => void }): JSX.Element {
  const { model, trans, execute } = props;
  const { focus } = model;
  const remedy = focus.status?.remedy_command;
  const tabs: { id: PanelTab; label: string }[] = [
    { id: 'history', label: trans.__('History') },
    { id: 'charts', label: trans.__('Charts') },
    { id: 'lineage', label: trans.__('Lineage') }
  ];
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Escape' && model.tab === 'history' && model.entry) {
      event.preventDefault();
      model.closeEntry();
    }
  };
  return (
    <div className="ds-Panel-body" onKeyDown={onKeyDown}>
      <Header
        path={focus.path}
        status={focus.status}
        isPinned={focus.isPinned}
        trans={trans}
        onFolderMenu={props.onFolderMenu}
        onPause={() => execute(CommandIDs.pause)}
        onResume={() => execute(CommandIDs.resume)}
        onPin={() => execute(CommandIDs.togglePin)}
      />
      {focus.path && (
        <NowLine
          status={focus.status}
          now={model.now}
          series={model.nowSeries}
          trans={trans}
          onInterrupt={() => execute(CommandIDs.interrupt)}
          onRemedy={() => (remedy === 'resume' ? execute(CommandIDs.resume) : focus.refresh())}
          onGetBack={() => execute(CommandIDs.getBack)}
          onOpenNow={() => {
            if (model.now && focus.workspace) {
              model.openEntry({ workspace: focus.workspace, execution: model.now.execution.id });
            }
          }}
        />
      )}
      <TiesNotice
        cells={model.ties.cells}
        origin={focus.status?.origin_root ?? ''}
        trans={trans}
        onShow={number => model.ties.show(number)}
        onUntie={() => model.ties.untie()}
      />
      <MissedNotice
        missed={model.missed.missed}
        edited={model.missed.edited}
        done={model.missed.done}
        problem={model.missed.problem}
        trans={trans}
        onPutBack={() => execute(CommandIDs.putBackOutputs)}
        onUndo={() => model.missed.undo()}
        onDismiss={() => model.missed.dismiss()}
        onOpen={execution => focus.workspace && model.openEntry({ workspace: focus.workspace, execution })}
      />
      <TabBar
        tabs={tabs}
        current={model.tab}
        label={trans.__('Views of this notebook')}
        onChoose={id => {
          model.tab = id as PanelTab;
        }}
      />
      <div className="ds-Panel-content" role="tabpanel">
        <Content {...props} />
      </div>
    </div>
  );
}

function Content(props: IPanelContext): JSX.Element {
  const { model, trans } = props;
  if (!model.focus.path) {
    return <div className="ds-Empty">{trans.__('Open a notebook to see its history.')}</div>;
  }
  switch (model.tab) {
    case 'charts':
      return props.charts(props);
    case 'lineage':
      return props.lineage(props);
    case 'history':
      return model.entry ? <EntryPane {...props} entry={model.entry} /> : <HistoryPane {...props} />;
  }
}
