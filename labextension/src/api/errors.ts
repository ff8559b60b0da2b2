/** What a failed request becomes: the server's own sentence, fit to show where the user looked. */

export interface IErrorBody {
  kind: string;
  message: string;
  hint: string;
  details: Record<string, any>;
}

/** `kind` is one of `dotscience_jlab/errors.py`, or `network` (no answer), or `protocol` (an answer that is not ours). */
export class DotscienceApiError extends Error {
  constructor(
    readonly status: number,
    body: Partial<IErrorBody>
  ) {
    super([body.message, body.hint].filter(Boolean).join(' ') || `The server answered ${status}.`);
    this.name = 'DotscienceApiError';
    this.kind = body.kind ?? 'protocol';
    this.sentence = body.message ?? this.message;
    this.hint = body.hint ?? '';
    this.details = body.details ?? {};
  }

  readonly kind: string;
  readonly sentence: string;
  readonly hint: string;
  readonly details: Record<string, any>;

  /** The history is not there (yet), as opposed to: something broke. */
  get isAbsent(): boolean {
    return this.status === 404 || this.status === 410;
  }
}

/** The sentence of whatever was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
