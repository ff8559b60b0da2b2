/** Fork, from question to the opened notebook. */
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { DotscienceClient } from '../api/client';
import type { SnapshotId, StoreId } from '../api/types';
import type { FocusModel } from '../focus/focus-model';
import { folderOf, rootInContents } from '../paths';
import { clockText } from '../words';
import { askWhereToFork } from './dialog';
import { untieNotebook } from './ties-model';

export interface IForkRequest {
  workspace: StoreId;
  snapshot: SnapshotId;
  /** The notebook to open in the fork, by its workspace path; null: none. */
  path: string | null;
}

export class ForkFlow {
  constructor(
    private readonly _client: DotscienceClient,
    private readonly _focus: FocusModel,
    private readonly _documents: IDocumentManager,
    private readonly _trans: TranslationBundle
  ) {}

  /** Rejects with what to show when the server refuses. */
  async fork(request: IForkRequest): Promise<void> {
    const { workspace, snapshot } = request;
    const notebook = request.path ?? this._focus.workspacePath;
    const choice = await askWhereToFork(
      this._suggestion(),
      notebook,
      path => this._client.planFork(workspace, snapshot, path),
      this._trans
    );
    if (!choice?.folder) {
      return;
    }
    const { workspace: fork } = await this._client.fork(workspace, snapshot, choice.folder);
    const opened = notebook ? this._documents.openOrReveal(`${choice.folder}/${notebook}`) : undefined;
    if (opened instanceof NotebookPanel && choice.isUntied && fork.origin) {
      await opened.context.ready;
      untieNotebook(opened.context.model, { origin: fork.origin.disk_path, root: fork.root });
    }
  }

  /** Beside the project folder; inside it when it is Jupyter's own root: 'churn' at 14:03 -> 'churn-fork-1403'. */
  private _suggestion(): string {
    const name = this._focus.status?.name || 'project';
    const stamp = clockText(new Date().toISOString()).replace(':', '');
    const root = this._focus.names ? rootInContents(this._focus.names) : null;
    const parent = root ? folderOf(root) : '';
    return `${parent ? `${parent}/` : ''}${name}-fork-${stamp}`;
  }
}
