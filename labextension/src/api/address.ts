/** How the addresses of requests are spelled. Pure. */
import type { StoreId } from './types';

export type Query = Record<string, string | number | boolean | string[] | null | undefined>;

/** ('w-1', 'executions', 'k-1:a/b') -> 'workspaces/w-1/executions/k-1%3Aa%2Fb'; a part of ours with '/' stays two parts. */
export function addressOf(workspace: StoreId, collection?: string, id?: string, rest?: string): string {
  const parts = ['workspaces', encodeURIComponent(workspace)];
  if (collection) {
    parts.push(collection);
  }
  if (id !== undefined) {
    parts.push(encodeURIComponent(id));
  }
  if (rest) {
    parts.push(rest);
  }
  return parts.join('/');
}

/** Lists are joined by commas; null, undefined and '' are left out. */
export function queryText(query: Query): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(Array.isArray(value) ? value.join(',') : String(value))}`);
  return pairs.length ? `?${pairs.join('&')}` : '';
}
