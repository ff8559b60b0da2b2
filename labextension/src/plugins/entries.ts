/** Commands about entries: open one, copy, go back, fork, keep, star, label, copy rows. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Clipboard, ICommandPalette, InputDialog, Notification } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { copyIcon, stopIcon } from '@jupyterlab/ui-components';

import { DotscienceApiError } from '../api/errors';
import type { Scalar } from '../api/types';
import { CATEGORY, CommandIDs } from '../command-ids';
import { parseLabel } from '../detail/labels';
import type { DocumentReporter } from '../documents/reporter';
import { ForkFlow } from '../fork/flow';
import { forkIcon, keepIcon, labelIcon, restoreIcon, starIcon } from '../icons';
import { askWhatToKeep } from '../keep/dialog';
import type { PanelModel } from '../panel/model';
import { RestoreFlow } from '../restore/flow';
import { IDocumentReporter, IPanelModel } from '../tokens';
import { argsSchema, FLAG, TEXT, TEXTS } from './args';
import { shown } from './failures';

export const entriesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:entries',
  description: 'Open an entry, restore it, fork from it, keep it as a run.',
  autoStart: true,
  requires: [IPanelModel, IDocumentManager, IDocumentReporter],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    model: PanelModel,
    documents: IDocumentManager,
    reporter: DocumentReporter,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const languages = translator ?? nullTranslator;
    const trans = languages.load('dotscience_jlab');
    const { commands } = app;
    const { client, focus, history, selection } = model;
    const restores = new RestoreFlow(client, focus, documents, languages, trans);
    const forks = new ForkFlow(client, focus, documents, trans);

    /** The snapshot asked for, or that of the newest execution shown. */
    const stateOf = (args: Record<string, any>) => {
      const newest = history.executions.find(execution => execution.snapshot);
      return {
        workspace: (args.workspace ?? focus.workspace) as string,
        snapshot: (args.snapshot ?? newest?.snapshot) as string,
        at: (args.at ?? (args.snapshot ? null : newest?.finished_at) ?? null) as string | null,
        path: (args.path ?? null) as string | null
      };
    };
    const hasState = (args: Record<string, any>): boolean => !!stateOf(args).snapshot && !!stateOf(args).workspace;
    const runsOf = (args: Record<string, any>): string[] => args.runs ?? [...selection.ids];
    const hasRuns = (args: Record<string, any>): boolean => runsOf(args).length > 0;

    commands.addCommand(CommandIDs.showEntry, {
      label: trans.__('Open Entry'),
      describedBy: argsSchema({ workspace: TEXT, execution: TEXT, run: TEXT }, ['workspace']),
      isVisible: args => !!args.execution || !!args.run,
      execute: async args => {
        const workspace = args.workspace as string;
        const ref = args.run ? { workspace, run: args.run as string } : { workspace, execution: args.execution as string };
        model.openEntry(ref);
        await commands.execute(CommandIDs.showPanel, { tab: 'history' });
      }
    });
    commands.addCommand(CommandIDs.copyCode, {
      label: trans.__('Copy Code'),
      icon: copyIcon,
      describedBy: argsSchema({ text: TEXT }, ['text']),
      isVisible: args => typeof args.text === 'string',
      execute: args => {
        Clipboard.copyToSystem(args.text as string);
        Notification.success(trans.__('Copied.'), { autoClose: 1500 });
      }
    });
    commands.addCommand(CommandIDs.restore, {
      label: trans.__('Restore…'),
      caption: trans.__('Put files back as they were then; you choose which, and it can be undone'),
      icon: restoreIcon,
      describedBy: argsSchema({ workspace: TEXT, snapshot: TEXT, path: TEXT, at: TEXT }),
      isEnabled: hasState,
      execute: args =>
        shown(async () => {
          await reporter.reportAll();
          const session = history.executions[0]?.session;
          const ran = history.executions.find(execution => execution.session === session);
          return restores.restore({ ...stateOf(args), variablesFrom: ran?.started_at ?? null });
        })
    });
    commands.addCommand(CommandIDs.undoRestore, {
      label: trans.__('Undo the Last Restore'),
      caption: trans.__('Bring back the files that the last restore replaced'),
      describedBy: argsSchema({}),
      isEnabled: () => focus.workspace !== null,
      execute: () => shown(() => restores.undoLast(focus.workspace!))
    });
    commands.addCommand(CommandIDs.resumeCutOff, {
      label: trans.__('Resume from the Last Snapshot…'),
      caption: trans.__('Put back what a cell had kept last before its kernel ended; you choose which files, and it can be undone'),
      icon: restoreIcon,
      describedBy: argsSchema({ workspace: TEXT, session: TEXT, snapshot: TEXT, path: TEXT }, ['workspace', 'session', 'snapshot']),
      isVisible: args => typeof args.session === 'string',
      execute: args =>
        shown(async () => {
          const workspace = args.workspace as string;
          await reporter.reportAll();
          const kept = await client.planResume(workspace, args.session as string).catch((error: unknown) => {
            // It had kept no file of its own: the state before it is still there to choose from.
            if (error instanceof DotscienceApiError && error.isAbsent) {
              return { snapshot: args.snapshot as string, paths: [] };
            }
            throw error;
          });
          const { created_at } = await client.snapshot(workspace, kept.snapshot);
          await restores.restore({ workspace, ...kept, path: (args.path as string) ?? null, at: created_at, variablesFrom: null });
        })
    });
    commands.addCommand(CommandIDs.fork, {
      label: trans.__('Fork…'),
      caption: trans.__('Continue from that state in a new folder; this one stays as it is'),
      icon: forkIcon,
      describedBy: argsSchema({ workspace: TEXT, snapshot: TEXT, path: TEXT }),
      isEnabled: hasState,
      execute: args =>
        shown(async () => {
          await reporter.reportAll();
          await forks.fork(stateOf(args));
        })
    });
    commands.addCommand(CommandIDs.keepAsRun, {
      label: trans.__('Keep as Run…'),
      caption: trans.__('Make a run of an execution, with the numbers it printed, without executing it again'),
      icon: keepIcon,
      describedBy: argsSchema({ workspace: TEXT, execution: TEXT }),
      isEnabled: args => !!args.execution || history.executions.length > 0,
      execute: args =>
        shown(async () => {
          const workspace = (args.workspace as string) ?? focus.workspace;
          const execution = (args.execution as string) ?? history.executions[0].id;
          const { items } = await client.numbers(workspace, execution);
          const request = await askWhatToKeep(items, trans);
          if (request) {
            const run = await client.keep(workspace, execution, request);
            history.putRun(run);
            model.openEntry({ workspace, run: run.id });
          }
        })
    });
    commands.addCommand(CommandIDs.star, {
      label: trans.__('Star Run'),
      icon: starIcon,
      describedBy: argsSchema({ workspace: TEXT, run: TEXT, is_starred: FLAG }, ['run']),
      isVisible: args => typeof args.run === 'string',
      execute: args =>
        shown(async () => {
          const workspace = (args.workspace as string) ?? focus.workspace;
          history.putRun(await client.changeRun(workspace, args.run as string, { is_starred: args.is_starred !== false }));
        })
    });
    commands.addCommand(CommandIDs.copyRows, {
      label: trans.__('Copy Rows of the Selected Runs'),
      caption: trans.__('As a table that a spreadsheet pastes, numbers as numbers'),
      icon: copyIcon,
      describedBy: argsSchema({ workspace: TEXT, runs: TEXTS }),
      isEnabled: hasRuns,
      execute: args =>
        shown(async () => {
          const workspace = (args.workspace as string) ?? focus.workspace;
          const ids = runsOf(args);
          const { text } = await client.exportRuns(workspace, { format: 'tsv', ids });
          Clipboard.copyToSystem(text);
          Notification.success(trans._n('%1 row copied.', '%1 rows copied.', ids.length), { autoClose: 2000 });
        })
    });
    commands.addCommand(CommandIDs.label, {
      label: trans.__('Label the Selected Runs…'),
      icon: labelIcon,
      describedBy: argsSchema({ workspace: TEXT, runs: TEXTS, label: TEXT }),
      isEnabled: hasRuns,
      execute: args =>
        shown(async () => {
          const label = parseLabel(typeof args.label === 'string' ? args.label : await askForLabel());
          const workspace = (args.workspace as string) ?? focus.workspace;
          if (label) {
            const labels: Record<string, Scalar> = { [label.name]: label.value };
            const changed = await Promise.all(runsOf(args).map(run => client.changeRun(workspace, run, { labels })));
            changed.forEach(run => history.putRun(run));
          }
        })
    });
    const askForLabel = async (): Promise<string> => {
      const answer = await InputDialog.getText({
        title: trans.__('Label the selected runs'),
        label: trans.__('A word, or key: text'),
        okLabel: trans.__('Label')
      });
      return answer.button.accept ? (answer.value ?? '') : '';
    };
    commands.addCommand(CommandIDs.interrupt, {
      label: trans.__('Interrupt the Kernel of the Notebook in the Panel'),
      icon: stopIcon,
      describedBy: argsSchema({}),
      isEnabled: () => !!focus.panel?.sessionContext.session?.kernel,
      execute: () => shown(() => focus.panel?.sessionContext.session?.kernel?.interrupt())
    });
    for (const command of [
      CommandIDs.restore,
      CommandIDs.undoRestore,
      CommandIDs.fork,
      CommandIDs.keepAsRun,
      CommandIDs.copyRows,
      CommandIDs.label,
      CommandIDs.interrupt
    ]) {
      palette?.addItem({ command, category: CATEGORY });
    }
  }
};
