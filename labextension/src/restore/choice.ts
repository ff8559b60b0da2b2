/** What a restore would do, as the reader chooses from it. Pure. */
import type { IRestorePlan, IRestoreStep } from '../api/types';

export interface IRestoreChoice {
  /** Paths that differ and can be put back, those of open notebooks first. */
  choices: IRestoreStep[];
  /** What cannot be put back, each with its reason. */
  impossible: IRestoreStep[];
  /** Files that are already as they were. */
  n_same: number;
}

/** `open`: the notebook in focus, by its workspace path. */
export function choiceOf(plan: IRestorePlan, open: string | null): IRestoreChoice {
  const changes = plan.steps.filter(step => step.act === 'write' || step.act === 'remove');
  return {
    choices: [...changes].sort((a, b) => rank(a, open) - rank(b, open) || (a.path < b.path ? -1 : 1)),
    impossible: plan.steps.filter(step => step.act === 'cannot'),
    n_same: plan.steps.filter(step => step.act === 'keep').length
  };
}

/** Only the open notebook is ticked at first, or the paths asked for; nothing if they would not change. */
export function tickedAtFirst(choice: IRestoreChoice, open: string | null, asked: readonly string[] = []): ReadonlySet<string> {
  const wanted = asked.length ? asked : [open];
  return new Set(choice.choices.filter(step => wanted.includes(step.path)).map(step => step.path));
}

/** Of these paths those that a process has open for writing: they are put back only after a yes to that. */
export function heldOf(choice: IRestoreChoice, paths: ReadonlySet<string>): IRestoreStep[] {
  return choice.choices.filter(step => paths.has(step.path) && step.writer !== '');
}

function rank(step: IRestoreStep, open: string | null): number {
  return step.path === open ? 0 : step.act === 'write' ? 1 : 2;
}
