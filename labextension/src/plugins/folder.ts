/** Commands about a project folder: snapshot, pause, off, widen, forget, check-up. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { StoreId } from '../api/types';
import { CATEGORY, CommandIDs } from '../command-ids';
import type { DocumentReporter } from '../documents/reporter';
import { pauseIcon, resumeIcon, snapshotIcon } from '../icons';
import { ChecksBody } from '../panel/checks';
import type { PanelModel } from '../panel/model';
import { IDocumentReporter, IPanelModel } from '../tokens';
import { sizeText } from '../words';
import { argsSchema, TEXT } from './args';
import { shown } from './failures';

export const folderPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:folder',
  description: 'Snapshot, pause, widen and forget: commands about the project folder.',
  autoStart: true,
  requires: [IPanelModel, IDocumentReporter],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    model: PanelModel,
    reporter: DocumentReporter,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const { commands } = app;
    const { client, focus } = model;
    const folder = (): string => focus.status?.name ?? '';
    const hasWorkspace = (): boolean => focus.workspace !== null;
    const isPaused = (): boolean => focus.status?.state === 'paused';
    const ofFolder = (act: (workspace: StoreId) => Promise<void>) => () =>
      shown(async () => {
        if (focus.workspace) {
          await act(focus.workspace);
          focus.refresh();
        }
      });

    commands.addCommand(CommandIDs.snapshot, {
      label: trans.__('Take a Snapshot…'),
      caption: trans.__('Keep the present state of the folder under a message'),
      icon: snapshotIcon,
      describedBy: argsSchema({ message: TEXT }),
      isEnabled: hasWorkspace,
      execute: args =>
        shown(async () => {
          const workspace = focus.workspace;
          const message = typeof args.message === 'string' ? args.message : await askForMessage();
          if (workspace && message) {
            await reporter.reportAll();
            await client.makeSnapshot(workspace, message);
            Notification.success(trans.__('Snapshot kept: %1', message), { autoClose: 3000 });
          }
        })
    });
    const askForMessage = async (): Promise<string | null> => {
      const answer = await InputDialog.getText({
        title: trans.__('Take a snapshot of %1/', folder()),
        label: trans.__('The folder as it is now, with unsaved edits of open notebooks, kept under this message:'),
        placeholder: trans.__('before the big change'),
        okLabel: trans.__('Keep')
      });
      return answer.button.accept ? answer.value || trans.__('Snapshot') : null;
    };

    commands.addCommand(CommandIDs.pause, {
      label: trans.__('Pause Recording'),
      caption: trans.__('Record nothing in this folder until resumed'),
      icon: pauseIcon,
      describedBy: argsSchema({}),
      isEnabled: () => hasWorkspace() && !isPaused(),
      isVisible: () => !isPaused(),
      execute: ofFolder(async workspace => void (await client.changeWorkspace(workspace, { is_paused: true })))
    });
    commands.addCommand(CommandIDs.resume, {
      label: trans.__('Resume Recording'),
      icon: resumeIcon,
      describedBy: argsSchema({}),
      isEnabled: () => hasWorkspace() && isPaused(),
      isVisible: isPaused,
      execute: ofFolder(async workspace => void (await client.changeWorkspace(workspace, { is_paused: false })))
    });
    commands.addCommand(CommandIDs.root, {
      label: () => trans.__('Recorded in %1', focus.status?.root ?? ''),
      describedBy: argsSchema({}),
      isEnabled: () => false,
      isVisible: hasWorkspace,
      execute: () => undefined
    });
    commands.addCommand(CommandIDs.off, {
      label: trans.__('Off Here'),
      caption: trans.__('Stop recording in this folder at once; its history stays until you forget it'),
      describedBy: argsSchema({}),
      isEnabled: hasWorkspace,
      isVisible: () => !isPaused(),
      execute: ofFolder(async workspace => {
        await client.changeWorkspace(workspace, { is_paused: true });
        // With the panel open the reader sees it there, with a button beside it.
        if (!model.isShown) {
          Notification.info(trans.__('%1/ is no longer recorded. “Resume Recording” turns it on again.', folder()), {
            autoClose: 6000
          });
        }
      })
    });
    commands.addCommand(CommandIDs.widen, {
      label: trans.__('Widen to the Parent Folder'),
      caption: trans.__('Record the parent folder as one project; the history moves along'),
      describedBy: argsSchema({}),
      isEnabled: hasWorkspace,
      execute: ofFolder(async workspace => {
        const row = await client.widenWorkspace(workspace);
        Notification.success(trans.__('%1 is now the project folder.', row.root), { autoClose: 5000 });
      })
    });
    commands.addCommand(CommandIDs.forget, {
      label: trans.__('Forget This Folder’s History…'),
      caption: trans.__('Remove everything that was recorded here; your own files stay'),
      describedBy: argsSchema({}),
      isEnabled: hasWorkspace,
      execute: ofFolder(async workspace => {
        const plan = await client.planForget(workspace);
        const answer = await showDialog({
          title: trans.__('Forget the history of %1/?', folder()),
          body: plan.sentence,
          buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Forget') })],
          defaultButton: 0
        });
        if (answer.button.accept) {
          const { freed_bytes } = await client.forget(workspace);
          Notification.success(trans.__('Forgotten; %1 are free again.', sizeText(freed_bytes)), { autoClose: 5000 });
        }
      })
    });
    commands.addCommand(CommandIDs.getBack, {
      label: trans.__('Get This Folder’s Lost History Back'),
      caption: trans.__('From where a copy of it was kept; your own files stay as they are'),
      describedBy: argsSchema({}),
      isEnabled: () => focus.status?.can_get_back ?? false,
      execute: () =>
        shown(async () => {
          if (focus.path !== null) {
            const { n_executions: n } = await client.getBack(focus.path);
            const said = trans._n('The history is back, with %1 cell. Your files stay as they are.', 'The history is back, with %1 cells. Your files stay as they are.', n);
            Notification.success(said, { autoClose: 6000 });
            focus.refresh();
          }
        })
    });
    commands.addCommand(CommandIDs.checkup, {
      label: trans.__('Check Up on Recording…'),
      caption: trans.__('Is everything in place here, and if not, what to do'),
      describedBy: argsSchema({}),
      execute: () =>
        shown(async () => {
          const { checks } = await client.doctor(focus.path ?? undefined);
          await showDialog({
            title: trans.__('Recording here'),
            body: new ChecksBody(checks, trans),
            buttons: [Dialog.okButton({ label: trans.__('Close') })]
          });
        })
    });
    for (const command of [
      CommandIDs.snapshot,
      CommandIDs.pause,
      CommandIDs.resume,
      CommandIDs.off,
      CommandIDs.widen,
      CommandIDs.forget,
      CommandIDs.getBack,
      CommandIDs.checkup
    ]) {
      palette?.addItem({ command, category: CATEGORY });
    }
  }
};
