import type { IRestorePlan, IRestoreStep } from '../api/types';
import { choiceOf, heldOf, tickedAtFirst } from './choice';

const step = (path: string, act: IRestoreStep['act'], writer = ''): IRestoreStep => ({
  path,
  act,
  reason: '',
  size_bytes: 1,
  is_new: false,
  digest: null,
  writer
});
const plan = (...steps: IRestoreStep[]): IRestorePlan => ({ snapshot: 's', steps, plan_digest: '', n_writes: 0, n_removes: 0, n_cannot: 0, write_bytes: 0 });

describe('what to restore', () => {
  const choice = choiceOf(
    plan(step('a.csv', 'write'), step('b.csv', 'remove'), step('c.csv', 'cannot'), step('d.csv', 'keep'), step('t.ipynb', 'write')),
    't.ipynb'
  );

  it('lists the open notebook first, what would be removed last', () => {
    expect(choice.choices.map(each => each.path)).toEqual(['t.ipynb', 'a.csv', 'b.csv']);
  });

  it('names what cannot be restored and counts what is the same', () => {
    expect(choice.impossible.map(each => each.path)).toEqual(['c.csv']);
    expect(choice.n_same).toBe(1);
  });

  it('starts with only the open notebook ticked', () => {
    expect([...tickedAtFirst(choice, 't.ipynb')]).toEqual(['t.ipynb']);
    expect([...tickedAtFirst(choice, 'd.csv')]).toEqual([]);
    expect([...tickedAtFirst(choice, null)]).toEqual([]);
    expect([...tickedAtFirst(choice, 't.ipynb', ['a.csv', 'd.csv'])]).toEqual(['a.csv']);
  });

  it('names who writes to what is ticked, and only that', () => {
    const held = choiceOf(plan(step('a.bin', 'write', 'python (pid 1)'), step('b.bin', 'remove', 'R (pid 2)'), step('c.bin', 'write')), null);
    expect(heldOf(held, new Set(['a.bin', 'c.bin'])).map(each => each.writer)).toEqual(['python (pid 1)']);
    expect(heldOf(held, new Set(['c.bin']))).toEqual([]);
  });
});
