// Figures of several rounds as one.

export function quantile(values, q) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at));
}

export function median(values) {
  return quantile(values, 0.5);
}

/** Half the distance of the quartiles, relative to the median. */
export function spread(values) {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / median(values);
}

/** Median of the ratios round by round: what disturbs a whole round cancels out. */
export function ratio(values, base) {
  return median(values.map((value, i) => value / base[i]));
}
