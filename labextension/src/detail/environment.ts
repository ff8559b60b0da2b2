/** What a result ran on, as rows a reader understands: out of the environment's JSON as captured, whatever of it is there. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { sizeText } from '../words';

type Environment = Record<string, any>;

/** Its commit with what was not committed, where its project is under git; null: it is not. */
export interface ICommit {
  /** '3fa9c1d2 on main' */
  text: string;
  /** A unified text; '': nothing was changed since the commit, or it is not known. */
  diff: string;
  is_changed: boolean;
  /** Changed files that `diff` does not hold. */
  n_left_out: number;
}

/** Machine, threads, GPU, …: [name, text], in the order of how often one looks for them. */
export function environmentFacts(environment: Environment | null, trans: TranslationBundle): [string, string][] {
  if (!environment) {
    return [];
  }
  const { os, platform, libc, cpu, n_cpus, memory_bytes, limits, gpus, nvidia_driver, cuda_driver } = environment;
  const processor = [textOf(cpu), n_cpus ? trans._n('%1 core', '%1 cores', n_cpus) : ''];
  const memory = [typeof memory_bytes === 'number' ? sizeText(memory_bytes) : ''];
  if (typeof limits?.memory_limit_bytes === 'number') {
    memory.push(trans.__('at most %1 for this container', sizeText(limits.memory_limit_bytes)));
  }
  if (typeof limits?.cpu_limit === 'number') {
    processor.push(trans.__('at most %1 for this container', limits.cpu_limit));
  }
  const facts: [string, string][] = [
    [trans.__('System'), [textOf(os) || textOf(platform), textOf(libc)].filter(Boolean).join(', ')],
    [trans.__('Processor'), processor.filter(Boolean).join(', ')],
    [trans.__('Memory'), memory.filter(Boolean).join(', ')],
    [trans.__('GPU'), textOf(gpus)],
    [trans.__('GPU driver'), [nvidia_driver, cuda_driver ? `CUDA ${cuda_driver}` : ''].filter(Boolean).join(', ')],
    [trans.__('Variables'), pairs(environment.variables)]
  ];
  return facts.filter(([, text]) => text !== '');
}

export function commitOf(environment: Environment | null, trans: TranslationBundle): ICommit | null {
  const git = environment?.git;
  if (!git?.commit) {
    return null;
  }
  const ref = typeof git.ref === 'string' ? git.ref.replace(/^refs\/heads\//, '') : '';
  const commit = String(git.commit).slice(0, 8);
  const diff = typeof git.diff === 'string' ? git.diff : '';
  const n_left_out = Array.isArray(git.left_out) ? git.left_out.length : Object.keys(git.left_out ?? {}).length;
  return { text: ref ? trans.__('%1 on %2', commit, ref) : commit, diff, is_changed: !!git.is_dirty || diff !== '', n_left_out };
}

/** {numpy: '3fa9…', python: '…'} -> ['numpy 3fa9…', 'python …']; [] where no state was read. */
export function seedTexts(seeds: unknown): string[] {
  return seeds && typeof seeds === 'object'
    ? Object.entries(seeds as Record<string, unknown>).map(([name, value]) => `${name} ${textOf(value).slice(0, 12)}`)
    : [];
}

/** Packages come as 'name==1.0', as [name, version] or as {name, version, …}; in order of name. */
export function packageTexts(packages: unknown): string[] {
  if (packages && typeof packages === 'object' && !Array.isArray(packages)) {
    return Object.entries(packages).map(([name, version]) => `${name} ${version}`).sort();
  }
  return (Array.isArray(packages) ? packages : [])
    .map(item => (typeof item === 'string' ? item : Array.isArray(item) ? item.join(' ') : packageText(item)))
    .sort();
}

/** {name: 'x', version: '1.0', commit: '3fa9c1d2…', editable: true} -> 'x 1.0 (editable, 3fa9c1d2)' */
function packageText(item: Record<string, any>): string {
  const origin = [item.editable ? 'editable' : '', item.commit ? String(item.commit).slice(0, 8) : '', item.is_dirty ? '+' : ''];
  const text = origin.filter(Boolean).join(', ');
  return `${item.name} ${item.version}${text ? ` (${text})` : ''}`;
}

/** Whatever JSON holds, in one line. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (Array.isArray(value)) {
    return value.map(textOf).filter(Boolean).join('; ');
  }
  if (typeof value === 'object') {
    const { model, name, version } = value as Record<string, unknown>;
    return typeof name === 'string' ? [model || name, version].filter(Boolean).join(' ') : pairs(value);
  }
  return String(value);
}

function pairs(value: unknown): string {
  return value && typeof value === 'object'
    ? Object.entries(value as Record<string, unknown>)
        .map(([name, each]) => `${name}=${textOf(each)}`)
        .join(', ')
    : '';
}
