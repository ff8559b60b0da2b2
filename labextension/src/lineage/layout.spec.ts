import type { IGraph, IGraphNode } from './graph';
import { assignLayers } from './layers';
import { edgePath, layoutGraph, layoutToFit, MAX_DAGRE_NODES, widthToFit } from './layout';
import { nextNode, shortened } from './nodes';
import { fitted, moved, zoomed } from './view-box';

// Every browser has it, jsdom has not; dagre clones plain lists with it.
globalThis.structuredClone ??= <T>(value: T): T => JSON.parse(JSON.stringify(value));

const SIZES = { width: 100, height: 20, gap: 10, layerGap: 30 };
const node = (id: string): IGraphNode => ({ id, kind: 'file', label: id, node: null, isFocus: false, n_hidden: 0 });
const graph = (ids: string[], edges: [string, string][]): IGraph => ({
  nodes: ids.map(node),
  edges: edges.map(([source, target]) => ({ source, target, evidence: 'observed', edge: null }))
});

describe('assignLayers', () => {
  it('puts everything after what it came from', () => {
    const links = [
      { source: 'a', target: 'c' },
      { source: 'b', target: 'c' },
      { source: 'a', target: 'b' }
    ];
    expect(assignLayers(['c', 'b', 'a'], links)).toEqual([['a'], ['b'], ['c']]);
  });

  it('ends on a circle, with every node in one layer', () => {
    const links = [
      { source: 'a', target: 'b' },
      { source: 'b', target: 'a' }
    ];
    expect(assignLayers(['a', 'b'], links).flat().sort()).toEqual(['a', 'b']);
  });

  it('orders a layer by its neighbours: no needless crossing', () => {
    const links = [
      { source: 'a', target: 'y' },
      { source: 'b', target: 'x' }
    ];
    const [above, below] = assignLayers(['a', 'b', 'x', 'y'], links);
    expect(above.map(id => links.find(link => link.source === id)!.target)).toEqual(below);
  });

  it('does not recurse: a chain of 20,000 is no deeper a call than one of two', () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => `n${index}`);
    const links = ids.slice(1).map((id, index) => ({ source: ids[index], target: id }));
    expect(assignLayers(ids, links)).toHaveLength(20_000);
  });
});

describe.each([
  ['small, by dagre', 5],
  ['large, by layers', MAX_DAGRE_NODES + 50]
])('a %s layout', (_, size) => {
  const ids = Array.from({ length: size }, (_, index) => `n${index}`);
  const fan = graph(ids, ids.slice(1).map(id => ['n0', id] as [string, string]));

  it('has upstream on the left, nothing on top of another, all inside', () => {
    const { nodes, width, height } = layoutGraph(fan, SIZES, 'LR');
    const root = nodes.find(each => each.item.id === 'n0')!;
    const others = nodes.filter(each => each !== root);
    expect(others.every(each => each.x >= root.x + root.width)).toBe(true);
    const sorted = others.map(each => each.y).sort((a, b) => a - b);
    expect(sorted.slice(1).every((y, index) => y - sorted[index] >= SIZES.height)).toBe(true);
    expect(nodes.every(each => each.x >= 0 && each.y >= 0 && each.x + each.width <= width && each.y + each.height <= height)).toBe(true);
  });
});

it('draws one line between two nodes, by the surest evidence', () => {
  const twice = graph(['a', 'b'], [['a', 'b'], ['a', 'b']]);
  twice.edges[0].evidence = 'ambiguous';
  expect(layoutGraph(twice, SIZES, 'LR').edges.map(each => each.item.evidence)).toEqual(['observed']);
});

it('lies down or stands up as the box asks', () => {
  const chain = graph(['a', 'b', 'c', 'd'], [['a', 'b'], ['b', 'c'], ['c', 'd']]);
  expect(layoutToFit(chain, SIZES, { width: 150, height: 1000 }).direction).toBe('TB');
  expect(layoutToFit(chain, SIZES, { width: 1000, height: 100 }).direction).toBe('LR');
});

it('leaves and arrives along the direction of flow', () => {
  expect(edgePath([{ x: 0, y: 0 }, { x: 10, y: 20 }], 'LR')).toBe('M0,0 C5,0 5,20 10,20');
});

it('walks by arrow keys to what lies that way', () => {
  const { nodes } = layoutGraph(graph(['a', 'b'], [['a', 'b']]), SIZES, 'LR');
  expect(nextNode(nodes, nodes[0], 'ArrowRight')?.item.id).toBe('b');
  expect(nextNode(nodes, nodes[0], 'ArrowLeft')).toBeNull();
});

it('makes nodes as wide as a narrow panel lets them be', () => {
  const chain = graph(['a', 'b'], [['a', 'b']]);
  expect(widthToFit(chain, SIZES, 'TB', 300)).toBe(180);
  const fan = graph(['a', 'b', 'c', 'd'], [['a', 'b'], ['a', 'c'], ['a', 'd']]);
  expect(widthToFit(fan, SIZES, 'TB', 420)).toBe(128);
  expect(widthToFit(fan, SIZES, 'TB', 100)).toBe(SIZES.width);
});

it('keeps both ends of a long name', () => {
  expect(shortened('short.csv', 12)).toBe('short.csv');
  expect(shortened('preprocessed-customers.parquet', 16)).toBe('preproce…parquet');
});

describe('the view', () => {
  it('shows the whole in the middle, small things not blown up', () => {
    const view = fitted({ width: 100, height: 100 }, { width: 1000, height: 1000 });
    expect(view.scale).toBe(1.25);
    expect(view.x + 1000 / view.scale / 2).toBeCloseTo(50);
  });

  it('stays readable around the focus, without emptiness beside the drawing', () => {
    const wide = { width: 5000, height: 50 };
    const box = { width: 850, height: 850 };
    const atEnd = fitted(wide, box, { x: 4990, y: 25 });
    expect(atEnd.scale).toBe(0.85);
    expect(atEnd.x + box.width / atEnd.scale).toBeCloseTo(5016);
    expect(fitted(wide, box, { x: 0, y: 25 }).x).toBe(-16);
    expect(fitted(wide, box, { x: 2500, y: 25 }).x).toBeCloseTo(2000);
  });

  it('keeps what is under the pointer there while zooming', () => {
    const at = { x: 30, y: 40 };
    const before = { x: 5, y: 6, scale: 1 };
    const after = zoomed(before, 2, at);
    expect([after.x + at.x / after.scale, after.y + at.y / after.scale]).toEqual([35, 46]);
  });

  it('moves with the hand', () => {
    expect(moved({ x: 0, y: 0, scale: 2 }, 10, -20)).toEqual({ x: -5, y: 10, scale: 2 });
  });
});
