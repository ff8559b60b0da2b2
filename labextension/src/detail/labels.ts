/** A label as it is typed. Pure. */
import type { Scalar } from '../api/types';

/** 'model: big' -> {name: 'model', value: 'big'}; 'good' -> {name: 'good', value: true}; blanks -> null */
export function parseLabel(text: string): { name: string; value: Scalar } | null {
  const [name, ...rest] = text.split(':');
  if (!name.trim()) {
    return null;
  }
  return { name: name.trim(), value: rest.length ? rest.join(':').trim() : true };
}

/** What is read: 'model: big', or the name alone for a bare label. */
export function labelText(name: string, value: Scalar): string {
  return value === true || value === '' ? name : `${name}: ${value}`;
}
