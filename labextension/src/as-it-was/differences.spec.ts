import type { IExecution } from '../api/types';
import { ICell, readNotebook } from './cells';
import { differencesOf, placeFor } from './differences';
import { stopsOf, withStop } from './stops';

const cell = (id: string, source: string, outputs: any[] = []): ICell => ({
  id,
  kind: 'code',
  source,
  execution_count: 1,
  outputs
});
const stream = (text: any, name = 'stdout') => ({ output_type: 'stream', name, text });

describe('readNotebook', () => {
  it('joins lines and names cells that have no id by their place', () => {
    const text = JSON.stringify({
      metadata: { kernelspec: { language: 'R' } },
      cells: [
        { cell_type: 'code', id: 'a', source: ['x\n', 'y'], execution_count: 3, outputs: [] },
        { cell_type: 'markdown', source: '# Hi' }
      ]
    });
    const notebook = readNotebook(text);
    expect(notebook.language).toBe('R');
    expect(notebook.cells.map(each => [each.id, each.kind, each.source])).toEqual([
      ['a', 'code', 'x\ny'],
      ['place-1', 'markdown', '# Hi']
    ]);
  });

  it('finds no cells in what is not a notebook', () => {
    expect(readNotebook('{"a": 1}').cells).toEqual([]);
    expect(() => readNotebook('<html>')).toThrow(SyntaxError);
  });
});

describe('differencesOf', () => {
  it('tells apart what became of each cell', () => {
    const then = [cell('a', 'x'), cell('b', 'x'), cell('c', 'x', [stream('1')]), cell('d', 'x')];
    const now = [cell('a', 'x'), cell('b', 'y'), cell('c', 'x', [stream('2')]), cell('e', 'new')];
    const found = differencesOf(then, now);
    expect([...found.byCell.values()]).toEqual(['same', 'source', 'outputs', 'gone']);
    expect([found.added, found.n_different]).toEqual([['e'], 3]);
  });

  it.each([
    ['a stream cut into other pieces', [stream('a'), stream('b')], [stream('ab')]],
    ['lines as a list', [stream(['a\n', 'b'])], [stream('a\nb')]],
    [
      'counters and metadata',
      [{ output_type: 'execute_result', data: { 'text/plain': '1' }, execution_count: 1, metadata: {} }],
      [{ output_type: 'execute_result', data: { 'text/plain': ['1'] }, execution_count: 9, metadata: { a: 1 } }]
    ]
  ])('does not call it a difference: %s', (_, then, now) => {
    expect(differencesOf([cell('a', 'x', then)], [cell('a', 'x', now)]).n_different).toBe(0);
  });

  it('does call it a difference when stderr became stdout', () => {
    expect(differencesOf([cell('a', '', [stream('x', 'stderr')])], [cell('a', '', [stream('x')])]).n_different).toBe(1);
  });
});

it.each([
  ['c', ['a', 'b', 'c'], ['a', 'b', 'z'], 2],
  ['c', ['a', 'b', 'c'], ['a', 'z'], 1],
  ['a', ['a', 'b'], ['b'], 0],
  ['x', ['a', 'x'], [], 0]
])('puts %s of %p into %p at %p', (id, then, now, place) => {
  expect(placeFor(id, then, now)).toBe(place);
});

describe('stops', () => {
  const execution = (id: string, snapshot: string | null, minute: number): IExecution =>
    ({
      id,
      snapshot,
      source: `\n${id}()`,
      execution_count: minute,
      started_at: `2026-11-21T14:0${minute}:00.000000Z`,
      finished_at: null,
      path: 'a.ipynb'
    }) as IExecution;

  it('are one for each state, oldest first, titled by what made it', () => {
    const stops = stopsOf([execution('d', 's2', 4), execution('c', null, 3), execution('b', 's1', 2), execution('a', 's1', 1)]);
    expect(stops.map(stop => [stop.snapshot, stop.title])).toEqual([
      ['s1', 'In [1] a()'],
      ['s2', 'In [4] d()']
    ]);
  });

  it('take in a state without an execution, at its time', () => {
    const stops = stopsOf([execution('b', 's2', 4), execution('a', 's1', 1)]);
    const more = { snapshot: 's9', at: '2026-11-21T14:02:00.000000Z', execution: null, title: 'by hand', path: null };
    expect(withStop(stops, more).map(stop => stop.snapshot)).toEqual(['s1', 's9', 's2']);
    expect(withStop(withStop(stops, more), more)).toHaveLength(3);
  });
});
