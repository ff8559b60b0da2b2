import { nullTranslator } from '@jupyterlab/translation';

import type { ICertificate, IExecution, IRun, ISession } from '../api/types';
import { certificateFacts, certificateOf } from './certificate-facts';

const trans = nullTranslator.load('');
const NOW = new Date(2026, 10, 21, 16, 0);
const certificate = (told: Partial<ICertificate> = {}): ICertificate => ({
  cause: 'out of memory',
  sentence: 'The system ended the kernel because memory ran out.',
  signal: null,
  exit_status: null,
  peak_memory_bytes: null,
  execution: 'k-1:m1',
  cell_id: 'a',
  last_metric: null,
  resume_from: null,
  at: null,
  ...told
});

describe('what is known of an end', () => {
  it('is said row by row, and nothing where nothing is known', () => {
    const at = new Date(2026, 10, 21, 14, 3).toISOString();
    const whole = certificate({ at, peak_memory_bytes: 2.1e9, last_metric: { name: 'loss', step: 400, value: 0.23112 }, signal: 'SIGKILL', exit_status: -9 });
    expect(certificateFacts(whole, NOW, trans)).toEqual([
      ['Ended', '14:03'],
      ['Peak memory', '2.1 GB'],
      ['Last metric', 'loss 0.2311 at step 400'],
      ['Signal', 'SIGKILL']
    ]);
    expect(certificateFacts(certificate(), NOW, trans)).toEqual([]);
    expect(certificateFacts(certificate({ exit_status: 3, last_metric: { name: 'loss', step: null, value: 'NaN' } }), NOW, trans)).toEqual([
      ['Last metric', 'loss NaN'],
      ['Exit status', '3']
    ]);
  });
});

describe('whose end it was', () => {
  const session = { certificate: certificate() } as ISession;
  const execution = (id: string, outcome: string): IExecution => ({ id, outcome }) as IExecution;

  it('is that of the cell that ran, and of runs with it', () => {
    expect(certificateOf(execution('k-1:m1', 'killed'), session)).not.toBeNull();
    expect(certificateOf(execution('k-1:m0', 'incomplete'), session)).toBeNull();
    expect(certificateOf(execution('k-1:m1', 'ok'), session)).toBeNull();
    expect(certificateOf({ state: 'killed', executions: ['k-1:m0', 'k-1:m1'] } as unknown as IRun, session)).not.toBeNull();
    expect(certificateOf({ state: 'killed', executions: ['k-1:m1'] } as unknown as IRun, {} as ISession)).toBeNull();
    expect(certificateOf({ state: 'killed', executions: ['k-1:m1'] } as unknown as IRun, null)).toBeNull();
  });
});
