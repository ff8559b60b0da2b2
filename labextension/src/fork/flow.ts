/** Fork, from question to the opened notebook. */
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { DotscienceClient } from '../api/client';
import type { SnapshotId, StoreId } from '../api/types';
import type { FocusModel } from '../focus/focus-model';
import { folderOf, rootInContents } from '../paths';
import { clockText } from '../words';
import { askWhereToFork } from './dialog';

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
    const folder = await askWhereToFork(
      this._suggestion(),
      path => this._client.planFork(workspace, snapshot, path),
      this._trans
    );
    if (!folder) {
      return;
    }
    await this._client.fork(workspace, snapshot, folder);
    const notebook = request.path ?? this._focus.workspacePath;
    if (notebook) {
      this._documents.openOrReveal(`${folder}/${notebook}`);
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
