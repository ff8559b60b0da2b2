/** Names that fit into a node, and the way from node to node by arrow keys. Pure. */
import type { IPlacedNode } from './layout';

/** 'preprocessed-customers.parquet', 16 -> 'preproce…parquet': both ends tell files apart. */
export function shortened(label: string, room: number): string {
  if (label.length <= room) {
    return label;
  }
  const tail = Math.min(8, Math.floor((room - 1) / 2));
  return `${label.slice(0, room - 1 - tail)}…${label.slice(label.length - tail)}`;
}

/** Code is told by how it begins: '[3] from sklearn import svm', 12 -> '[3] from sk…' */
export function begun(label: string, room: number): string {
  return label.length <= room ? label : `${label.slice(0, room - 1)}…`;
}

/** The nearest node in the direction of an arrow key; sideways distance counts double. */
export function nextNode(nodes: readonly IPlacedNode[], from: IPlacedNode, key: string): IPlacedNode | null {
  const ways: Record<string, [number, number]> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1]
  };
  const way = ways[key];
  if (!way) {
    return null;
  }
  let best: IPlacedNode | null = null;
  let shortest = Infinity;
  for (const node of nodes) {
    const dx = node.x + node.width / 2 - (from.x + from.width / 2);
    const dy = node.y + node.height / 2 - (from.y + from.height / 2);
    const ahead = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    if (node !== from && ahead > 1 && ahead + 2 * aside < shortest) {
      best = node;
      shortest = ahead + 2 * aside;
    }
  }
  return best;
}
