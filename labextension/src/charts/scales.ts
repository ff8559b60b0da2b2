/** What an axis says: tick texts, and whether a logarithm is possible. Pure. */

/** Some value above zero: a logarithmic axis can show at least that much. */
export function canBeLog(columns: readonly (readonly (number | null | undefined)[])[]): boolean {
  return columns.some(column => column.some(y => typeof y === 'number' && y > 0));
}

/** On a logarithmic axis zero and less have no place: they become gaps. */
export function positiveOnly(column: readonly (number | null | undefined)[]): (number | null | undefined)[] {
  return column.map(y => (typeof y === 'number' && y <= 0 ? null : y));
}

/** 0.00012 -> '1.2e-4'; 1500 -> '1.5k'; 2_000_000 -> '2M'; 0.25 -> '0.25'; short, for ticks only. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e12)) {
    return trimmed(value.toExponential(2)).replace('e+', 'e');
  }
  for (const [unit, letter] of UNITS) {
    if (size >= unit) {
      return trimmed((value / unit).toPrecision(4)) + letter;
    }
  }
  return trimmed(value.toPrecision(4));
}

/** Seconds on an axis: 45 -> '45s'; 90 -> '1:30'; 5400 -> '1h30'. */
export function secondsText(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 60) {
    return `${trimmed(seconds.toPrecision(3))}s`;
  }
  const whole = Math.round(size);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${String(whole % 60).padStart(2, '0')}`
    : `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}`;
}

const UNITS: readonly (readonly [number, string])[] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k']
];

/** '1.500' -> '1.5'; '2.00e-4' -> '2e-4' */
function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+(?=e|$)/, '') : text;
}
