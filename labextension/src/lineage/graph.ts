/** A lineage cut down to what fits: the nodes nearest to the focus, the rest counted where they hang. Pure. */
import type { Evidence, ILineage, ILineageEdge, ILineageNode } from '../api/types';

export interface IGraphNode {
  id: string;
  /** `more` stands for nodes left out: label '+12'. */
  kind: ILineageNode['kind'] | 'more';
  label: string;
  /** null: of a `more`. */
  node: ILineageNode | null;
  isFocus: boolean;
  /** Of a `more`: how many it stands for. */
  n_hidden: number;
}

/** The strongest first. */
const STRENGTH: readonly Evidence[] = ['corrected', 'declared', 'observed', 'ambiguous'];

/** `source` -> `target`, in the direction data flowed. */
export interface IGraphEdge {
  source: string;
  target: string;
  evidence: Evidence;
  /** null: towards nodes left out. */
  edge: ILineageEdge | null;
}

export interface IGraph {
  nodes: IGraphNode[];
  edges: IGraphEdge[];
}

/**
 * At most `limit` nodes of the lineage. What is left out is shown as one node at each kept neighbour and side:
 * twelve outputs of a notebook beyond the limit -> one node '+12' to its right.
 */
export function foldLineage(lineage: ILineage, limit: number): IGraph {
  const edges = lineage.edges.filter(edge => edge.source !== edge.target);
  const kept = new Set(nearest(lineage, edges).slice(0, limit));
  const nodes: IGraphNode[] = lineage.nodes
    .filter(node => kept.has(node.id))
    .map(node => ({
      id: node.id,
      kind: node.kind,
      label: node.label,
      node,
      isFocus: node.id === lineage.focus,
      n_hidden: 0
    }));
  const shown: IGraphEdge[] = oneArrowEach(edges.filter(edge => kept.has(edge.source) && kept.has(edge.target))).map(
    edge => ({ source: edge.source, target: edge.target, evidence: edge.evidence, edge })
  );
  const folded = foldRest(lineage, edges, kept);
  return { nodes: [...nodes, ...folded.nodes], edges: [...shown, ...folded.edges] };
}

/** Two edges between the same nodes (a file declared as output and seen being written) are one, of the stronger evidence. */
function oneArrowEach(edges: readonly ILineageEdge[]): ILineageEdge[] {
  const arrows = new Map<string, ILineageEdge>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.source, edge.target]);
    const other = arrows.get(key);
    const stronger = other && STRENGTH.indexOf(other.evidence) <= STRENGTH.indexOf(edge.evidence) ? other : edge;
    arrows.set(key, { ...stronger, seen_by: [...new Set([...(other?.seen_by ?? []), ...edge.seen_by])] });
  }
  return [...arrows.values()];
}

/** For each node, the nodes right before and right after it: the list that stands beside the picture. */
export function neighbourhoods(graph: IGraph): Map<string, { before: Set<IGraphNode>; after: Set<IGraphNode> }> {
  const byId = new Map(graph.nodes.map(node => [node.id, node]));
  const found = new Map(
    graph.nodes.map(node => [node.id, { before: new Set<IGraphNode>(), after: new Set<IGraphNode>() }])
  );
  for (const { source, target } of graph.edges) {
    found.get(source)?.after.add(byId.get(target)!);
    found.get(target)?.before.add(byId.get(source)!);
  }
  return found;
}

/** One node with all that led to it and all that came of it: ids, its own included. */
export function threadOf(graph: IGraph, id: string): Set<string> {
  const upstream = new Map<string, string[]>();
  const downstream = new Map<string, string[]>();
  graph.edges.forEach(edge => {
    append(upstream, edge.target, edge.source);
    append(downstream, edge.source, edge.target);
  });
  return new Set([...reach([id], upstream), ...reach([id], downstream)]);
}

/** Every node id, nearest to the focus first (both directions), unreachable ones last. */
function nearest(lineage: ILineage, edges: readonly ILineageEdge[]): string[] {
  const ids = new Set(lineage.nodes.map(node => node.id));
  const reached = reach([lineage.focus], neighboursOf(edges)).filter(id => ids.has(id));
  return [...new Set([...reached, ...ids])];
}

/** Each hidden node belongs to the kept one through which it was reached first; its side is that of the first edge. */
function foldRest(lineage: ILineage, edges: readonly ILineageEdge[], kept: ReadonlySet<string>): IGraph {
  const neighbours = neighboursOf(edges);
  const owner = new Map<string, string>();
  const counts = new Map<string, number>();
  const queue: string[] = [];
  const claim = (id: string, key: string): void => {
    if (!kept.has(id) && !owner.has(id)) {
      owner.set(id, key);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      queue.push(id);
    }
  };
  for (const edge of edges) {
    if (kept.has(edge.source) && !kept.has(edge.target)) {
      claim(edge.target, `down:${edge.source}`);
    } else if (kept.has(edge.target) && !kept.has(edge.source)) {
      claim(edge.source, `up:${edge.target}`);
    }
  }
  for (let at = 0; at < queue.length; at++) {
    (neighbours.get(queue[at]) ?? []).forEach(id => claim(id, owner.get(queue[at])!));
  }
  const graph: IGraph = { nodes: [], edges: [] };
  for (const [key, count] of counts) {
    const [side, at] = [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)];
    const id = `more:${key}`;
    graph.nodes.push({ id, kind: 'more', label: `+${count}`, node: null, isFocus: false, n_hidden: count });
    const ends = side === 'up' ? { source: id, target: at } : { source: at, target: id };
    graph.edges.push({ ...ends, evidence: 'observed', edge: null });
  }
  return graph;
}

function neighboursOf(edges: readonly ILineageEdge[]): Map<string, string[]> {
  const neighbours = new Map<string, string[]>();
  edges.forEach(edge => {
    append(neighbours, edge.source, edge.target);
    append(neighbours, edge.target, edge.source);
  });
  return neighbours;
}

function append(lists: Map<string, string[]>, key: string, value: string): void {
  const known = lists.get(key);
  if (known) {
    known.push(value);
  } else {
    lists.set(key, [value]);
  }
}

function reach(start: string[], neighbours: ReadonlyMap<string, string[]>): string[] {
  const order = [...start];
  const seen = new Set(order);
  for (let at = 0; at < order.length; at++) {
    for (const id of neighbours.get(order[at]) ?? []) {
      if (!seen.has(id)) {
        seen.add(id);
        order.push(id);
      }
    }
  }
  return order;
}
