// What map and ranking can show of a place, and in which colour.
import { crowns, number, percent, signed } from "./view.js";

const change = (now, before) => (before ? (100 * (now - before)) / before : undefined);

/** Each measure: its value, and how it is written. Those that can fall have a middle without a colour. */
export const MEASURES = {
  median: { value: (row) => row.median, show: crowns },
  month: { value: (row) => change(row.median, row.month_ago), show: signed, bounds: [-3, -1, 1, 3] },
  year: { value: (row) => change(row.median, row.year_ago), show: signed, bounds: [-6, -2, 2, 6] },
  listings: { value: (row) => row.listings, show: number },
  days_on_market: { value: (row) => row.days_on_market, show: number },
  cutShare: { value: (row) => (row.cuts ? (100 * row.cuts) / row.listings : undefined), show: percent },
  yield_percent: { value: (row) => row.yield_percent, show: percent },
};

/** The measures that any of the places has. */
export const known = (places) => Object.keys(MEASURES).filter((name) => places.some((row) => MEASURES[name].value(row) !== undefined));

/** The bounds between five colours: a fifth of the places in each, or fixed ones around nothing. */
export function bounds(measure, rows) {
  if (measure.bounds) return measure.bounds;
  const values = rows.map(measure.value).filter((value) => value !== undefined).sort((a, b) => a - b);
  const fifths = [1, 2, 3, 4].map((fifth) => values[Math.floor((values.length * fifth) / 5)]);
  return [...new Set(fifths)];
}

/** The name of a colour in the style sheet. */
export function shade(measure, limits, value) {
  if (value === undefined) return "--none";
  return `--${measure.bounds ? "fall" : "map"}${limits.filter((limit) => value >= limit).length}`;
}
