/**
 * How the n-th line looks: colour and dash together, so that neither good colour vision nor print in colour is needed.
 *
 * Seven colours and four dashes share no divisor, so 28 lines differ. The colours are CSS variables of
 * `style/charts.css` (`--ds-line-0` …), one set for light and one for dark themes.
 * Source: Okabe and Ito, Color Universal Design (2008); yellow is darkened to stand on white.
 */

export const N_COLORS = 7;

/** In CSS pixels: drawn, left out, … */
export const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

export interface ILineStyle {
  /** Name of a CSS variable. */
  variable: string;
  dash: readonly number[];
}

export function lineStyle(index: number): ILineStyle {
  return { variable: `--ds-line-${index % N_COLORS}`, dash: DASHES[index % DASHES.length] };
}
