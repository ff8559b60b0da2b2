import { ServerConnection } from '@jupyterlab/services';

import { DotscienceClient } from './client';
import { DotscienceApiError } from './errors';

interface IAsked {
  method: string;
  url: string;
  body: string;
}

/** A client whose transport answers `status` and `body`, and what it was asked. */
function clientThat(answer: { status?: number; body?: unknown; text?: string } | 'is gone') {
  const asked: IAsked[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://host/user/x/',
    fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
      const request = input as Request;
      asked.push({ method: request.method, url: request.url, body: String(init?.body ?? (await request.text?.())) });
      if (answer === 'is gone') {
        throw new TypeError('Failed to fetch');
      }
      const text = answer.text ?? JSON.stringify(answer.body ?? {});
      return { ok: (answer.status ?? 200) < 400, status: answer.status ?? 200, json: async () => JSON.parse(text), text: async () => text } as Response;
    }
  });
  return { client: new DotscienceClient(settings), asked };
}

const WORKSPACE = 'w-0123456789abcdef';
const EXECUTION = 'k-0123456789abcdef:a/b_1';

describe('requests', () => {
  it.each([
    ['status', (c: DotscienceClient) => c.status('a b/ü.ipynb'), 'GET', 'status?path=a%20b%2F%C3%BC.ipynb'],
    ['why', (c: DotscienceClient) => c.why(WORKSPACE, EXECUTION), 'GET', `workspaces/${WORKSPACE}/executions/k-0123456789abcdef%3Aa%2Fb_1/why`],
    ['runs', (c: DotscienceClient) => c.runs(WORKSPACE, { ids: ['a', 'b'], text: '', offset: 0 }), 'GET', `workspaces/${WORKSPACE}/runs?ids=a%2Cb&offset=0`],
    ['compare', (c: DotscienceClient) => c.compare(WORKSPACE, ['a', 'b']), 'GET', `workspaces/${WORKSPACE}/compare?runs=a%2Cb`],
    ['export', (c: DotscienceClient) => c.exportRuns(WORKSPACE, { format: 'tsv' }), 'GET', `workspaces/${WORKSPACE}/runs.export?format=tsv`],
    ['forget', (c: DotscienceClient) => c.planForget(WORKSPACE), 'POST', `workspaces/${WORKSPACE}/forget/plan`]
  ])('%s goes to its route under the base address', async (_, ask, method, path) => {
    const { client, asked } = clientThat({});
    await ask(client);
    expect(asked[0].method).toBe(method);
    expect(asked[0].url.replace(/[?&]\d{13}$/, '')).toBe(`http://host/user/x/dotscience/api/v1/${path}`);
  });

  it('forgetting repeats the workspace as its confirmation', async () => {
    const { client, asked } = clientThat({ body: { freed_bytes: 1 } });
    await client.forget(WORKSPACE);
    expect(JSON.parse(asked[0].body)).toEqual({ confirm: WORKSPACE });
  });
});

async function failureOf(answer: Parameters<typeof clientThat>[0]): Promise<DotscienceApiError> {
  return clientThat(answer)
    .client.status('a')
    .then(
      () => Promise.reject(new Error('it answered')),
      error => error
    );
}

describe('a failed request', () => {
  it('is the server’s own sentence, hint and details', async () => {
    const body = { kind: 'store_full', message: 'The disk is full.', hint: 'Free some space.', details: { free_bytes: 1 } };
    const error = await failureOf({ status: 507, body });
    expect(error).toBeInstanceOf(DotscienceApiError);
    expect(error).toMatchObject({ kind: 'store_full', status: 507, message: 'The disk is full. Free some space.', details: { free_bytes: 1 } });
  });

  it('says when the server does not answer', async () => expect((await failureOf('is gone')).kind).toBe('network'));

  it('says when something answers that is not ours', async () => {
    expect((await failureOf({ status: 404, text: '<html>' })).message).toContain('server extension');
    expect((await failureOf({ status: 200, text: '<html>' })).kind).toBe('protocol');
  });
});
