import { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { DotscienceClient } from '../api/client';
import type { IChanged } from '../api/types';
import { PAGE, RunsModel } from './model';

const WORKSPACE = 'w-0123456789abcdef';

/** A server of so many runs that gives at most 1,000 at once, as ours does, and what it was asked for. */
class Server {
  asked: { offset: number; limit: number }[] = [];

  constructor(public nRuns: number) {}

  get client(): DotscienceClient {
    return new DotscienceClient(
      ServerConnection.makeSettings({
        baseUrl: 'http://host/',
        fetch: async (input: RequestInfo | URL) => {
          const words = new URL((input as Request).url).searchParams;
          const [offset, limit] = [Number(words.get('offset')), Number(words.get('limit'))];
          this.asked.push({ offset, limit });
          const n = Math.max(0, Math.min(limit, 1000, this.nRuns - offset));
          const items = Array.from({ length: n }, (_, i) => ({ id: `run-${this.nRuns - 1 - offset - i}` }));
          const text = JSON.stringify({ items, total: this.nRuns });
          return { ok: true, status: 200, json: async () => JSON.parse(text), text: async () => text } as Response;
        }
      })
    );
  }
}

async function shown(server: Server, nRuns: number): Promise<{ model: RunsModel; tell: () => Promise<void> }> {
  const live = new Signal<unknown, IChanged>({});
  const model = new RunsModel(WORKSPACE, server.client, live);
  const next = () => new Promise<void>(resolve => {
    const once = () => {
      model.changed.disconnect(once);
      resolve();
    };
    model.changed.connect(once);
  });
  const first = next();
  model.isShown = true;
  await first;
  while (model.runs.length < nRuns) {
    await model.loadMore();
  }
  const tell = async () => {
    const news = next();
    live.emit({ topic: 'run', workspace: WORKSPACE } as IChanged);
    await news;
  };
  return { model, tell };
}

describe('runs', () => {
  it('stay as many as are shown when news come, beyond what the server gives at once', async () => {
    const server = new Server(2600);
    const { model, tell } = await shown(server, 2400);
    const nShown = model.runs.length;
    server.nRuns += 1;
    server.asked = [];
    await tell();
    expect(model.runs.length).toBe(nShown);
    expect(model.runs[0].id).toBe('run-2600');
    expect(new Set(model.runs.map(run => run.id)).size).toBe(nShown);
    expect(server.asked.map(each => each.offset)).toEqual([0, 1000, 2000]);
    model.dispose();
  });

  it('end where the server has no more, after some were forgotten', async () => {
    const server = new Server(450);
    const { model, tell } = await shown(server, 450);
    server.nRuns = 30;
    server.asked = [];
    await tell();
    expect([model.runs.length, model.total]).toEqual([30, 30]);
    expect(server.asked).toEqual([{ offset: 0, limit: 450 }]);
    expect(PAGE).toBeLessThan(450);
    model.dispose();
  });
});
