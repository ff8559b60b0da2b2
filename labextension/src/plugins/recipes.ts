/** Commands about recipes: make that of a result, run it again. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../command-ids';
import { recipeIcon } from '../icons';
import { RecipeFlow, IRecipeRequest } from '../recipe/flow';
import { IDotscience } from '../tokens';
import { argsSchema, TEXT } from './args';
import { shown } from './failures';

export const recipesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'dotscience-jlab:recipes',
  description: 'The smallest notebook that makes a result again.',
  autoStart: true,
  requires: [IDotscience, IDocumentManager],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, service: IDotscience, documents: IDocumentManager, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('dotscience_jlab');
    const { commands } = app;
    const recipes = new RecipeFlow(service.client, documents, app.serviceManager.contents, trans);
    const requestOf = (args: Record<string, any>): IRecipeRequest => {
      const { focus } = service;
      const workspace = args.workspace ?? focus.workspace;
      return { workspace, of: args.of, path: args.path ?? (workspace === focus.workspace ? focus.workspacePath : null) };
    };

    commands.addCommand(CommandIDs.makeRecipe, {
      label: trans.__('Make the Recipe'),
      caption: trans.__('The cells that made this result, as they were executed, as a notebook of their own'),
      icon: recipeIcon,
      describedBy: argsSchema({ workspace: TEXT, of: TEXT, path: TEXT }, ['of']),
      isVisible: args => typeof args.of === 'string',
      execute: args => shown(() => recipes.make(requestOf(args)))
    });
    commands.addCommand(CommandIDs.confirmRecipe, {
      label: trans.__('Run the Recipe Again to Confirm It'),
      describedBy: argsSchema({ workspace: TEXT, of: TEXT }, ['of']),
      isVisible: args => typeof args.of === 'string',
      execute: args => shown(() => recipes.confirm(requestOf(args)))
    });
  }
};
