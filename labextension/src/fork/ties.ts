/** What code of a fork still names in the folder it came from. Pure; only what stands in the code, not what it computes. */

/** reads and writes look different where the file is opened in the same line; a name alone may be either. */
export type TieKind = 'writes' | 'names';

export interface ITie {
  /** Of the file or folder in the origin: absolute. */
  disk_path: string;
  kind: TieKind;
}

/** Two folders, absolute, without a slash at the end. */
export interface IForkPlace {
  origin: string;
  root: string;
}

const WRITES = /\.to_\w+\(|\bsave\w*\(|\bdump\(|\bwrite_\w+\(|,\s*(mode\s*=\s*)?['"][rb]?[wax]b?\+?['"]/;

/**
 * In order, each path once: `open('/p/churn/x.csv', 'w')` of a fork of /p/churn -> [{disk_path: '/p/churn/x.csv', kind: 'writes'}].
 * A comment names nothing, nor does a path into the fork itself, where that lies inside its origin.
 */
export function tiesOf(source: string, place: IForkPlace): ITie[] {
  const found = new Map<string, TieKind>();
  for (const line of source.split('\n')) {
    for (const { disk_path } of isComment(line) ? [] : mentions(line, place)) {
      const kind = WRITES.test(line) ? 'writes' : 'names';
      found.set(disk_path, found.get(disk_path) === 'writes' ? 'writes' : kind);
    }
  }
  return [...found].map(([disk_path, kind]) => ({ disk_path, kind }));
}

/** The same code with the fork's own folder in place of its origin's, comments left alone. */
export function untied(source: string, place: IForkPlace): string {
  const lines = source.split('\n').map(line => {
    const places = isComment(line) ? [] : mentions(line, place).reverse();
    return places.reduce((text, { at }) => text.slice(0, at) + place.root + text.slice(at + place.origin.length), line);
  });
  return lines.join('\n');
}

function isComment(line: string): boolean {
  return line.trimStart().startsWith('#');
}

function mentions(line: string, { origin, root }: IForkPlace): { at: number; disk_path: string }[] {
  const isInside = root.startsWith(`${origin}/`);
  const found = [];
  for (let at = line.indexOf(origin); at >= 0; at = line.indexOf(origin, at + 1)) {
    const rest = line.slice(at + origin.length);
    if (/[\w.-]/.test(line[at - 1] ?? ' ') || /^[\w.-]/.test(rest)) {
      continue; // part of a longer name: /backup/p/churn, /p/churn2
    }
    const disk_path = origin + rest.slice(0, lengthOfPath(rest, line[at - 1]));
    if (!isInside || !(disk_path === root || disk_path.startsWith(`${root}/`))) {
      found.push({ at, disk_path });
    }
  }
  return found;
}

/** Up to the quote that it began with, else up to what ends a word. */
function lengthOfPath(rest: string, before: string | undefined): number {
  const isQuoted = before !== undefined && `'"\``.includes(before);
  const end = isQuoted ? rest.indexOf(before) : rest.search(/[\s'"`,;)\]}]/);
  return end < 0 ? rest.length : end;
}
