import { nullTranslator } from '@jupyterlab/translation';

import type { IStatus } from '../api/types';
import { lacksFiles, lostText, statusText, whoText } from './dot';

const trans = nullTranslator.load('');
const NOW = new Date(2026, 10, 21, 16, 0);
const at = (hour: number): string => new Date(2026, 10, 21, hour, 3).toISOString();
const status = (told: Partial<IStatus>): IStatus =>
  ({ workspace: null, had_history_until: null, can_get_back: false, ...told }) as unknown as IStatus;

describe('a history that was lost', () => {
  it('is named with when it ended', () =>
    expect(lostText(status({ had_history_until: at(14) }), NOW, trans)).toBe('This folder had history until 14:03'));

  it('is named beside a newer one only where it can be got back', () => {
    const newer = { workspace: 'w-0000000000000000', had_history_until: at(14) };
    expect(lostText(status({ ...newer, can_get_back: true }), NOW, trans)).toBe('An earlier history, until 14:03, is not here');
    expect(lostText(status(newer), NOW, trans)).toBe('');
  });

  it('is not named where none was', () => expect(lostText(status({}), NOW, trans)).toBe(''));
});

describe('who records', () => {
  it('is said where there are several', () => {
    expect(whoText(status({ also_recorded_by: ['ann on pod-c', 'pod-b'] }), trans)).toBe('This computer and ann on pod-c, pod-b record here.');
    expect(whoText(status({ also_recorded_by: [] }), trans)).toBe('');
  });
});

describe('being behind', () => {
  it('is counted where a cell waits, and explained where none does', () => {
    const told = { state: 'behind' as const, reason: 'The history is being read anew.', behind_s: 0 };
    expect(statusText(status(told), NOW, trans)).toBe(told.reason);
    expect(statusText(status({ ...told, behind_s: 12.4 }), NOW, trans)).toBe('behind (12 s)');
  });
});

describe('a restore that was cut short', () => {
  const told = { state: 'recording' as const, workspace: 'w-0000000000000000', recorded_at: at(14), reason: 'big.bin is being put back.' };

  it('is said beside when the last cell was recorded', () => {
    expect(statusText(status(told), NOW, trans)).toBe('recorded 1 h ago. big.bin is being put back.');
    expect(lacksFiles(status(told))).toBe(true);
  });

  it('is not said where there is none, or where there is no history yet', () => {
    expect(statusText(status({ ...told, reason: '' }), NOW, trans)).toBe('recorded 1 h ago');
    expect(lacksFiles(status({ ...told, workspace: null }))).toBe(false);
  });
});
