// The page: what the address asks for, the slices that it takes, and how they are shown.
"use strict";

const DAY = 86400;
const root = document.documentElement;
const $ = (selector) => document.querySelector(selector);
const asked = new URLSearchParams(location.search);
const state = {
  category: asked.get("category"), deal: asked.get("deal"), region: asked.get("region") ?? "", period: asked.get("period") ?? "90",
  sort: asked.get("sort") ?? "-median",
  lang: asked.get("lang") ?? (navigator.languages.some((tag) => tag.startsWith("cs")) ? "cs" : "en"),
  theme: asked.get("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
};
if (!(state.lang in TEXTS)) state.lang = "en";
let manifest, overview;
const slices = new Map();
const seen = new Set();

// ---- Words and numbers

const text = (key) => TEXTS[state.lang][key];
const named = (czech) => TEXTS[state.lang].names[czech] ?? czech;
const number = (value, options) => new Intl.NumberFormat(state.lang, options).format(value);
const crowns = (value) => `${number(value)} Kč`;
const percent = (value) => `${number(value, { maximumFractionDigits: 1, signDisplay: "exceptZero" })} %`;
const change = (now, before) => (before ? percent((100 * (now - before)) / before) : null);
const slug = (words) => words.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, "-");

function element(name, properties, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined) continue;
    if (key === "onclick") made.addEventListener("click", value);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// ---- Data

async function json(key) {
  const answer = await fetch(key);
  if (!answer.ok) throw new Error(`${key}: ${answer.status}`);
  return answer.json();
}

/** A slice of what is chosen, asked for once; null if there is none. */
function slice(subject) {
  const key = manifest.slices[`${slug(`${state.category}-${state.deal}`)}-${subject}`];
  if (!key) return Promise.resolve(null);
  if (!slices.has(key)) slices.set(key, json(key));
  return slices.get(key);
}

// ---- The address

function remember() {
  const address = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) if (value) address.set(key, value);
  history.replaceState(null, "", `?${address}`);
}

function choose(changes) {
  Object.assign(state, changes);
  const deals = overview.filter((entry) => entry.category === state.category);
  if (!deals.some((entry) => entry.deal === state.deal)) state.deal = deals[0].deal;
  remember();
  show();
}

// ---- Tables and charts

function table(columns, rows, sort) {
  const cell = (column, row) => element("td", null, column.show(row) ?? "–");
  const head = columns.map((column) => {
    if (!sort) return element("th", { scope: "col" }, column.title);
    const order = state.sort === column.key ? "ascending" : state.sort === `-${column.key}` ? "descending" : null;
    const next = order === "descending" ? column.key : `-${column.key}`;
    const button = element("button", { type: "button", onclick: () => choose({ sort: next }) }, column.title);
    return element("th", { scope: "col", "aria-sort": order }, button);
  });
  const body = rows.map((row) => element("tr", null, ...columns.map((column) => cell(column, row))));
  return element("table", null, element("thead", null, element("tr", null, ...head)), element("tbody", null, ...body));
}

/** The same data for those who do not see the chart, made when they are asked for. */
function asTable(columns, rows) {
  const region = element("div", { class: "table", tabindex: "0", role: "region", "aria-label": text("table") });
  const details = element("details", null, element("summary", null, text("table")), region);
  details.addEventListener("toggle", () => details.open && region.replaceChildren(table(columns, rows)));
  return details;
}

const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const empty = () => element("p", { class: "empty" }, text("few"));

/** Draws columns of numbers over the first one. */
function plot(box, label, data, series, options) {
  const width = Math.max(260, box.clientWidth);
  const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line") }, font: "12px system-ui" };
  const values = (_, ticks) => ticks.map((tick) => number(tick));
  const chart = new uPlot({
    width, height: 250, legend: { show: false }, cursor: { drag: { x: false, y: false } }, ...options.scales,
    axes: [{ ...axis, values: options.across }, { ...axis, values, size: 64 }],
    series: [{}, ...series],
  }, data, box);
  chart.root.setAttribute("role", "img");
  chart.root.setAttribute("aria-label", label);
}

const stamp = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;
const dayName = (seconds, options) => new Date(seconds * 1000).toLocaleDateString(state.lang, { timeZone: "UTC", ...options });
const acrossDays = (_, ticks) => ticks.map((tick) => dayName(tick, { day: "numeric", month: "numeric" }));

/** The first index of what the chosen period shows. */
function since(days) {
  const first = stamp(days.at(-1)) - Number(state.period) * DAY;
  return days.findIndex((day) => stamp(day) > first);
}

// ---- Sections: each takes its slice, or null, and its box

const SECTIONS = {
  series: ["series", (slice, box) => {
    const all = slice?.places[state.region];
    if (!all) return box.replaceChildren(empty());
    const first = since(slice.days);
    const days = slice.days.slice(first), medians = all.slice(first);
    const country = state.region ? slice.places[""]?.slice(first) : null;
    box.replaceChildren();
    const lines = [{ stroke: color("--accent"), width: 2, points: { show: days.length < 3 } }];
    if (country) lines.push({ stroke: color("--second"), width: 1.5, dash: [5, 4], points: { show: false } });
    const known = medians.filter((median) => median !== null);
    const label = `${text("series")}, ${place()}: ${known.length ? `${crowns(known[0])} → ${crowns(known.at(-1))}` : text("none")}`;
    plot(box, label, [days.map(stamp), medians, ...(country ? [country] : [])], lines, { across: acrossDays, scales: {} });
    box.append(legend([["first", place()], ...(country ? [["second", text("everywhere")]] : [])]));
    const columns = [
      { title: text("day"), show: (row) => dayName(stamp(row[0])) }, { title: place(), show: (row) => row[1] && crowns(row[1]) },
    ];
    box.append(asTable(columns, days.map((day, index) => [day, medians[index]]).reverse()));
  }],
  map: ["places", drawMap],
  districts: ["places", (places, box) => {
    const rows = (places ?? []).filter((row) => row.district && (!state.region || row.region === state.region));
    if (!rows.length) return box.replaceChildren(empty());
    const columns = [
      { key: "district", title: text("district"), show: (row) => row.district },
      { key: "median", title: text("median"), show: (row) => crowns(row.median) },
      { key: "month", title: text("month"), show: (row) => change(row.median, row.month_ago), value: (row) => row.month_ago && row.median / row.month_ago },
      { key: "year", title: text("year"), show: (row) => change(row.median, row.year_ago), value: (row) => row.year_ago && row.median / row.year_ago },
      { key: "listings", title: text("listings"), show: (row) => number(row.listings) },
      { key: "days_on_market", title: text("days"), show: (row) => row.days_on_market && number(row.days_on_market) },
      { key: "cuts", title: text("cuts"), show: (row) => row.cuts && number(row.cuts) },
      { key: "yield_percent", title: text("yield"), show: (row) => row.yield_percent && `${number(row.yield_percent, { minimumFractionDigits: 1 })} %` },
    ].filter((column) => column.key === "district" || rows.some((row) => column.show(row)));
    const column = columns.find(({ key }) => state.sort.replace("-", "") === key) ?? columns[1];
    const value = column.value ?? ((row) => row[column.key]);
    const sign = state.sort.startsWith("-") ? -1 : 1;
    const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "cs") : a - b);
    // What is not known comes last, whichever way.
    rows.sort((a, b) => (value(a) === undefined) - (value(b) === undefined) || sign * compare(value(a) ?? 0, value(b) ?? 0));
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", text("districts"));
    box.replaceChildren(table(columns, rows, true));
  }],
  distribution: ["distribution", (slice, box) => {
    const counts = slice?.places[state.region];
    if (!counts) return box.replaceChildren(empty());
    box.replaceChildren();
    const from = counts.map((_, index) => slice.from + index * slice.step);
    const most = from[counts.indexOf(Math.max(...counts))];
    const label = `${text("distribution")}, ${place()}: ${crowns(most)} – ${crowns(most + slice.step)}`;
    const bars = { stroke: color("--accent"), fill: color("--accent"), paths: uPlot.paths.bars({ size: [0.9], align: 1 }), points: { show: false } };
    const scales = { scales: { x: { time: false }, y: { range: (_, __, highest) => [0, highest * 1.05] } } };
    const across = (_, ticks) => ticks.map((tick) => number(tick, { notation: "compact" }));
    plot(box, label, [from, counts], [bars], { across, scales });
    const columns = [
      { title: text("from"), show: (row) => crowns(row[0]) }, { title: text("count"), show: (row) => (row[1] === null ? text("none") : number(row[1])) },
    ];
    box.append(asTable(columns, from.map((price, index) => [price, counts[index]])));
  }],
  turnover: ["turnover", (slice, box) => {
    const flow = slice?.places[state.region];
    if (!flow) return box.replaceChildren(empty());
    box.replaceChildren();
    const first = since(slice.days);
    const [days, come, gone] = [slice.days, flow.new, flow.gone].map((values) => values.slice(first));
    const line = (name) => ({ stroke: color(name), width: 1.7, points: { show: days.length < 3 } });
    const sum = (values) => number(values.reduce((total, value) => total + (value ?? 0), 0));
    const label = `${text("turnover")}, ${place()}: ${sum(come)}, ${sum(gone)}`;
    plot(box, label, [days.map(stamp), come, gone], [line("--accent"), { ...line("--second"), dash: [5, 3] }], { across: acrossDays, scales: {} });
    box.append(legend([["first", text("new").split(" ")[0]], ["second", text("gone").split(" ")[0]]]));
    const columns = [
      { title: text("day"), show: (row) => dayName(stamp(row[0])) },
      { title: text("new").split(" ")[0], show: (row) => (row[1] === null ? text("none") : number(row[1])) },
      { title: text("gone").split(" ")[0], show: (row) => (row[2] === null ? text("none") : number(row[2])) },
    ];
    box.append(asTable(columns, days.map((day, index) => [day, come[index], gone[index]]).reverse()));
  }],
  kinds: ["kinds", (kinds, box) => {
    const rows = (kinds ?? []).filter((row) => (row.region ?? "") === state.region);
    if (!rows.length) return box.replaceChildren(empty());
    const columns = [
      { title: text("kind"), show: (row) => row.kind }, { title: text("listings"), show: (row) => number(row.listings) },
      { title: text("lower"), show: (row) => crowns(row.lower_quartile) }, { title: text("median"), show: (row) => crowns(row.median) },
      { title: text("upper"), show: (row) => crowns(row.upper_quartile) },
    ];
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", text("kinds"));
    box.replaceChildren(table(columns, rows));
  }],
};

const place = () => state.region || text("everywhere");

function legend(entries) {
  return element("div", { class: "legend", "aria-hidden": "true" },
    ...entries.map(([kind, name]) => element("span", null, element("i", { class: kind }), name)));
}

// ---- The map: outlines of regions and circles of districts, by an equirectangular projection

let outlines;

async function drawMap(places, box) {
  outlines ??= json("outlines.json");
  const shapes = await outlines;
  if (!places) return box.replaceChildren(empty());
  const regions = places.filter((row) => row.region && !row.district), districts = places.filter((row) => row.latitude);
  const medians = [...regions, ...districts].map((row) => row.median).sort((a, b) => a - b);
  const bounds = [1, 2, 3, 4].map((fifth) => medians[Math.floor((medians.length * fifth) / 5)]);
  const shade = (median) => (median === undefined ? null : `q${bounds.filter((bound) => median >= bound).length}`);
  const [west, north, scale] = [12.05, 51.1, 100];
  const x = (longitude) => ((longitude - west) * scale * 0.645).toFixed(1), y = (latitude) => ((north - latitude) * scale).toFixed(1);
  const svg = (name, properties, title) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(properties)) if (value !== null) made.setAttribute(key, value);
    if (title) made.append(Object.assign(document.createElementNS("http://www.w3.org/2000/svg", "title"), { textContent: title }));
    return made;
  };
  const picture = svg("svg", { viewBox: "0 0 445 260", role: "group", "aria-label": text("map") });
  for (const [name, rings] of Object.entries(shapes)) {
    const median = regions.find((row) => row.region === name)?.median;
    const title = `${name}: ${median === undefined ? text("none") : crowns(median)}`;
    const d = rings.map((ring) => `M${ring.map(([longitude, latitude]) => `${x(longitude)} ${y(latitude)}`).join("L")}Z`).join("");
    const chosen = String(state.region === name);
    const path = svg("path", { d, class: shade(median), role: "button", tabindex: "0", "aria-pressed": chosen, "aria-label": title }, title);
    const press = () => choose({ region: state.region === name ? "" : name });
    path.addEventListener("click", press);
    path.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); press(); }
    });
    picture.append(path);
  }
  const most = Math.max(...districts.map((row) => row.listings));
  for (const row of districts) {
    const r = (2 + 6 * Math.sqrt(row.listings / most)).toFixed(1);
    const title = `${row.district}: ${crowns(row.median)}`;
    picture.append(svg("circle", { cx: x(row.longitude), cy: y(row.latitude), r, class: shade(row.median), "aria-hidden": "true" }, title));
  }
  const parts = ["", ...bounds].map((bound, index) => [`q${index}`, index ? `≥ ${number(bound)}` : `< ${number(bounds[0])}`]);
  box.replaceChildren(picture, legend(parts));
}

// ---- All of it

function tiles(places) {
  const row = (places ?? []).find((row) => (row.region ?? "") === state.region && !row.district);
  if (!row) return $("#tiles").replaceChildren(empty());
  const tile = (key, value, about) => (value === null || value === undefined ? null
    : element("dl", { class: "tile" }, element("dt", null, text(key)), element("dd", null, value, about ? element("small", null, about) : null)));
  $("#tiles").replaceChildren(...[
    tile("median", crowns(row.median), `${text("quartiles")} ${number(row.lower_quartile)} – ${number(row.upper_quartile)}`),
    tile("month", change(row.median, row.month_ago)), tile("year", change(row.median, row.year_ago)),
    tile("listings", number(row.listings)), tile("new", row.new && number(row.new)), tile("gone", row.gone && number(row.gone)),
    tile("days", row.days_on_market && number(row.days_on_market), text("daysAbout")),
    tile("cuts", row.cuts && number(row.cuts), row.cut_percent && `${text("cutsAbout")} ${percent(row.cut_percent)}`),
  ].filter(Boolean));
}

function options(name, values, label) {
  const select = $(`select[name=${name}]`);
  select.replaceChildren(...values.map((value) => element("option", { value }, label(value))));
  select.value = state[name];
}

async function section(name) {
  const [subject, draw] = SECTIONS[name];
  const box = $(`#${name} .chart, #${name} .table`);
  // Held, so that nothing jumps while a slice is on its way.
  await draw(await slice(subject), box);
}

async function show() {
  root.lang = state.lang;
  root.dataset.theme = state.theme;
  for (const spoken of document.querySelectorAll("[data-text]")) spoken.textContent = text(spoken.dataset.text);
  for (const spoken of document.querySelectorAll("[data-label]")) spoken.setAttribute("aria-label", text(spoken.dataset.label));
  $("#language").textContent = text("other");
  $("#language").lang = text("otherCode");
  const notice = (message) => { $("#notice").textContent = message ?? ""; $("#notice").hidden = !message; };
  if (!overview.length) return notice(text("empty"));
  notice(manifest.simulated ? text("simulated") : null);
  document.title = `Cenovka · ${named(state.category)}, ${named(state.deal)}, ${place()}`;
  options("category", [...new Set(overview.map((entry) => entry.category))], named);
  options("deal", overview.filter((entry) => entry.category === state.category).map((entry) => entry.deal), named);
  $("select[name=period]").value = state.period;
  $("#source").textContent = `${text("source")} ${new URL(manifest.market).host}. ${text("asOf")} ${new Date(manifest.as_of).toLocaleString(state.lang)}.`;
  try {
    const places = await slice("places");
    const regions = (places ?? []).filter((row) => row.region && !row.district).map((row) => row.region);
    if (state.region && !regions.includes(state.region)) { state.region = ""; remember(); }
    options("region", ["", ...regions], (region) => region || text("everywhere"));
    tiles(places);
    await Promise.all([...seen].map(section));
    root.dataset.shown = String(Number(root.dataset.shown ?? 0) + 1);
  } catch (error) {
    console.error(error);
    notice(text("unreadable"));
  }
}

async function start() {
  try {
    manifest = await json("data/manifest.json");
    overview = await json(manifest.slices.overview);
  } catch (error) {
    console.error(error);
    root.lang = state.lang;
    $("#notice").textContent = text("unreadable");
    $("#notice").hidden = false;
    return;
  }
  const first = overview.find((entry) => entry.category === state.category) ?? overview[0];
  if (first) {
    state.category = first.category;
    if (!overview.some((entry) => entry.category === first.category && entry.deal === state.deal)) state.deal = first.deal;
  }
  $("#filters").addEventListener("change", ({ target }) => choose({ [target.name]: target.value }));
  $("#language").addEventListener("click", () => choose({ lang: text("otherCode") }));
  $("#theme").addEventListener("click", () => choose({ theme: state.theme === "dark" ? "light" : "dark" }));
  addEventListener("resize", () => { clearTimeout(start.resized); start.resized = setTimeout(show, 150); });
  await show();
  // Below the fold nothing is asked for before it is looked at.
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting && !seen.has(target.id)) { seen.add(target.id); section(target.id).catch(console.error); }
    }
  }, { rootMargin: "200px" });
  for (const name of Object.keys(SECTIONS)) observer.observe($(`#${name}`));
}

start();
