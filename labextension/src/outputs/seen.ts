/** What a reader sees of a cell's outputs: to compare those of a record with those in a notebook. Pure. */
import type { IOutput } from '../api/types';

/** As many characters as `Execution.outputs_text` has. */
export const TEXT_CHARACTERS = 300;

/** Neither counters and metadata, nor into how many pieces a stream was cut. Equal keys: nobody sees a difference. */
export function outputsKey(outputs: readonly IOutput[]): string {
  const seen = joinedStreams(outputs).map(output => {
    if (output.output_type === 'stream') {
      return [`stream ${output.name}`, settledText(joined(output.text))];
    }
    if (output.output_type === 'error') {
      return ['error', [output.ename, output.evalue]];
    }
    const data = Object.entries(output.data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    return ['data', data.map(([mime, value]) => [mime, plain(value)])];
  });
  return JSON.stringify(seen);
}

/** Outputs with neighbouring pieces of one stream as one, as a notebook keeps them. */
export function joinedStreams(outputs: readonly IOutput[]): IOutput[] {
  const result: IOutput[] = [];
  for (const output of outputs) {
    const last = result[result.length - 1];
    if (output.output_type === 'stream' && last?.output_type === 'stream' && last.name === output.name) {
      result[result.length - 1] = { ...last, text: joined(last.text) + joined(output.text) };
    } else {
      result.push(output);
    }
  }
  return result;
}

/** How the recorder writes `outputs_text`: the plain text of all outputs, its first 300 characters. */
export function shortText(outputs: readonly IOutput[]): string {
  const texts = joinedStreams(outputs).map(output => {
    switch (output.output_type) {
      case 'stream':
        return joined(output.text);
      case 'error':
        return `${output.ename ?? ''}: ${output.evalue ?? ''}`;
      default:
        return joined(output.data?.['text/plain'] ?? '');
    }
  });
  return [...texts.filter(Boolean).join('\n').trim()].slice(0, TEXT_CHARACTERS).join('');
}

/**
 * A stream's text once every carriage return and backspace has done its work, as JupyterLab keeps it.
 *
 * '10%\r20%\rdone\n' -> 'done\n'; 'abc\rX' -> 'Xbc'
 */
export function settledText(text: string): string {
  return /[\r\b]/.test(text) ? text.split('\n').map(settledLine).join('\n') : text;
}

function settledLine(line: string): string {
  let shown = '';
  let at = 0;
  for (const piece of line.split(/([\r\b])/)) {
    if (piece === '\r') {
      at = 0;
    } else if (piece === '\b') {
      shown = at > 0 ? shown.slice(0, at - 1) + shown.slice(at) : shown;
      at = Math.max(0, at - 1);
    } else {
      shown = shown.slice(0, at) + piece + shown.slice(at + piece.length);
      at += piece.length;
    }
  }
  return shown;
}

function joined(text: unknown): string {
  return Array.isArray(text) ? text.join('') : typeof text === 'string' ? text : '';
}

function plain(value: unknown): unknown {
  return Array.isArray(value) ? value.join('') : value;
}
