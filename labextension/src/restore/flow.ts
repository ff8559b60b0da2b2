/**
 * Restore, from question to undo: plan, choose, save what is unsaved, put back, show it, say what it did not touch.
 *
 * The server keeps the present state in a snapshot first; *Undo* restores exactly the touched files from that one.
 */
import { Dialog, Notification, SessionContextDialogs, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';

import type { DotscienceClient } from '../api/client';
import { sentenceOf } from '../api/errors';
import type { Instant, IRestoreResult, SnapshotId, StoreId } from '../api/types';
import type { FocusModel } from '../focus/focus-model';
import { clockText, momentText } from '../words';
import { choiceOf, heldOf } from './choice';
import { askWhatToRestore } from './dialog';
import { hasUnsavedEdits, revert, save } from './documents';

/** What the snapshot says that is taken right after a restore; its parent is the state before. */
const RESTORED = 'restore';
const SNAPSHOTS_SEARCHED = 100;

export interface IRestoreRequest {
  workspace: StoreId;
  snapshot: SnapshotId;
  /** The file to put back unless the reader chooses others, by its workspace path; null: the notebook in focus. */
  path: string | null;
  /** Several files to put back in its place. */
  paths?: readonly string[];
  /** The instant that state is from; null: not known. */
  at: Instant | null;
  /** Start of the last execution in the running kernel; null: nothing ran in it. */
  variablesFrom: Instant | null;
}

/** Puts these workspace paths back from that snapshot, in the folder of the request. */
type Apply = (from: SnapshotId, paths: string[]) => Promise<IRestoreResult>;

export class RestoreFlow {
  constructor(
    private readonly _client: DotscienceClient,
    private readonly _focus: FocusModel,
    private readonly _documents: IDocumentManager,
    private readonly _translator: ITranslator,
    private readonly _trans: TranslationBundle
  ) {}

  /** Undo the last restore of that folder, also one made before this page was loaded, or in a terminal: then it asks first. */
  async undoLast(workspace: StoreId): Promise<void> {
    const trans = this._trans;
    if (this._undo?.workspace === workspace) {
      return this._undo.run();
    }
    const { items } = await this._client.snapshots(workspace, { limit: SNAPSHOTS_SEARCHED });
    const last = items.find(snapshot => snapshot.reason === RESTORED && snapshot.parents.length > 0);
    if (!last) {
      Notification.info(trans.__('No restore among the last %1 snapshots of this folder.', SNAPSHOTS_SEARCHED), { autoClose: 5000 });
      return;
    }
    const before = last.parents[0];
    const touched = (await this._client.changes(workspace, last.id)).items.map(change => change.path);
    const answer = await showDialog({
      title: trans.__('Undo the restore of %1?', momentText(last.created_at, new Date(), trans)),
      body: trans.__('These files go back to what they were before it; the present state is kept first: %1', touched.join(', ')),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Undo') })]
    });
    if (answer.button.accept) {
      const isInFocus = this._focus.workspace === workspace;
      const toContents = isInFocus ? this._focus.translator() : await this._translatorOf(workspace);
      await this._putBack(touched, () => this._apply(workspace, before, touched, toContents));
    }
  }

  /** Asks, acts and tells. Rejects with what to show when the server refuses. */
  async restore(request: IRestoreRequest): Promise<void> {
    const { workspace, snapshot } = request;
    const isInFocus = this._focus.workspace === workspace;
    const open = request.path ?? (isInFocus ? this._focus.workspacePath : null);
    const toContents = isInFocus ? this._focus.translator() : await this._translatorOf(workspace);
    const choice = choiceOf(await this._client.planRestore(workspace, snapshot), open);
    const when = request.at ? momentText(request.at, new Date(), this._trans) : snapshot;
    const unsaved = new Set(choice.choices.map(step => step.path).filter(path => this._isUnsaved(toContents(path))));
    const paths = await askWhatToRestore({ choice, open, asked: request.paths ?? [], unsaved, when }, this._trans);
    if (!paths?.length) {
      return;
    }
    const apply: Apply = (from, which) => this._apply(workspace, from, which, toContents);
    // The dialog named those that a process writes to: its button was the yes.
    const isHeld = heldOf(choice, new Set(paths)).length > 0;
    this._tell(request, await this._apply(workspace, snapshot, paths, toContents, isHeld), apply);
  }

  /** Save unsaved edits under these paths, put them back, show the new state in every open document. */
  private async _apply(
    workspace: StoreId,
    snapshot: SnapshotId,
    paths: string[],
    toContents: (path: string) => string | null,
    evenOpen = false
  ): Promise<IRestoreResult> {
    const open = paths.map(toContents).filter((path): path is string => path !== null);
    await Promise.all(open.map(path => save(this._documents, path)));
    const plan = await this._client.planRestore(workspace, snapshot, paths);
    const result = await this._client.applyRestore(workspace, snapshot, plan.plan_digest, paths, evenOpen);
    await Promise.all(open.map(path => revert(this._documents, path)));
    return result;
  }

  private _tell(request: IRestoreRequest, result: IRestoreResult, apply: Apply): void {
    const trans = this._trans;
    const touched = [...result.written, ...result.removed];
    const undo = async (): Promise<void> => {
      this._undo = null;
      await this._putBack(touched, () => apply(result.snapshot_before, touched));
    };
    this._undo = { workspace: request.workspace, run: undo };
    const actions: Notification.IAction[] = [];
    const kernel = this._focus.panel?.sessionContext;
    const hasVariables = !!kernel?.session?.kernel && request.variablesFrom !== null;
    if (kernel && hasVariables) {
      actions.push({
        label: trans.__('Restart kernel'),
        callback: () => void new SessionContextDialogs({ translator: this._translator }).restart(kernel)
      });
      actions.push({ label: trans.__('Keep'), callback: () => undefined });
    }
    actions.push({ label: trans.__('Undo'), callback: () => void undo() });
    Notification.info(hasVariables ? this._mismatch(request) : result.sentence, { actions, autoClose: false });
  }

  private async _putBack(touched: string[], apply: () => Promise<IRestoreResult>): Promise<void> {
    const trans = this._trans;
    try {
      await apply();
      Notification.info(trans._n('%1 file is as it was before.', '%1 files are as they were before.', touched.length), {
        autoClose: 5000
      });
    } catch (error) {
      Notification.error(sentenceOf(error), { autoClose: false });
    }
  }

  private _mismatch(request: IRestoreRequest): string {
    const trans = this._trans;
    const variables = clockText(request.variablesFrom!);
    return request.at
      ? trans.__('Files are from %1, variables from %2.', clockText(request.at), variables)
      : trans.__('Files are restored, variables are from %1.', variables);
  }

  /** Open documents of a folder that is not in focus are saved and shown anew as well. */
  private async _translatorOf(workspace: StoreId): Promise<(path: string) => string | null> {
    const { contents_path } = await this._client.workspace(workspace);
    return path => (contents_path === null ? null : PathExt.join(contents_path, path));
  }

  private _isUnsaved(contents: string | null): boolean {
    return contents !== null && hasUnsavedEdits(this._documents, contents);
  }

  /** Of the restore made last in this page; null: none, or it is undone. */
  private _undo: { workspace: StoreId; run: () => Promise<void> } | null = null;
}
