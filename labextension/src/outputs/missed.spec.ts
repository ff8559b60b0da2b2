import type { IExecution, IOutput } from '../api/types';
import { hasMore, hasWidgets, IHeard, IPresentCell, missedOf } from './missed';

const LOADED = new Date('2026-11-21T10:00:00Z').getTime();
const stream = (text: string, name = 'stdout'): IOutput => ({ output_type: 'stream', name, text });

const execution = (told: Partial<IExecution> = {}): IExecution =>
  ({
    id: 'k-1:m1',
    cell_id: 'a',
    kind: 'cell',
    source: 'train()',
    outcome: 'ok',
    started_at: '2026-11-21T09:59:50.000000Z',
    finished_at: '2026-11-21T10:00:05.000000Z',
    execution_count: 7,
    n_outputs: 1,
    outputs_text: 'one\ntwo',
    ...told
  }) as unknown as IExecution;

const cell = (told: Partial<IPresentCell> = {}): IPresentCell => ({
  id: 'a',
  source: 'train()',
  execution_count: null,
  outputs: [stream('one\n')],
  ...told
});

const nothing: ReadonlySet<string> = new Set();
const heard = (told: Partial<IHeard> = {}): IHeard => ({
  loaded_at_ms: LOADED,
  attended: nothing,
  running: nothing,
  settled: nothing,
  remembered: nothing,
  ...told
});

const states = (cells: IPresentCell[], executions: IExecution[], told: Partial<IHeard> = {}) =>
  missedOf(
    cells.map(each => each.id),
    id => cells.find(each => each.id === id) ?? null,
    executions,
    heard(told)
  ).map(each => [each.cell_id, each.state, each.execution.id]);

describe('outputs that no document heard', () => {
  it('are missed where the file is older than their end', () => {
    expect(states([cell()], [execution()])).toEqual([['a', 'missed', 'k-1:m1']]);
    expect(states([cell({ execution_count: 3, outputs: [] })], [execution()])).toEqual([['a', 'missed', 'k-1:m1']]);
  });

  it('are missed in a file saved since, where the cell has outputs and no number', () => {
    const before = execution({ finished_at: '2026-11-21T09:00:00.000000Z' });
    expect(states([cell()], [before])).toHaveLength(1);
    expect(states([cell({ execution_count: 7 })], [before])).toEqual([]);
  });

  it('are not those that the reader cleared and saved', () => {
    const before = execution({ finished_at: '2026-11-21T09:00:00.000000Z' });
    expect(states([cell({ outputs: [] })], [before])).toEqual([]);
  });

  it('are missed in a file saved since, where they were offered before', () => {
    const before = execution({ finished_at: '2026-11-21T09:00:00.000000Z' });
    expect(states([cell({ outputs: [] })], [before], { remembered: new Set(['k-1:m1']) })).toHaveLength(1);
  });

  it.each<[string, Partial<IHeard>]>([
    ['seen to their end in this page', { attended: new Set(['m1']) }],
    ['decided about', { settled: new Set(['k-1:m1']) }],
    ['of a cell that runs again', { running: new Set(['a']) }]
  ])('are not those %s', (_, told) => expect(states([cell()], [execution()], told)).toEqual([]));

  it.each<[string, Partial<IExecution>]>([
    ['still runs', { outcome: 'running', finished_at: null }],
    ['printed nothing', { n_outputs: 0, outputs_text: '' }],
    ['was no cell', { kind: 'console' }],
    ['belongs to no known cell', { cell_id: null }]
  ])('are none where what ran %s', (_, told) => expect(states([cell()], [execution(told)])).toEqual([]));

  it('are of the newest execution of a cell alone', () => {
    const newer = execution({ id: 'k-1:m2' });
    expect(states([cell()], [newer, execution()])).toEqual([['a', 'missed', 'k-1:m2']]);
    const running = execution({ id: 'k-1:m3', outcome: 'running', finished_at: null });
    expect(states([cell()], [running, newer])).toEqual([]);
  });

  it('are named, not offered, where the source was edited since', () => {
    expect(states([cell({ source: 'train(2)' })], [execution()])).toEqual([['a', 'edited', 'k-1:m1']]);
    expect(states([cell({ source: 'train()\n' })], [execution()])).toEqual([['a', 'missed', 'k-1:m1']]);
  });

  it('may be there already: then a closer look is needed', () => {
    expect(states([cell({ outputs: [stream('one\ntwo\n')] })], [execution()])).toEqual([['a', 'unsure', 'k-1:m1']]);
  });

  it('come in the order of the document', () => {
    const cells = [cell({ id: 'b' }), cell({ id: 'a' })];
    const ran = [execution(), execution({ id: 'k-1:m2', cell_id: 'b' })];
    expect(states(cells, ran).map(([id]) => id)).toEqual(['b', 'a']);
  });
});

describe('a closer look', () => {
  const figure = (png: string): IOutput => ({ output_type: 'display_data', data: { 'text/plain': '<Figure>', 'image/png': png }, metadata: {} });

  it.each<[string, IOutput[], IOutput[], boolean]>([
    ['equal', [stream('one\n')], [stream('one\n')], false],
    ['equal, in other pieces', [stream('one\ntwo\n')], [stream('one\n'), stream('two\n')], false],
    ['equal once a carriage return has done its work', [stream('10%\r20%\n')], [stream('20%\n')], false],
    ['longer', [stream('one\ntwo\n')], [stream('one\n')], true],
    ['another picture', [figure('AAAA')], [figure('BBBB')], true],
    ['a display updated since', [stream('x'), figure('B')], [stream('x'), figure('A')], true],
    ['where there is nothing', [stream('one\n')], [], true],
    ['shorter by the cap', [stream('one\n')], [stream('one\ntwo\n')], false]
  ])('sees: %s', (_, recorded, present, expected) => expect(hasMore(recorded, present)).toBe(expected));

  it('knows widgets by what they are sent as', () => {
    const view = { output_type: 'display_data', data: { 'text/plain': 'IntSlider()', 'application/vnd.jupyter.widget-view+json': {} } };
    expect(hasWidgets([stream('x'), view])).toBe(true);
    expect(hasWidgets([stream('x'), figure('A')])).toBe(false);
  });
});
