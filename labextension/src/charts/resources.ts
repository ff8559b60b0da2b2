/** What runs took of the machine: which charts that makes, in which order, under which words and units. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IRun, ISeries, RunId } from '../api/types';
import { numberText, sizeText } from '../words';
import type { IChart, KnownSeries } from './chart';
import { tickText } from './scales';
import { toLine } from './series';

export interface IResourceChart {
  /** `chart.name` is what the reader sees. */
  chart: IChart;
  /** As the record names it: 'memory_bytes'. */
  name: string;
  /** A value of it, in text and on an axis. */
  text: (value: number) => string;
  tick: (value: number) => string;
}

const ORDER = [
  'cpu_share',
  'memory_bytes',
  'disk_read_bytes_s',
  'disk_write_bytes_s',
  'network_in_bytes_s',
  'network_out_bytes_s'
];

/** In a fixed order, GPUs behind; a thing that was never used by any of the runs is left out. */
export function resourceCharts(runs: readonly IRun[], known: KnownSeries, trans: TranslationBundle): IResourceChart[] {
  const names = [...new Set(runs.flatMap(run => [...(known.get(run.id)?.keys() ?? [])]))].sort(byOrder);
  return names
    .map(name => {
      const chart: IChart = { name: resourceTitle(name, trans), lines: [], places: [], n_points: 0 };
      runs.forEach((run, place) => {
        const series = known.get(run.id)?.get(name);
        if (series && series.values.length > 1) {
          chart.lines.push(toLine(run.id, run.name, series, 'time'));
          chart.places.push(place);
          chart.n_points += series.n_points_logged;
        }
      });
      return { chart, name, text: textOf(name), tick: tickOf(name) };
    })
    .filter(({ chart }) => chart.lines.some(line => line.ys.some(y => y > 0)));
}

/** 'memory_bytes' -> 'Memory'; 'gpu1_power_w' -> 'GPU 1 power'; what is not known yet by its own name. */
export function resourceTitle(name: string, trans: TranslationBundle): string {
  const gpu = /^gpu(\d+)_(.+)$/.exec(name);
  if (gpu) {
    const titles: Record<string, string> = {
      utilisation_share: trans.__('GPU %1', gpu[1]),
      memory_bytes: trans.__('GPU %1 memory', gpu[1]),
      power_w: trans.__('GPU %1 power', gpu[1])
    };
    return titles[gpu[2]] ?? name;
  }
  const titles: Record<string, string> = {
    cpu_share: trans.__('CPU, in cores'),
    memory_bytes: trans.__('Memory'),
    disk_read_bytes_s: trans.__('Disk, read'),
    disk_write_bytes_s: trans.__('Disk, written'),
    network_in_bytes_s: trans.__('Network, in'),
    network_out_bytes_s: trans.__('Network, out')
  };
  return titles[name] ?? name;
}

/** 'memory 1.2 GB at most, 0.9 cores on average'; '' where nothing was read. Of the first run that has any. */
export function resourceSummary(runs: readonly IRun[], trans: TranslationBundle): string {
  const found = runs.find(hasResources)?.resources;
  const [memory, cpu] = [found?.memory_bytes?.max, found?.cpu_share?.mean];
  return [
    typeof memory === 'number' ? trans.__('%1 at most', sizeText(memory)) : '',
    typeof cpu === 'number' && cpu >= 0.005 ? trans.__('%1 cores on average', numberText(cpu, 2)) : ''
  ]
    .filter(Boolean)
    .join(', ');
}

export function hasResources(run: IRun): boolean {
  return Object.keys(run.resources ?? {}).length > 0;
}

/** Another text once there is something new to fetch of these runs. */
export function resourcesKey(run: IRun): string {
  return Object.entries(run.resources ?? {})
    .map(([name, { watched_s, max }]) => `${name} ${watched_s} ${max}`)
    .join();
}

/** By name, as charts look them up. */
export function seriesByName(items: readonly ISeries[]): ReadonlyMap<string, ISeries> {
  return new Map(items.map(series => [series.name, series]));
}

/** The unit stands at the end of the name. */
function textOf(name: string): (value: number) => string {
  if (name === 'cpu_share') {
    return value => numberText(value, 3);
  }
  if (name.endsWith('_bytes_s')) {
    return value => `${sizeText(value)}/s`;
  }
  if (name.endsWith('_bytes')) {
    return sizeText;
  }
  if (name.endsWith('_share')) {
    return value => `${Math.round(value * 100)} %`;
  }
  return name.endsWith('_w') ? value => `${numberText(value, 3)} W` : value => numberText(value);
}

/** Shorter: 1_500_000_000 -> '1.5G', since the title says of what. */
function tickOf(name: string): (value: number) => string {
  return name.endsWith('_share') && name !== 'cpu_share' ? value => `${Math.round(value * 100)}%` : tickText;
}

function byOrder(a: string, b: string): number {
  const [at, bt] = [a, b].map(name => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length));
  return at - bt || a.localeCompare(b, undefined, { numeric: true });
}

export type FetchResources = (run: RunId) => Promise<ISeries[]>;
