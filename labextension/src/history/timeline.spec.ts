import type { IExecution, IRun } from '../api/types';
import { buildTimeline, isEmptySource, ITimelineOptions, TimelineItem } from './timeline';

const NOON = '2026-11-21T12:';

function execution(n: number, more: Partial<IExecution> = {}): IExecution {
  return {
    id: `k-1:m${n}`,
    session: 'k-1',
    source: `cell ${n}`,
    order: n,
    started_at: `${NOON}${String(n).padStart(2, '0')}:00.000000Z`,
    outcome: 'ok',
    kind: 'cell',
    finished_at: null,
    duration_s: 1,
    notebook: null,
    path: 'a.ipynb',
    cell_id: `c${n}`,
    cell_id_from: 'message',
    execution_count: n,
    error: null,
    outputs: [],
    outputs_blob: null,
    outputs_text: '',
    n_outputs: 0,
    n_cut_bytes: 0,
    files: [],
    runs: [],
    snapshot: null,
    notebook_from: 'none',
    overlaps: [],
    is_overlapped: false,
    capture: 'complete',
    capture_reasons: [],
    environment: null,
    ...more
  };
}

function run(n: number, executions: number[], more: Partial<IRun> = {}): IRun {
  return {
    id: `r${n}`,
    name: `a · ${n}`,
    number: n,
    session: 'k-1',
    state: 'finished',
    started_at: `${NOON}${String(executions[0] ?? n).padStart(2, '0')}:01.000000Z`,
    opened_by: 'implicit',
    executions: executions.map(each => `k-1:m${each}`),
    parameters: {},
    metrics: {},
    ...more
  } as IRun;
}

const NOTHING: ITimelineOptions = { filter: 'all', toggled: new Set(), unfolded: new Set() };

/** One word an item: 'day', 'restart', 'run 7 open', 'In 12 middle ×3', 'empty ×2'. */
function words(items: TimelineItem[]): string[] {
  return items.map(item => {
    switch (item.kind) {
      case 'run':
        return `run ${item.run.number}${item.isOpen ? ' open' : ''}`;
      case 'execution':
        return [`In ${item.execution.execution_count}`, item.bracket ?? '', item.repeats.length ? `×${item.repeats.length + 1}` : '']
          .filter(Boolean)
          .join(' ');
      case 'empty':
        return `empty ×${item.executions.length}`;
      default:
        return item.kind;
    }
  });
}

function newestFirst(...executions: IExecution[]): IExecution[] {
  return executions.sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
}

describe('the timeline', () => {
  it('puts the newest run open around its cells and older runs folded', () => {
    const cells = newestFirst(...[1, 2, 3, 4].map(n => execution(n)));
    expect(words(buildTimeline(cells, [run(2, [3, 4]), run(1, [2])], NOTHING))).toEqual([
      'day',
      'run 2 open',
      'In 4 middle',
      'In 3 last',
      'run 1',
      'In 1'
    ]);
  });

  it('shows a folded run and hides an open one when toggled', () => {
    const cells = newestFirst(...[1, 2].map(n => execution(n)));
    const options = { ...NOTHING, toggled: new Set(['r1', 'r2']) };
    expect(words(buildTimeline(cells, [run(2, [2]), run(1, [1])], options))).toEqual(['day', 'run 2', 'run 1 open', 'In 1 last']);
  });

  it('keeps a live run open however old', () => {
    const cells = newestFirst(...[1, 2].map(n => execution(n)));
    const runs = [run(2, [2]), run(1, [1], { state: 'running' })];
    expect(words(buildTimeline(cells, runs, NOTHING))).toContain('run 1 open');
  });

  it('gives five tries of one cell five rows', () => {
    const cells = newestFirst(...[1, 2, 3, 4, 5].map(n => execution(n, { cell_id: 'c', source: 'fit()' })));
    const runs = [5, 4, 3, 2, 1].map(n => run(n, [n]));
    expect(words(buildTimeline(cells, runs, NOTHING)).filter(word => word.startsWith('run'))).toEqual([
      'run 5 open',
      'run 4',
      'run 3',
      'run 2',
      'run 1'
    ]);
  });

  it('shows a shared cell in the bracket of the newest run that names it', () => {
    const cells = newestFirst(...[1, 2, 3].map(n => execution(n)));
    expect(words(buildTimeline(cells, [run(2, [1, 3]), run(1, [1, 2])], NOTHING))).toEqual([
      'day',
      'run 2 open',
      'In 3 last',
      'run 1',
      'In 1 last'
    ]);
  });

  it('draws the bracket past a cell of no run that stands between two of a run', () => {
    const cells = newestFirst(...[1, 2, 3].map(n => execution(n)));
    expect(words(buildTimeline(cells, [run(1, [1, 3])], NOTHING))).toEqual(['day', 'run 1 open', 'In 3 middle', 'In 2 through', 'In 1 last']);
  });

  it('folds repeats of the same source, and shows them one by one when unfolded', () => {
    const cells = newestFirst(...[1, 2, 3].map(n => execution(n, { cell_id: 'c', source: 'df.head()' })), execution(4));
    expect(words(buildTimeline(cells, [], NOTHING))).toEqual(['day', 'In 4', 'In 3 ×3']);
    const unfolded = new Set(['k-1:m3']);
    expect(words(buildTimeline(cells, [], { ...NOTHING, unfolded }))).toEqual(['day', 'In 4', 'In 3', 'In 2 ×2']);
  });

  it('never folds an error into a success, nor a running cell into anything', () => {
    const same = { cell_id: 'c', source: 'x' };
    const cells = newestFirst(execution(1, same), execution(2, { ...same, outcome: 'error' }), execution(3, { ...same, outcome: 'running' }));
    expect(words(buildTimeline(cells, [], NOTHING))).toEqual(['day', 'In 3', 'In 2', 'In 1']);
  });

  it('folds cells without code to one quiet line', () => {
    const cells = newestFirst(execution(1), execution(2, { source: '' }), execution(3, { source: '# todo\n' }));
    expect(words(buildTimeline(cells, [], NOTHING))).toEqual(['day', 'empty ×2', 'In 1']);
  });

  it('shows what a widget called back, though the kernel names no code of it', () => {
    const cells = newestFirst(execution(1), execution(2, { kind: 'widget', source: '', execution_count: null }));
    expect(words(buildTimeline(cells, [], NOTHING))).toEqual(['day', 'In null', 'In 1']);
  });

  it('draws a line where the kernel was restarted, at the first cell of the newer session', () => {
    const cells = newestFirst(execution(1), execution(2, { session: 'k-2' }), execution(3, { session: 'k-2' }));
    const items = buildTimeline(cells, [], NOTHING);
    expect(words(items)).toEqual(['day', 'In 3', 'In 2', 'restart', 'In 1']);
    expect(items.find(item => item.kind === 'restart')).toMatchObject({ at: cells[1].started_at });
  });

  it('puts the line above an open run of the older session, not between the run and its cells', () => {
    const cells = newestFirst(execution(1), execution(2, { session: 'k-2' }));
    const items = buildTimeline(cells, [run(1, [1])], NOTHING);
    expect(words(items)).toEqual(['day', 'In 2', 'restart', 'run 1 open', 'In 1 last']);
  });

  it('starts each day with a heading', () => {
    const cells = [execution(1), execution(2, { started_at: '2026-11-19T12:00:00.000000Z' })];
    expect(words(buildTimeline(cells, [], NOTHING))).toEqual(['day', 'In 1', 'day', 'In 2']);
  });

  it('shows runs alone, newest first, when asked', () => {
    const cells = newestFirst(...[1, 2].map(n => execution(n)));
    expect(words(buildTimeline(cells, [run(1, [1]), run(2, [2])], { ...NOTHING, filter: 'runs' }))).toEqual(['day', 'run 2', 'run 1']);
  });

  it('places a run without loaded cells by its start', () => {
    const cells = newestFirst(execution(1), execution(9));
    const items = buildTimeline(cells, [run(1, [], { started_at: `${NOON}05:00.000000Z` })], NOTHING);
    expect(words(items)).toEqual(['day', 'In 9', 'run 1 open', 'In 1']);
  });

  it.each([
    ['', true],
    ['  \n# a', true],
    ['x = 1 # a', false],
    ['%time x', false]
  ])('%j without code: %s', (source, expected) => {
    expect(isEmptySource(source)).toBe(expected);
  });
});
