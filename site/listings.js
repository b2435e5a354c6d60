// Single listings, where the page's operator shows them: those of the chosen region.
import { element, empty, scrolling, table } from "./charts.js";
import { crowns, dayName, named, number, signed, slug, stamp, text, view } from "./view.js";

/** So many are shown at first, and so many more each time that somebody asks for more. */
const STEP = 50;
const note = (key) => element("p", { class: "empty" }, text(key));

/** Rows of a slice, which comes column by column. */
function rowsOf({ region, ...columns }) {
  return columns.url.map((_, index) => Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[index]])));
}

/** Fills one of the section's own filters; what it is set to, or nothing if that is not there. */
function filter(name, all, values) {
  const select = document.querySelector(`#listings select[name=${name}]`);
  const there = [...new Set(values.filter(Boolean))].sort((a, b) => a.localeCompare(b, "cs"));
  const option = (value) => element("option", { value: slug(value) }, named(value));
  select.replaceChildren(element("option", { value: "" }, text(all)), ...there.map(option));
  select.value = there.some((value) => slug(value) === view[name]) ? view[name] : "";
  return select.value;
}

/** Those without a value come last, whichever way the others are sorted. */
function sorted(rows) {
  const down = view.sort.startsWith("-"), key = view.sort.replace("-", "");
  const value = (row) => (key === "since" ? stamp(row.since) : row[key]) ?? null;
  const order = (one, other) => (one === null) - (other === null) || (down ? other - one : one - other);
  return rows.toSorted((one, other) => order(value(one), value(other)));
}

/** A column by which a click on its head sorts: `first` is the way that is asked for most. */
function sortable(key, title, first, show, choose) {
  const up = view.sort === key, down = view.sort === `-${key}`;
  const next = up ? `-${key}` : down ? key : first;
  return {
    title: text(title), show, order: up ? "ascending" : down ? "descending" : null,
    head: element("button", { type: "button", click: () => choose({ sort: next }) }, text(title)),
  };
}

function columns(choose, simulated) {
  const known = (value, show) => (value === null ? null : show(value));
  // The portal knows no simulated listing.
  const name = (row) => (simulated || !row.url?.startsWith("https://") ? element("span", null, row.name)
    : element("a", { href: row.url, rel: "noopener noreferrer" }, row.name));
  const place = (row) => [...new Set([row.city, row.district])].filter(Boolean).join(" · ");
  return [
    { title: text("advert"), show: (row) => element("span", null, name(row), element("span", { class: "place" }, place(row))) },
    { ...sortable("area_m2", "area", "-area_m2", (row) => known(row.area_m2, (area) => `${number(area)} m²`), choose), of: "roomy" },
    sortable("total_price", "price", "total_price", (row) => known(row.total_price, crowns), choose),
    sortable("price_per_m2", "perM2", "price_per_m2", (row) => known(row.price_per_m2, crowns), choose),
    { ...sortable("change_percent", "lastChange", "change_percent", (row) => known(row.change_percent, signed), choose), of: "roomy" },
    { ...sortable("since", "since", "-since", (row) => dayName(stamp(row.since)), choose), of: "roomy" },
  ];
}

export function drawListings(slice, box, choose, { manifest }) {
  document.querySelector("#listings form").hidden = !slice;
  if (!slice) return box.replaceChildren(view.region ? empty() : note("chooseRegion"));
  const all = rowsOf(slice);
  const district = filter("district", "allDistricts", all.map((row) => row.district));
  const kind = filter("kind", "allKinds", all.map((row) => row.kind));
  const is = (chosen, value) => !chosen || slug(value ?? "") === chosen;
  const rows = sorted(all.filter((row) => is(district, row.district) && is(kind, row.kind)));
  if (!rows.length) return box.replaceChildren(note("noListings"));
  const said = element("p", { class: "about", role: "status" });
  const list = scrolling(text("adverts"));
  const more = element("button", { type: "button", click: () => show(shown + STEP) }, text("more"));
  let shown = 0;
  const show = (count) => {
    shown = Math.min(count, rows.length);
    list.replaceChildren(table(columns(choose, manifest.simulated), rows.slice(0, shown)));
    said.textContent = `${number(shown)} ${text("outOf")} ${number(rows.length)}`;
    more.hidden = shown === rows.length;
  };
  show(STEP);
  box.replaceChildren(said, list, more);
}
