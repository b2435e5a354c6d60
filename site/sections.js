// What each section shows of its slice: `draw(slice, box, choose)`. A slice is null where there is none.
import { asTable, bar, color, compact, element, empty, legend, plot, scrolling, table } from "./charts.js";
import { MEASURES } from "./measures.js";
import { DAY, crowns, dayName, named, number, percent, signed, since, slug, stamp, text, view } from "./view.js";

/** The chosen region's name as the data have it; the country's is empty. */
const nameIn = (places) => Object.keys(places).find((name) => slug(name) === view.region && name) ?? "";
const of = (slice) => (slice && (!view.region || nameIn(slice.places)) ? slice.places[nameIn(slice.places)] : undefined);
const placeName = (slice) => named(nameIn(slice.places)) || text("everywhere");
const span = (stamps) => `${dayName(stamps[0])} – ${dayName(stamps.at(-1))}`;
const count = (value) => (value === null || value === undefined ? text("none") : number(value));

/** The figures of the chosen place. */
export function drawGlance(places, box) {
  const row = places.find((row) => !row.district && slug(row.region ?? "") === view.region);
  if (!row) return box.replaceChildren(empty());
  const tile = (name, value, about) => (value === undefined ? null
    : element("dl", { class: "tile" }, element("dt", null, name), element("dd", null, value), about ? element("dd", { class: "more" }, about) : null));
  const of30 = (key) => (row[key] === undefined ? undefined : number(row[key]));
  const shown = (key) => {
    const value = MEASURES[key].value(row);
    return value === undefined ? undefined : MEASURES[key].show(value);
  };
  box.replaceChildren(...[
    tile(`${text("median")}${view.deal === "pronajem" ? ` ${text("perMonth")}` : ""}`, crowns(row.median), `${text("quartiles")} ${number(row.lower_quartile)} – ${number(row.upper_quartile)}`),
    tile(text("month"), shown("month")), tile(text("year"), shown("year")), tile(text("listings"), number(row.listings)),
    tile(text("newListings"), of30("new"), text("in30")), tile(text("gone"), of30("gone"), text("in30")),
    tile(text("days_on_market"), shown("days_on_market"), text("daysAbout")),
    tile(text("cuts"), of30("cuts"), row.cut_percent && `${text("in30")}, ${text("cutsAbout")} ${percent(-row.cut_percent)}`),
  ].filter(Boolean));
}

/** Prices, or by how much they differ from the first one that is shown. */
const SCALES = {
  price: { values: (medians) => medians, show: crowns, ticks: compact },
  change: {
    values: (medians) => {
      const start = medians.find((median) => median !== null);
      return medians.map((median) => (median === null ? null : (100 * (median - start)) / start));
    },
    show: signed,
    ticks: (_, ticks) => ticks.map((tick) => `${number(tick)} %`),
  },
};

function drawSeries(slice, box, choose) {
  const all = of(slice);
  if (!all) return box.replaceChildren(empty());
  const first = since(slice.days), days = slice.days.slice(first).map(stamp);
  const { values, show, ticks } = SCALES[view.scale];
  const cut = (name) => values(slice.places[name].slice(first));
  const chosen = nameIn(slice.places), medians = cut(chosen);
  const others = Object.keys(slice.places).filter((name) => name && name !== chosen);
  const country = chosen && slice.places[""] ? cut("") : null;
  const lineOf = Object.fromEntries(others.map((name) => [name, cut(name)]));
  const lines = [
    ...others.map(() => ({ stroke: color("--other"), width: 1 })),
    ...(country ? [{ stroke: color("--second"), width: 1.75, dash: [6, 4] }] : []),
    { stroke: color("--accent"), width: 2.5, points: { show: days.length < 3 } },
  ];
  const seen = medians.filter((median) => median !== null);
  const told = seen.length ? `${show(seen[0])} → ${show(seen.at(-1))}` : text("none");
  const data = [days, ...Object.values(lineOf), ...(country ? [country] : []), medians];
  /** The other region whose line is nearest to the pointer. */
  const nearest = (index, chart) => {
    const at = chart.cursor.top, away = (name) => Math.abs(chart.valToPos(lineOf[name][index] ?? Infinity, "y") - at);
    const name = others.reduce((best, name) => (away(name) < away(best) ? name : best), others[0]);
    return name && away(name) < 12 ? name : null;
  };
  const say = (index, chart) => {
    const line = (name, values) => `${named(name) || text("everywhere")}: ${values[index] === null ? text("none") : show(values[index])}`;
    const near = nearest(index, chart);
    return [dayName(days[index]), line(chosen, medians), ...(country ? [line("", country)] : []), ...(near ? [line(near, lineOf[near])] : [])];
  };
  const click = (chart) => {
    const near = chart.cursor.idx === null ? null : nearest(chart.cursor.idx, chart);
    if (near) choose({ region: slug(near) });
  };
  plot(box, { label: `${text("series")}, ${placeName(slice)}, ${span(days)}: ${told}`, data, lines, days: "level", values: ticks, say, click, height: 280 });
  box.append(legend([
    ["first", placeName(slice)], ...(country ? [["second", text("everywhere")]] : []), ["other", text("otherRegions")],
  ]));
  const columns = [
    { title: text("day"), show: (index) => dayName(days[index]) },
    ...[[placeName(slice), medians], ...(country ? [[text("everywhere"), country]] : []), ...Object.entries(lineOf)].map(([title, values]) => ({
      title: named(title), show: (index) => (values[index] === null ? text("none") : show(values[index])),
    })),
  ];
  box.append(asTable(text("series"), columns, days.map((_, index) => index).reverse()));
}

function drawDistricts(places, box, choose) {
  const measure = MEASURES[view.measure];
  const rows = (places ?? []).filter((row) => row.district && (!view.region || slug(row.region) === view.region));
  const ranked = rows.filter((row) => measure.value(row) !== undefined);
  if (!ranked.length) return box.replaceChildren(empty());
  ranked.sort((a, b) => (view.order === "up" ? 1 : -1) * (measure.value(a) - measure.value(b)));
  const values = ranked.map(measure.value), least = Math.min(0, ...values), reach = Math.max(0, ...values) - least || 1;
  const end = (value) => (100 * (value - least)) / reach;
  const turn = element("button", { type: "button", click: () => choose({ order: view.order === "up" ? "down" : "up" }) }, text(view.measure));
  const columns = [
    { title: text("district"), show: (row) => row.district },
    {
      title: text(view.measure), head: turn, order: view.order === "up" ? "ascending" : "descending",
      show: (row) => measure.show(measure.value(row)),
    },
    {
      title: text("chart"), of: "chart-column", head: element("span", { class: "unseen" }, text("chart")),
      show: (row) => bar(...[end(0), end(measure.value(row))].sort((a, b) => a - b)),
    },
    ...(view.measure === "listings" ? [] : [{ title: text("listings"), show: (row) => number(row.listings) }]),
  ];
  box.replaceChildren(scrolling(text("districts"), table(columns, ranked)));
  const every = Object.entries(MEASURES).filter(([, { value }]) => rows.some((row) => value(row) !== undefined));
  box.append(asTable(text("districts"), [
    { title: text("district"), show: (row) => row.district }, { title: text("region"), show: (row) => named(row.region) },
    ...every.map(([key, { value, show }]) => ({ title: text(key), show: (row) => (value(row) === undefined ? null : show(value(row))) })),
  ], rows));
}

function drawDistribution(slice, box) {
  const counts = of(slice);
  if (!counts) return box.replaceChildren(empty());
  const from = counts.map((_, index) => slice.from + index * slice.step);
  const most = from[counts.indexOf(Math.max(...counts))];
  const prices = (index) => `${number(from[index])} – ${crowns(from[index] + slice.step)}`;
  plot(box, {
    label: `${text("distribution")}, ${placeName(slice)}: ${crowns(most)} – ${crowns(most + slice.step)}`,
    data: [from, counts],
    lines: [{ stroke: color("--accent"), fill: color("--accent"), paths: uPlot.paths.bars({ size: [0.9], align: 1 }) }],
    x: { range: () => [from[0], from.at(-1) + slice.step] },
    say: (index) => [prices(index), count(counts[index])],
    height: 340,
  });
  box.append(asTable(text("distribution"), [
    { title: text("series"), show: prices }, { title: text("count"), show: (index) => count(counts[index]) },
  ], from.map((_, index) => index)));
}

/** Two counts by day or week, as lines or as bars and a line. */
function twoCounts(slice, box, { name, times, keys, first: drawFirst, titles, margin }) {
  const place = of(slice);
  if (!place) return box.replaceChildren(empty());
  const first = since(slice[times]), stamps = slice[times].slice(first).map(stamp);
  const [one, other] = keys.map((key) => place[key].slice(first));
  const sum = (values) => number(values.reduce((total, value) => total + (value ?? 0), 0));
  plot(box, {
    label: `${text(name)}, ${placeName(slice)}, ${span(stamps)}: ${titles[0]} ${sum(one)}, ${titles[1]} ${sum(other)}`,
    data: [stamps, one, other], days: "counts",
    x: margin && { range: (_, least, most) => [least - margin, most + margin] },
    lines: [drawFirst, { stroke: color("--second"), width: 1.75, dash: [6, 3], points: { show: stamps.length < 3 } }],
    say: (index) => [dayName(stamps[index]), `${titles[0]}: ${count(one[index])}`, `${titles[1]}: ${count(other[index])}`],
  });
  box.append(legend([["first", titles[0]], ["second", titles[1]]]));
  box.append(asTable(text(name), [
    { title: text(times === "days" ? "day" : "week"), show: (index) => dayName(stamps[index]) },
    { title: titles[0], show: (index) => count(one[index]) }, { title: titles[1], show: (index) => count(other[index]) },
  ], stamps.map((_, index) => index).reverse()));
}

const drawTurnover = (slice, box) => twoCounts(slice, box, {
  name: "turnover", times: "days", keys: ["new", "gone"], titles: [text("newListings"), text("gone")],
  first: { stroke: color("--accent"), width: 1.75 },
});

const drawChanges = (slice, box) => twoCounts(slice, box, {
  name: "changes", times: "weeks", keys: ["lowered", "raised"], titles: [text("lowered"), text("raised")],
  first: { stroke: color("--accent"), fill: color("--accent"), paths: uPlot.paths.bars({ size: [0.7, 40] }) },
  margin: 4 * DAY,
});

function drawStays(slice, box) {
  const counts = of(slice);
  if (!counts) return box.replaceChildren(empty());
  const most = Math.max(...counts, 1);
  const until = (index) => (slice.from[index + 1] === undefined ? `≥ ${slice.from[index]}` : `${slice.from[index]} – ${slice.from[index + 1] - 1}`);
  box.replaceChildren(table([
    { title: text("days_on_market"), show: (index) => `${until(index)} ${text("days")}` },
    { title: text("count"), show: (index) => count(counts[index]) },
    {
      title: text("chart"), of: "chart-column", head: element("span", { class: "unseen" }, text("chart")),
      show: (index) => bar(0, (100 * (counts[index] ?? 0)) / most),
    },
  ], counts.map((_, index) => index)));
}

function drawKinds(kinds, box) {
  const rows = (kinds ?? []).filter((row) => slug(row.region ?? "") === view.region);
  if (!rows.length) return box.replaceChildren(empty());
  const most = Math.max(...rows.map((row) => row.upper_quartile)), along = (value) => (100 * value) / most;
  const price = (key, title) => ({ title: text(title), of: "roomy", show: (row) => number(row[key]) });
  box.replaceChildren(scrolling(text("kinds"), table([
    { title: text("kind"), show: (row) => named(row.kind) },
    { title: text("median"), show: (row) => crowns(row.median) },
    {
      title: text("chart"), of: "chart-column", head: element("span", { class: "unseen" }, text("chart")),
      show: (row) => bar(along(row.lower_quartile), along(row.upper_quartile), along(row.median)),
    },
    price("lower_quartile", "lower"), price("upper_quartile", "upper"), { title: text("listings"), show: (row) => number(row.listings) },
  ], rows)));
}

/** Sections, the slice that each needs, and how it is drawn: `draw(slice, box, choose, { outlines, manifest })`. */
export const SECTIONS = {
  series: { slice: "series", draw: drawSeries },
  map: {
    slice: "places",
    draw: async (places, box, choose, { outlines }) => {
      if (!places) return box.replaceChildren(empty());
      try {
        const [{ drawMap }, shapes] = await Promise.all([import("./map.js"), outlines()]);
        await drawMap(box, places, shapes, choose);
      } catch (error) {
        console.warn(error);
        box.replaceChildren(element("p", { class: "empty" }, text("noMap")));
      }
    },
  },
  districts: { slice: "places", draw: drawDistricts },
  distribution: { slice: "distribution", draw: drawDistribution },
  kinds: { slice: "kinds", draw: drawKinds },
  turnover: { slice: "turnover", draw: drawTurnover },
  changes: { slice: "changes", draw: drawChanges },
  stays: { slice: "stays", draw: drawStays },
  // By region, so that nobody asks for the whole country's.
  listings: {
    slice: () => `listings-${view.region}`,
    draw: async (...all) => (await import("./listings.js")).drawListings(...all),
  },
};
