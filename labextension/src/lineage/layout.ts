/** Where each node and edge of a graph is drawn. Pure; lengths in CSS pixels, y grows downwards. */
import { Graph, layout as dagreLayout } from '@dagrejs/dagre';

import type { IGraph, IGraphEdge, IGraphNode } from './graph';
import { assignLayers } from './layers';

/** Upstream on the left, or (where it is narrow) above. */
export type Direction = 'LR' | 'TB';

export interface ISizes {
  width: number;
  height: number;
  /** Between neighbours of one layer, and between layers. */
  gap: number;
  layerGap: number;
}

export interface IPoint {
  x: number;
  y: number;
}

/** x, y: top left corner. */
export interface IPlacedNode extends IPoint {
  item: IGraphNode;
  width: number;
  height: number;
}

export interface IPlacedEdge {
  item: IGraphEdge;
  /** From the source's border to the target's. */
  points: IPoint[];
}

export interface ILayout {
  nodes: IPlacedNode[];
  edges: IPlacedEdge[];
  width: number;
  height: number;
  direction: Direction;
}

/** dagre takes 2.7 s for 1,000 nodes and overflows at 10,000; see docs of the library's choice. */
export const MAX_DAGRE_NODES = 200;
const MARGIN = 8;
const MAX_NODE_WIDTH = 180;

export function layoutGraph(graph: IGraph, sizes: ISizes, direction: Direction): ILayout {
  return graph.nodes.length <= MAX_DAGRE_NODES
    ? byDagre(graph, sizes, direction)
    : byLayers(graph, sizes, direction);
}

/** Of both directions the one that is drawn larger in a box of that width and height; left to right when equal. */
export function layoutToFit(graph: IGraph, sizes: ISizes, box: { width: number; height: number }): ILayout {
  const [across, down] = (['LR', 'TB'] as const).map(direction =>
    layoutGraph(graph, { ...sizes, width: widthToFit(graph, sizes, direction, box.width) }, direction)
  );
  return scaleToFit(down, box) > scaleToFit(across, box) ? down : across;
}

/** Room there is becomes room for names: the width of a node, at least `sizes.width`, so that `room` is filled. */
export function widthToFit(graph: IGraph, sizes: ISizes, direction: Direction, room: number): number {
  const layers = assignLayers(
    graph.nodes.map(node => node.id),
    graph.edges
  );
  const isAcross = direction === 'LR';
  const n = isAcross ? layers.length : Math.max(1, ...layers.map(layer => layer.length));
  const gaps = (n - 1) * (isAcross ? sizes.layerGap : sizes.gap) + 2 * MARGIN;
  return Math.max(sizes.width, Math.min(MAX_NODE_WIDTH, Math.floor((room - gaps) / n)));
}

/** Never larger than 1: small graphs are not blown up. */
export function scaleToFit(layout: { width: number; height: number }, box: { width: number; height: number }): number {
  return Math.min(1, box.width / Math.max(1, layout.width), box.height / Math.max(1, layout.height));
}

/** Points -> the `d` of an SVG path: a curve that leaves and arrives along the direction of flow. */
export function edgePath(points: readonly IPoint[], direction: Direction): string {
  const [first, ...others] = points;
  let path = `M${round(first.x)},${round(first.y)}`;
  let from = first;
  for (const to of others) {
    const middle = direction === 'LR' ? (from.x + to.x) / 2 : (from.y + to.y) / 2;
    const [a, b] =
      direction === 'LR'
        ? [`${round(middle)},${round(from.y)}`, `${round(middle)},${round(to.y)}`]
        : [`${round(from.x)},${round(middle)}`, `${round(to.x)},${round(middle)}`];
    path += ` C${a} ${b} ${round(to.x)},${round(to.y)}`;
    from = to;
  }
  return path;
}

function byDagre(graph: IGraph, sizes: ISizes, direction: Direction): ILayout {
  const dagre = new Graph({ multigraph: false });
  dagre.setGraph({
    rankdir: direction,
    nodesep: sizes.gap,
    ranksep: sizes.layerGap,
    marginx: MARGIN,
    marginy: MARGIN
  });
  dagre.setDefaultEdgeLabel(() => ({}));
  graph.nodes.forEach(node => dagre.setNode(node.id, { width: widthOf(node, sizes), height: sizes.height }));
  const edges = uniqueEdges(graph);
  edges.forEach(edge => dagre.setEdge(edge.source, edge.target));
  dagreLayout(dagre);
  const box = dagre.graph() as { width?: number; height?: number };
  return {
    nodes: graph.nodes.map(item => {
      const { x, y, width, height } = dagre.node(item.id) as IPoint & { width: number; height: number };
      return { item, x: x - width / 2, y: y - height / 2, width, height };
    }),
    edges: edges.map(item => ({
      item,
      points: (dagre.edge(item.source, item.target) as { points: IPoint[] }).points
    })),
    width: box.width ?? 0,
    height: box.height ?? 0,
    direction
  };
}

function byLayers(graph: IGraph, sizes: ISizes, direction: Direction): ILayout {
  const byId = new Map(graph.nodes.map(node => [node.id, node]));
  const edges = uniqueEdges(graph);
  const layers = assignLayers([...byId.keys()], edges);
  const isAcross = direction === 'LR';
  const [along, beside] = isAcross ? [sizes.width, sizes.height] : [sizes.height, sizes.width];
  const longest = Math.max(...layers.map(layer => layer.length), 1);
  const breadth = longest * (beside + sizes.gap) - sizes.gap;
  const placed = new Map<string, IPlacedNode>();
  layers.forEach((layer, rank) => {
    const start = (breadth - (layer.length * (beside + sizes.gap) - sizes.gap)) / 2;
    layer.forEach((id, index) => {
      const u = MARGIN + rank * (along + sizes.layerGap);
      const v = MARGIN + start + index * (beside + sizes.gap);
      placed.set(id, {
        item: byId.get(id)!,
        x: isAcross ? u : v,
        y: isAcross ? v : u,
        width: sizes.width,
        height: sizes.height
      });
    });
  });
  const depth = layers.length * (along + sizes.layerGap) - sizes.layerGap + 2 * MARGIN;
  const extent = breadth + 2 * MARGIN;
  return {
    nodes: [...placed.values()],
    edges: edges.map(item => ({ item, points: straight(placed.get(item.source)!, placed.get(item.target)!, isAcross) })),
    width: isAcross ? depth : extent,
    height: isAcross ? extent : depth,
    direction
  };
}

function straight(source: IPlacedNode, target: IPlacedNode, isAcross: boolean): IPoint[] {
  return isAcross
    ? [
        { x: source.x + source.width, y: source.y + source.height / 2 },
        { x: target.x, y: target.y + target.height / 2 }
      ]
    : [
        { x: source.x + source.width / 2, y: source.y + source.height },
        { x: target.x + target.width / 2, y: target.y }
      ];
}

/** '+12' needs less room than a name. */
function widthOf(node: IGraphNode, sizes: ISizes): number {
  return node.kind === 'more' ? Math.min(sizes.width, 48) : sizes.width;
}

/** One line between two nodes, however many records say so: the surest evidence is drawn. */
function uniqueEdges(graph: IGraph): IGraphEdge[] {
  const known = new Set(graph.nodes.map(node => node.id));
  const unique = new Map<string, IGraphEdge>();
  for (const edge of graph.edges) {
    const key = `${edge.source}\n${edge.target}`;
    if (known.has(edge.source) && known.has(edge.target) && unique.get(key)?.evidence !== 'declared') {
      const isSurer = !unique.has(key) || unique.get(key)!.evidence === 'ambiguous' || edge.evidence === 'declared';
      if (isSurer) {
        unique.set(key, edge);
      }
    }
  }
  return [...unique.values()];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
