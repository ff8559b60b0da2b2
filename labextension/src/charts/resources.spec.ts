import { nullTranslator } from '@jupyterlab/translation';

import type { IRun, ISeries } from '../api/types';
import { hasResources, resourceCharts, resourcesKey, resourceSummary, resourceTitle } from './resources';

const trans = nullTranslator.load('');
const series = (name: string, values: number[]): ISeries => ({
  name,
  values,
  steps: values.map(() => null),
  times: values.map((_, index) => 1000 + index / 2),
  n_points_logged: values.length
});
const run = (id: string, resources: IRun['resources'] = {}): IRun => ({ id, name: `run ${id}`, resources }) as IRun;
const known = (...all: ISeries[]) => new Map([['a', new Map(all.map(each => [each.name, each]))]]);

describe('charts of what a run took of the machine', () => {
  it('stand in one order, whatever order they come in', () => {
    const found = resourceCharts(
      [run('a')],
      known(series('gpu10_power_w', [1, 2]), series('gpu2_power_w', [1, 2]), series('memory_bytes', [1, 2]), series('cpu_share', [1, 2])),
      trans
    );
    expect(found.map(each => each.name)).toEqual(['cpu_share', 'memory_bytes', 'gpu2_power_w', 'gpu10_power_w']);
  });

  it('go over seconds since the first reading', () =>
    expect(resourceCharts([run('a')], known(series('cpu_share', [0.5, 1])), trans)[0].chart.lines[0].xs).toEqual([0, 0.5]));

  it('leave out what was never used, and what was read once', () =>
    expect(resourceCharts([run('a')], known(series('disk_read_bytes_s', [0, 0]), series('cpu_share', [1])), trans)).toEqual([]));

  it.each([
    ['cpu_share', 1.234, '1.23', '1.234'],
    ['memory_bytes', 1_200_000_000, '1.2 GB', '1.2G'],
    ['disk_write_bytes_s', 5_000_000, '5 MB/s', '5M'],
    ['gpu0_utilisation_share', 0.871, '87 %', '87%'],
    ['gpu0_power_w', 212.4, '212 W', '212.4']
  ])('say %s in its unit', (name, value, text, tick) => {
    const [found] = resourceCharts([run('a')], known(series(name, [value, value])), trans);
    expect([found.text(value), found.tick(value)]).toEqual([text, tick]);
  });

  it('name what they do not know yet by its own name', () => expect(resourceTitle('gpu0_fan_share', trans)).toBe('gpu0_fan_share'));
});

describe('the summary', () => {
  const resources = { memory_bytes: { mean: 1, max: 1.2e9, watched_s: 3 }, cpu_share: { mean: 0.934, max: 2, watched_s: 3 } };

  it('is one line', () => expect(resourceSummary([run('b'), run('a', resources)], trans)).toBe('1.2 GB at most, 0.93 cores on average'));
  it('is empty where nothing was read', () => {
    expect(resourceSummary([run('a')], trans)).toBe('');
    expect(hasResources(run('a'))).toBe(false);
    expect(hasResources({ id: 'a' } as IRun)).toBe(false);
  });
  it('tells when there is more', () => {
    const more = { ...resources, cpu_share: { mean: 0.9, max: 2, watched_s: 4 } };
    expect(resourcesKey(run('a', resources))).not.toBe(resourcesKey(run('a', more)));
  });
});
