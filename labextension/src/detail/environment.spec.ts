import { nullTranslator } from '@jupyterlab/translation';

import { commitOf, environmentFacts, packageTexts, seedTexts } from './environment';
import { redactionText } from './redactions';

const trans = nullTranslator.load('');

describe('an environment', () => {
  it('is rows of what is known', () => {
    const environment = { platform: 'Linux-6.1', n_cpus: 2, memory_bytes: 16e9, variables: { OMP_NUM_THREADS: '2' }, libc: 'glibc 2.36', gpus: [{ name: 'gpu0', model: 'H100' }], cuda_driver: '12.4', limits: { memory_limit_bytes: 2e9 } };
    expect(environmentFacts(environment, trans)).toEqual([
      ['System', 'Linux-6.1, glibc 2.36'],
      ['Processor', '2 cores'],
      ['Memory', '16 GB, at most 2 GB for this container'],
      ['GPU', 'H100'],
      ['GPU driver', 'CUDA 12.4'],
      ['Variables', 'OMP_NUM_THREADS=2']
    ]);
    expect(environmentFacts(null, trans)).toEqual([]);
    expect(environmentFacts({}, trans)).toEqual([]);
  });

  it('has a commit, with what was changed since', () => {
    const git = { commit: '3fa9c1d2e4b5a697', ref: 'refs/heads/main' };
    expect(commitOf({ git }, trans)).toEqual({ text: '3fa9c1d2 on main', diff: '', is_changed: false, n_left_out: 0 });
    expect(commitOf({ git: { ...git, ref: null, is_dirty: true, diff: '-a\n+b\n', left_out: ['a.ipynb'] } }, trans)).toEqual({ text: '3fa9c1d2', diff: '-a\n+b\n', is_changed: true, n_left_out: 1 });
    expect(commitOf({}, trans)).toBeNull();
  });

  it.each([
    [['b==1.0', 'a==2.0'], ['a==2.0', 'b==1.0']],
    [[['a', '1.0']], ['a 1.0']],
    [[{ name: 'a', version: '1.0', editable: true, commit: '3fa9c1d2e4b5' }], ['a 1.0 (editable, 3fa9c1d2)']],
    [{ a: '1.0' }, ['a 1.0']],
    [undefined, []]
  ])('has packages', (packages, texts) => expect(packageTexts(packages)).toEqual(texts));

  it('has the state of what draws random numbers', () => {
    expect(seedTexts({ python: '0123456789abcdef', numpy: 7 })).toEqual(['python 0123456789ab', 'numpy 7']);
    expect(seedTexts(undefined)).toEqual([]);
  });
});

describe('what was replaced', () => {
  it('is named and never said', () => {
    expect(redactionText(['aws-key', 'OPENAI_API_KEY'], trans)).toBe('2 values were replaced as secrets: aws-key, OPENAI_API_KEY.');
    expect(redactionText(['a'], trans)).toBe('1 value was replaced as a secret: a.');
    expect(redactionText(['a', 'b', 'c', 'd', 'e', 'f'], trans)).toContain('e, ….');
  });
});
