/** An exponential moving average without the pull towards zero at its start. Pure. */

/**
 * `weight`: 0 (as it is) to below 1 (smoother). Values that are not finite stay gaps and do not disturb what follows.
 * Source: the correction is Adam's (Kingma and Ba 2015, section 3): the average is divided by 1 − weight^n.
 */
export function smooth(ys: readonly number[], weight: number): number[] {
  if (weight <= 0) {
    return [...ys];
  }
  let average = 0;
  let n = 0;
  return ys.map(y => {
    if (!Number.isFinite(y)) {
      return NaN;
    }
    n += 1;
    average = weight * average + (1 - weight) * y;
    return average / (1 - Math.pow(weight, n));
  });
}
