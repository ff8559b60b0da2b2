/** What was replaced as a secret, said without saying it. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';

const SHOWN = 5;

/** ['aws-key', 'OPENAI_API_KEY'] -> '2 values were replaced as secrets: aws-key, OPENAI_API_KEY.' */
export function redactionText(names: readonly string[], trans: TranslationBundle): string {
  const listed = [...names.slice(0, SHOWN), ...(names.length > SHOWN ? ['…'] : [])].join(', ');
  return trans._n('%1 value was replaced as a secret: %2.', '%1 values were replaced as secrets: %2.', names.length, listed);
}
