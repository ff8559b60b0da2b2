/** What is known of a kernel's end beside its sentence, as rows of a name and a text. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICertificate, IExecution, IRun, ISession } from '../api/types';
import { momentText, numberText, sizeText } from '../words';

export function certificateFacts(certificate: ICertificate, now: Date, trans: TranslationBundle): [string, string][] {
  const { peak_memory_bytes, last_metric, signal, exit_status, at } = certificate;
  const facts: [string, string][] = [];
  if (at) {
    facts.push([trans.__('Ended'), momentText(at, now, trans)]);
  }
  if (typeof peak_memory_bytes === 'number') {
    facts.push([trans.__('Peak memory'), sizeText(peak_memory_bytes)]);
  }
  if (last_metric) {
    const { name, step, value } = last_metric;
    const text = `${name} ${numberText(value)}`;
    facts.push([trans.__('Last metric'), typeof step === 'number' ? trans.__('%1 at step %2', text, step) : text]);
  }
  if (signal) {
    facts.push([trans.__('Signal'), signal]);
  }
  if (typeof exit_status === 'number' && !signal) {
    facts.push([trans.__('Exit status'), String(exit_status)]);
  }
  return facts;
}

/** Whether its session may have a certificate: it did not come to its own end. */
export function isCutOff(entry: IExecution | IRun): boolean {
  const state = 'outcome' in entry ? entry.outcome : entry.state;
  return state === 'killed' || state === 'incomplete';
}

/** The certificate of the end that cut this entry off; null: it has none, or its session ended later, of something else. */
export function certificateOf(entry: IExecution | IRun, session: ISession | null): ICertificate | null {
  const certificate = isCutOff(entry) ? (session?.certificate ?? null) : null;
  const cells = 'outcome' in entry ? [entry.id] : entry.executions;
  return certificate && (!certificate.execution || cells.includes(certificate.execution)) ? certificate : null;
}
