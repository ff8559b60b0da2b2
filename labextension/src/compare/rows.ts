/** A comparison sorted into its tabs, what differs first. Pure. */
import type { ICompareFile, IComparison, ICompareRow } from '../api/types';

export type CompareTab = 'differences' | 'parameters' | 'metrics' | 'code' | 'data' | 'environment';

export const TABS: readonly CompareTab[] = ['differences', 'parameters', 'metrics', 'code', 'data', 'environment'];

/** Which of the server's groups stand in which tab. */
const GROUPS: Partial<Record<CompareTab, readonly string[]>> = {
  parameters: ['parameters', 'labels'],
  metrics: ['summary', 'metrics'],
  environment: ['environment']
};

/** Groups in the order a reader asks: what came out, what was chosen, with what. */
const GROUP_ORDER = ['summary', 'metrics', 'parameters', 'labels', 'environment'];

/** Rows of one tab: those that differ first, among equals by group, then in the server's order. */
export function rowsOf(rows: readonly ICompareRow[], tab: CompareTab): ICompareRow[] {
  const groups = GROUPS[tab];
  const wanted = rows.filter(row => (groups ? groups.includes(row.group) : tab === 'differences' && row.is_different));
  return wanted
    .map((row, place) => ({ row, place }))
    .sort((a, b) => order(a.row) - order(b.row) || a.place - b.place)
    .map(({ row }) => row);
}

export function filesOf(files: readonly ICompareFile[], tab: CompareTab): ICompareFile[] {
  return tab === 'data' || tab === 'differences'
    ? files.filter(file => tab === 'data' || file.is_different).sort((a, b) => Number(b.is_different) - Number(a.is_different))
    : [];
}

/** How many differences each tab holds. */
export function countsOf(comparison: IComparison): Record<CompareTab, number> {
  const count = (tab: CompareTab): number => rowsOf(comparison.rows, tab).filter(row => row.is_different).length;
  const counts = {
    parameters: count('parameters'),
    metrics: count('metrics'),
    code: comparison.code.length,
    data: comparison.files.filter(file => file.is_different).length,
    environment: count('environment')
  };
  return { ...counts, differences: Object.values(counts).reduce((sum, each) => sum + each, 0) };
}

/** Where the smallest and the largest of at least two different numbers stand; null: there are none. */
export function extremesOf(values: readonly unknown[]): { low: number; high: number } | null {
  let [low, high] = [-1, -1];
  values.forEach((value, index) => {
    if (typeof value === 'number' && Number.isFinite(value)) {
      low = low < 0 || value < (values[low] as number) ? index : low;
      high = high < 0 || value > (values[high] as number) ? index : high;
    }
  });
  return low < 0 || values[low] === values[high] ? null : { low, high };
}

/** Against the first run: 0.5, 0.75 -> {delta: 0.25, percent: 50}; percent null from zero; null unless both are numbers. */
export function deltaOf(first: unknown, value: unknown): { delta: number; percent: number | null } | null {
  if (typeof first !== 'number' || typeof value !== 'number' || first === value) {
    return null;
  }
  const delta = value - first;
  return Number.isFinite(delta) ? { delta, percent: first === 0 ? null : (delta / Math.abs(first)) * 100 } : null;
}

function order(row: ICompareRow): number {
  const place = GROUP_ORDER.indexOf(row.group);
  return (row.is_different ? 0 : 100) + (place < 0 ? GROUP_ORDER.length : place);
}
