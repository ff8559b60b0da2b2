/** Open documents and their files on disk: nothing is written under unsaved edits, and what was written is shown. */
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';

/** The contexts of all open documents on that contents path; usually one. */
export function contextsOf(manager: IDocumentManager, path: string): DocumentRegistry.Context[] {
  const found = new Set<DocumentRegistry.Context>();
  const factories = ['Notebook', ...manager.registry.preferredWidgetFactories(path).map(factory => factory.name)];
  for (const name of factories) {
    const widget = manager.findWidget(path, name);
    const context = widget && manager.contextForWidget(widget);
    if (context) {
      found.add(context);
    }
  }
  return [...found];
}

export function hasUnsavedEdits(manager: IDocumentManager, path: string): boolean {
  return contextsOf(manager, path).some(context => context.model.dirty);
}

export async function save(manager: IDocumentManager, path: string): Promise<void> {
  await Promise.all(contextsOf(manager, path).filter(context => context.model.dirty).map(context => context.save()));
}

/** Show what lies on disk now. */
export async function revert(manager: IDocumentManager, path: string): Promise<void> {
  await Promise.all(contextsOf(manager, path).map(context => context.revert()));
}
