import { nullTranslator } from '@jupyterlab/translation';

import type { IRecipe } from '../api/types';
import { confirmationSentence, recipeSentence } from './words';

const trans = nullTranslator.load('');
const NOW = new Date(2026, 10, 21, 16, 0);
const at = new Date(2026, 10, 21, 14, 3).toISOString();
const recipe = (told: Partial<IRecipe> = {}): IRecipe => ({
  of: 'run:7',
  notebook: {},
  cells: [
    { execution: 'k-1:m1', source: 'x = 1', because: ['x'] },
    { execution: 'k-1:m2', source: 'x', because: [] }
  ],
  n_left_out: 0,
  confirmation: null,
  reasons: [],
  ...told
});

describe('a recipe', () => {
  it('says how many cells it takes, how many it leaves out, and why it may hold more', () => {
    expect(recipeSentence(recipe(), NOW, trans)).toBe('It takes 2 cells, as they were executed. Nobody has run it again yet.');
    expect(recipeSentence(recipe({ n_left_out: 9, reasons: ['Cell 3 calls input().'] }), NOW, trans)).toBe(
      'It takes 2 cells, as they were executed; 9 left out. Nobody has run it again yet. Cell 3 calls input().'
    );
  });

  it.each([
    [{ state: 'confirmed' as const, at, details: [] }, 'A re-run at 14:03 gave the same.'],
    [{ state: 'differs' as const, at, details: ['acc is 0.92, was 0.93.'] }, 'A re-run gave something else. acc is 0.92, was 0.93.'],
    [{ state: 'failed' as const, at, details: [] }, 'A re-run failed.']
  ])('says what a re-run showed', (confirmation, sentence) => expect(confirmationSentence(confirmation, NOW, trans)).toBe(sentence));
});
