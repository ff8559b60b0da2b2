import { Memory, Remembered } from './remembered';

const memory = (): Memory & { kept: Map<string, string> } => {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: key => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: key => void kept.delete(key)
  };
};

describe('what was offered', () => {
  it('is remembered by notebook, and forgotten once it is decided about', () => {
    const here = memory();
    const remembered = new Remembered(here);
    remembered.keep('w-1', 'a.ipynb', ['k-1:m1', 'k-1:m2']);
    expect([...new Remembered(here).of('w-1', 'a.ipynb')]).toEqual(['k-1:m1', 'k-1:m2']);
    expect([...remembered.of('w-1', 'b.ipynb'), ...remembered.of('w-2', 'a.ipynb')]).toEqual([]);
    remembered.keep('w-1', 'a.ipynb', []);
    expect(here.kept.size).toBe(0);
  });

  it('is nothing where the memory holds nonsense or refuses', () => {
    const full = memory();
    full.setItem = () => {
      throw new Error('QuotaExceededError');
    };
    full.getItem = () => '{';
    const remembered = new Remembered(full);
    remembered.keep('w-1', 'a.ipynb', ['k-1:m1']);
    expect([...remembered.of('w-1', 'a.ipynb')]).toEqual([]);
  });
});
