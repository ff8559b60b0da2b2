/** A recipe, from question to confirmation: fetch it, open it as a notebook of its own, run it again on the reader's word. */
import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { DotscienceClient } from '../api/client';
import { sentenceOf } from '../api/errors';
import type { IRecipe, StoreId } from '../api/types';
import { confirmationSentence, recipeSentence } from './words';

export interface IRecipeRequest {
  workspace: StoreId;
  /** run:REF, file:PATH, variable:NAME or execution:ID */
  of: string;
  /** Workspace path of the notebook that the result is of: the recipe lies beside it, so that it finds its files; null: not known. */
  path: string | null;
}

export class RecipeFlow {
  constructor(
    private readonly _client: DotscienceClient,
    private readonly _documents: IDocumentManager,
    private readonly _contents: Contents.IManager,
    private readonly _trans: TranslationBundle
  ) {}

  /** Opens it as a new notebook, which nothing has run yet. Rejects with what to show. */
  async make(request: IRecipeRequest): Promise<void> {
    const trans = this._trans;
    const recipe = await this._client.recipe(request.workspace, request.of);
    const folder = await this._folderOf(request);
    if (folder === null) {
      Notification.info(trans.__('The folder of this history lies outside the one that Jupyter shows; `ds recipe` writes the recipe there.'), {
        autoClose: 8000
      });
      return;
    }
    const made = await this._contents.newUntitled({ path: folder, type: 'notebook' });
    await this._contents.save(made.path, { type: 'notebook', format: 'json', content: recipe.notebook });
    this._documents.openOrReveal(made.path);
    this._tell(request, recipe);
  }

  /** Run it in a copy of the folder and say whether it gives the same. Takes as long as its cells take. */
  async confirm(request: IRecipeRequest): Promise<void> {
    const trans = this._trans;
    const id = Notification.emit(trans.__('Running it again, in a copy of the folder…'), 'in-progress', { autoClose: false });
    try {
      const { confirmation } = await this._client.confirmRecipe(request.workspace, request.of);
      const type = confirmation?.state === 'confirmed' ? 'success' : 'warning';
      Notification.update({ id, message: confirmationSentence(confirmation, new Date(), trans), type, autoClose: false });
    } catch (error) {
      Notification.update({ id, message: sentenceOf(error), type: 'error', autoClose: false });
    }
  }

  private _tell(request: IRecipeRequest, recipe: IRecipe): void {
    const trans = this._trans;
    Notification.info(recipeSentence(recipe, new Date(), trans), {
      autoClose: false,
      actions: [{ label: trans.__('Run it again to confirm'), callback: () => void this.confirm(request) }]
    });
  }

  /** null: Jupyter does not show it. */
  private async _folderOf(request: IRecipeRequest): Promise<string | null> {
    const { contents_path } = await this._client.workspace(request.workspace);
    return contents_path === null ? null : PathExt.join(contents_path, PathExt.dirname(request.path ?? ''));
  }
}
