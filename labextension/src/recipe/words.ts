/** What a recipe says of itself: how many cells, and whether somebody has run it again. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IConfirmation, IRecipe } from '../api/types';
import { momentText } from '../words';

const DETAILS_SHOWN = 3;

/** 'It takes 5 cells, as they were executed; 12 others are left out. A re-run at 14:03 gave the same.' */
export function recipeSentence(recipe: IRecipe, now: Date, trans: TranslationBundle): string {
  const { cells, n_left_out, reasons } = recipe;
  return [
    n_left_out
      ? trans._n('It takes %1 cell, as it was executed; %2 left out.', 'It takes %1 cells, as they were executed; %2 left out.', cells.length, n_left_out)
      : trans._n('It takes %1 cell, as it was executed.', 'It takes %1 cells, as they were executed.', cells.length),
    confirmationSentence(recipe.confirmation, now, trans),
    ...reasons.slice(0, DETAILS_SHOWN)
  ].join(' ');
}

export function confirmationSentence(confirmation: IConfirmation | null, now: Date, trans: TranslationBundle): string {
  if (!confirmation) {
    return trans.__('Nobody has run it again yet.');
  }
  const when = confirmation.at ? momentText(confirmation.at, now, trans) : '';
  const details = confirmation.details.slice(0, DETAILS_SHOWN).join(' ');
  switch (confirmation.state) {
    case 'confirmed':
      return when ? trans.__('A re-run at %1 gave the same.', when) : trans.__('A re-run gave the same.');
    case 'differs':
      return `${trans.__('A re-run gave something else.')} ${details}`.trim();
    default:
      return `${trans.__('A re-run failed.')} ${details}`.trim();
  }
}
