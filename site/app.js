// The page: takes what the address asks for, loads the slices that are looked at, and shows them.
import { element, resize } from "./charts.js";
import { known } from "./measures.js";
import { SECTIONS, drawGlance } from "./sections.js";
import {
  dress, locale, named, onThemeOfBrowser, periods, readAddress, scales, settle, slug, text, theme, view, writeAddress,
} from "./view.js";

const $ = (selector) => document.querySelector(selector);
let manifest, overview;

// ---- Data

const asked = new Map();

/** A file, asked for once. A failure is asked for again. */
function json(key) {
  if (!asked.has(key)) {
    const answer = fetch(key).then((answer) => {
      if (!answer.ok) throw new Error(`${key}: ${answer.status}`);
      return answer.json();
    });
    asked.set(key, answer);
    answer.catch(() => asked.delete(key));
  }
  return asked.get(key);
}

/** A slice of what is chosen; null if there is none. */
function slice(subject) {
  const key = manifest.slices[`${view.category}-${view.deal}-${subject}`];
  return key ? json(key) : Promise.resolve(null);
}

const outlines = () => json("outlines.json");

// ---- What is shown

/** Sections that were looked at. */
const seen = new Set();
let turn = 0;

function notice(message) {
  $("#notice").textContent = message ?? "";
  $("#notice").hidden = !message;
}

function options(name, values, label) {
  const select = $(`select[name=${name}]`);
  select.replaceChildren(...values.map((value) => element("option", { value }, label(value))));
  select.value = view[name];
}

function choices(places) {
  options("category", [...new Set(overview.map((entry) => entry.category))].map(slug), (value) =>
    named(overview.find((entry) => slug(entry.category) === value).category));
  const deals = overview.filter((entry) => slug(entry.category) === view.category);
  options("deal", deals.map((entry) => slug(entry.deal)), (value) => named(deals.find((entry) => slug(entry.deal) === value).deal));
  const regions = places.filter((row) => row.region && !row.district).map((row) => row.region).sort((a, b) => a.localeCompare(b, "cs"));
  if (!regions.some((region) => slug(region) === view.region)) view.region = "";
  const nameOf = (value) => named(regions.find((region) => slug(region) === value)) ?? text("everywhere");
  options("region", ["", ...regions.map(slug)], nameOf);
  options("period", periods, (value) => text(`period${value}`));
  options("scale", scales, (value) => text(`scale-${value}`));
  const measures = known(places);
  if (!measures.includes(view.measure)) view.measure = "median";
  options("measure", measures, text);
  document.title = `${$("select[name=category]").selectedOptions[0].text}, ${$("select[name=deal]").selectedOptions[0].text}, ${nameOf(view.region)} · Cenovka`;
}

async function section(name, now) {
  const { slice: subject, draw } = SECTIONS[name];
  const data = await slice(typeof subject === "function" ? subject() : subject);
  // Something else was chosen meanwhile.
  if (now !== turn) return;
  await draw(data, $(`#${name} .figure`), choose, { outlines, manifest });
  if (name === "series" && !performance.getEntriesByName("first-chart").length) performance.mark("first-chart");
}

async function show(changed) {
  const now = ++turn;
  dress();
  notice(overview.length ? (manifest.simulated ? text("simulated") : null) : text("empty"));
  if (!overview.length) return;
  try {
    // Both at once: the chart needs no more than its own slice.
    slice("series").catch(() => {});
    const places = (await slice("places")) ?? [];
    if (now !== turn) return;
    choices(places);
    writeAddress(changed);
    drawGlance(places, $("#glance"));
    const market = manifest.market && new URL(manifest.market).host;
    const asOf = manifest.as_of && new Date(manifest.as_of).toLocaleString(locale(), { dateStyle: "long", timeStyle: "short" });
    $("#as-of").textContent = `${text("asOf")} ${asOf ?? text("unknown")}`;
    $("#source").textContent = `${text("source")} ${market ?? text("unknown")}.`;
    await Promise.all([...seen].map((name) => section(name, now)));
    // For whoever waits for it.
    document.documentElement.dataset.shown = now;
  } catch (error) {
    console.error(error);
    notice(text("unreadable"));
  }
}

function choose(changes) {
  // Another region has other districts, and another category other kinds.
  if ("region" in changes) view.district = "";
  if ("category" in changes) view.kind = "";
  Object.assign(view, changes);
  settle(overview);
  show(true);
}

// ---- Start

/** The charts' library comes last, when the page has been read: data are asked for before. */
const library = () => new Promise((resolve) => {
  if (globalThis.uPlot) resolve();
  else addEventListener("DOMContentLoaded", resolve);
});

async function start() {
  readAddress();
  try {
    manifest = await json("data/manifest.json");
    // Asked for while the overview is on its way: most often it is what is shown.
    for (const subject of ["series", "places"]) slice(subject).catch(() => {});
    overview = await json(manifest.slices.overview);
    await library();
  } catch (error) {
    console.error(error);
    await library();
    dress();
    return notice(text("unreadable"));
  }
  if (overview.length) settle(overview);
  if (Object.keys(manifest.slices).some((name) => name.includes("-listings-"))) {
    $("#listings").hidden = false;
    $("#shown").dataset.text = "shownListings";
  }
  for (const form of document.forms) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", ({ target }) => choose({ [target.name]: target.value }));
  }
  $("#language").addEventListener("click", () => choose({ lang: text("otherCode") }));
  $("#theme").addEventListener("click", () => choose({ theme: theme() === "dark" ? "light" : "dark" }));
  addEventListener("popstate", () => { readAddress(); settle(overview); show(false); });
  onThemeOfBrowser(() => show(false));
  let waiting;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(resize, 100); });
  seen.add("series");
  await show(false);
  // What is below is asked for when it is looked at.
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || seen.has(target.id)) continue;
      seen.add(target.id);
      section(target.id, turn).catch((error) => { console.error(error); notice(text("unreadable")); });
    }
  });
  for (const name of Object.keys(SECTIONS)) observer.observe($(`#${name}`));
}

start();
