/** How a command describes its arguments to whoever calls it by name. */
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

/** {text: {type: 'string'}}, ['text'] -> `describedBy` of a command that needs `text`. */
export function argsSchema(
  properties: ReadonlyPartialJSONObject,
  required: string[] = []
): CommandRegistry.ICommandOptions['describedBy'] {
  return { args: { type: 'object', properties, required } as ReadonlyPartialJSONObject as any };
}

export const TEXT = { type: 'string' } as const;
export const TEXTS = { type: 'array', items: { type: 'string' } } as const;
export const FLAG = { type: 'boolean' } as const;
