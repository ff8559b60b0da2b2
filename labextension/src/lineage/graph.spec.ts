import type { ILineage, ILineageEdge, ILineageNode } from '../api/types';
import { foldLineage, neighbourhoods, threadOf } from './graph';

const node = (id: string): ILineageNode => ({ id, kind: 'file', label: id, path: id, details: {} });
const edge = (source: string, target: string): ILineageEdge => ({
  source,
  target,
  kind: 'used',
  evidence: 'observed',
  seen_by: []
});
const lineage = (ids: string[], edges: [string, string][], focus: string): ILineage => ({
  nodes: ids.map(node),
  edges: edges.map(([a, b]) => edge(a, b)),
  focus,
  is_partial: false,
  partial_reasons: [],
  n_hidden: 0
});

describe('foldLineage', () => {
  it('shows all that fits, the focus marked', () => {
    const graph = foldLineage(lineage(['a', 'b'], [['a', 'b']], 'b'), 20);
    expect(graph.nodes.map(each => [each.id, each.isFocus])).toEqual([
      ['a', false],
      ['b', true]
    ]);
    expect(graph.edges).toHaveLength(1);
  });

  it('draws one arrow for what was both declared and seen', () => {
    const twice = lineage(['cell', 'model'], [['cell', 'model'], ['cell', 'model']], 'model');
    twice.edges[0] = { ...twice.edges[0], seen_by: ['audit'] };
    twice.edges[1] = { ...twice.edges[1], evidence: 'declared', seen_by: ['declared'] };
    const [arrow, ...others] = foldLineage(twice, 20).edges;
    expect(others).toEqual([]);
    expect([arrow.evidence, arrow.edge?.seen_by]).toEqual(['declared', ['audit', 'declared']]);
  });

  it('folds what is beyond the limit into one node a side', () => {
    const outputs = Array.from({ length: 12 }, (_, index) => `out${index}`);
    const graph = foldLineage(lineage(['in', 'nb', ...outputs], [['in', 'nb'], ...outputs.map(out => ['nb', out] as [string, string])], 'nb'), 2);
    expect(graph.nodes.map(each => each.label)).toEqual(['in', 'nb', '+12']);
    expect(graph.edges.map(each => `${each.source}>${each.target}`)).toEqual(['in>nb', 'nb>more:down:nb']);
  });

  it('counts what lies behind the fold too, each thing once', () => {
    const chain = lineage(['a', 'b', 'c', 'd'], [['a', 'b'], ['b', 'c'], ['c', 'd']], 'd');
    const more = foldLineage(chain, 2).nodes.find(each => each.kind === 'more');
    expect([more?.label, more?.n_hidden]).toEqual(['+2', 2]);
  });

  it('keeps the nearest and survives a circle and a focus that is not there', () => {
    const circle = lineage(['a', 'b', 'c'], [['a', 'b'], ['b', 'c'], ['c', 'a']], 'nowhere');
    expect(foldLineage(circle, 10).nodes).toHaveLength(3);
  });
});

it('a thread is all that led to a node and all that came of it, not its siblings', () => {
  const graph = foldLineage(lineage(['raw', 'clean', 'model', 'plot'], [['raw', 'clean'], ['clean', 'model'], ['clean', 'plot']], 'raw'), 20);
  expect([...threadOf(graph, 'model')].sort()).toEqual(['clean', 'model', 'raw']);
  expect([...neighbourhoods(graph).get('clean')!.after].map(each => each.id)).toEqual(['model', 'plot']);
});
