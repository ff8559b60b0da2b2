/** A unified diff, line by line. Pure. */

export type DiffLineKind = 'added' | 'removed' | 'same' | 'gap';

export interface IDiffLine {
  kind: DiffLineKind;
  text: string;
}

/** '--- a\n+++ b\n@@ -1 +1 @@\n-x = 1\n+x = 2' -> removed 'x = 1', added 'x = 2'; further '@@' are gaps. */
export function diffLines(unified: string): IDiffLine[] {
  const lines: IDiffLine[] = [];
  let isInHunk = false;
  for (const line of unified.split('\n')) {
    if (line.startsWith('@@')) {
      if (isInHunk) {
        lines.push({ kind: 'gap', text: '' });
      }
      isInHunk = true;
    } else if (isInHunk) {
      const kind = line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same';
      lines.push({ kind, text: line.slice(1) });
    }
  }
  return lines;
}
