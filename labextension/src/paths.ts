/**
 * Two names of one file: Jupyter's contents name it from the server's root, a workspace from its own.
 *
 * Either root may lie inside the other, so a pair of names of one file tells how to translate every other.
 */

/** One file by both names: `contents` 'churn/nb/train.ipynb', `inWorkspace` 'nb/train.ipynb'. */
export interface ITwoNames {
  contents: string;
  inWorkspace: string;
}

/**
 * 'data/x.csv', beside {contents: 'churn/nb/a.ipynb', inWorkspace: 'nb/a.ipynb'} -> 'churn/data/x.csv'.
 * null: outside the server's root, so Jupyter cannot open it.
 */
export function toContentsPath(path: string, pair: ITwoNames): string | null {
  const { contents, inWorkspace } = pair;
  if (contents === inWorkspace) {
    return path;
  }
  if (contents.endsWith(`/${inWorkspace}`)) {
    return contents.slice(0, contents.length - inWorkspace.length) + path;
  }
  if (inWorkspace.endsWith(`/${contents}`)) {
    const above = inWorkspace.slice(0, inWorkspace.length - contents.length);
    return path.startsWith(above) ? path.slice(above.length) : null;
  }
  return null;
}

/** The workspace's root as Jupyter names it: 'churn', '' for the server's own root; null: it lies above that. */
export function rootInContents(pair: ITwoNames): string | null {
  if (pair.contents === pair.inWorkspace) {
    return '';
  }
  return pair.contents.endsWith(`/${pair.inWorkspace}`)
    ? pair.contents.slice(0, pair.contents.length - pair.inWorkspace.length - 1)
    : null;
}

/** 'churn/nb/train.ipynb' -> 'train.ipynb' */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** 'churn/nb/train.ipynb' -> 'churn/nb'; 'train.ipynb' -> '' */
export function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '' : path.slice(0, end);
}
