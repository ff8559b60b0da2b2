/** What is happening now, out of the newest records. Pure. */
import type { IExecution, IRun, ISeries, JsonFloat } from '../api/types';
import { numberText } from '../words';

export interface INow {
  execution: IExecution;
  /** The run it records into, if any. */
  run: IRun | null;
  /** The metric shown: name and last value; null: none logged yet. */
  metric: { name: string; text: string } | null;
}

/** The newest execution that is still running; null: nothing runs. Both newest first. */
export function nowOf(executions: readonly IExecution[], runs: readonly IRun[]): INow | null {
  const execution = executions.find(candidate => candidate.outcome === 'running');
  if (!execution) {
    return null;
  }
  const run = runs.find(candidate => candidate.state === 'running' && belongs(candidate, execution)) ?? null;
  const name = run ? liveMetric(run) : null;
  return { execution, run, metric: run && name ? { name, text: numberText(run.metrics[name].last, 3) } : null };
}

/** The metric with the most points: the one that moves. null: none. */
export function liveMetric(run: IRun): string | null {
  const names = Object.keys(run.metrics);
  return names.sort((a, b) => run.metrics[b].n_points - run.metrics[a].n_points)[0] ?? null;
}

/** Points of a line in a box of `width` × `height`, as SVG wants them; '' with fewer than two finite values. */
export function sparkline(series: ISeries | null, width: number, height: number): string {
  const values = (series?.values ?? []).map((value: JsonFloat) => (typeof value === 'number' ? value : NaN));
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) {
    return '';
  }
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const span = high - low || 1;
  return values
    .map((value, index) => {
      const x = (index / (values.length - 1)) * width;
      const y = height - ((value - low) / span) * height;
      return Number.isFinite(y) ? `${x.toFixed(1)},${y.toFixed(1)}` : '';
    })
    .filter(Boolean)
    .join(' ');
}

function belongs(run: IRun, execution: IExecution): boolean {
  return run.executions.includes(execution.id) || execution.runs.includes(run.id);
}
