// What is chosen, and how the address says it: a view that is sent is seen as it was.
import { TEXTS } from "./texts.js";

const PERIODS = ["30", "90", "365"];
const SCALES = ["price", "change"];
const SORTS = ["since", "total_price", "price_per_m2", "area_m2", "change_percent"].flatMap((key) => [key, `-${key}`]);
const root = document.documentElement;

/** What an address does not say because it is usual. */
const USUAL = {
  region: "", period: "365", measure: "median", order: "down", scale: "price", district: "", kind: "", sort: "-since", lang: null, theme: null,
};

/** What is chosen. Categories, deals and places stand here as in addresses: in small letters without accents. */
export const view = {};

export const slug = (words) => words.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, "-");

/** Takes the address, or what is usual. What is not there is chosen by `settle`. */
export function readAddress() {
  const asked = new URLSearchParams(location.search);
  const one = (name, values, usual) => (values.includes(asked.get(name)) ? asked.get(name) : usual);
  Object.assign(view, {
    category: asked.get("category") ?? "byty", deal: asked.get("deal") ?? "prodej", region: asked.get("region") ?? "",
    period: one("period", PERIODS, "365"), measure: asked.get("measure") ?? "median", order: one("order", ["up"], "down"),
    scale: one("scale", SCALES, "price"), district: asked.get("district") ?? "", kind: asked.get("kind") ?? "",
    sort: one("sort", SORTS, USUAL.sort),
    // Only what somebody has chosen goes into an address; what the browser says does not.
    lang: one("lang", Object.keys(TEXTS), null), theme: one("theme", ["light", "dark"], null),
  });
}


export function writeAddress(add) {
  const address = new URLSearchParams();
  for (const [key, value] of Object.entries(view)) if (!(key in USUAL) || USUAL[key] !== value) address.set(key, value);
  const url = `?${address}`;
  if (url !== location.search) history[add ? "pushState" : "replaceState"](null, "", url);
}

/** Chooses what there is where what was asked for is not there. */
export function settle(overview) {
  const all = overview.map((entry) => ({ category: slug(entry.category), deal: slug(entry.deal) }));
  const of = (category) => all.filter((entry) => entry.category === category);
  if (!of(view.category).length) view.category = all[0].category;
  if (!of(view.category).some((entry) => entry.deal === view.deal)) view.deal = of(view.category)[0].deal;
}

export const periods = PERIODS;
export const scales = SCALES;

// ---- Language and theme

const dark = matchMedia("(prefers-color-scheme: dark)");

export const language = () => view.lang ?? (navigator.languages.some((tag) => /^(cs|sk)\b/.test(tag)) ? "cs" : "en");
export const theme = () => view.theme ?? (dark.matches ? "dark" : "light");
export const onThemeOfBrowser = (act) => dark.addEventListener("change", act);

export const text = (key) => TEXTS[language()][key];
export const named = (czech) => TEXTS[language()].names[czech] ?? czech;

/** Puts words, language and theme onto what stands in the page itself. */
export function dress() {
  root.lang = language();
  root.dataset.theme = theme();
  for (const spoken of document.querySelectorAll("[data-text]")) spoken.textContent = text(spoken.dataset.text);
  for (const spoken of document.querySelectorAll("[data-label]")) spoken.setAttribute("aria-label", text(spoken.dataset.label));
  const other = document.querySelector("#language");
  other.textContent = text("other");
  other.lang = text("otherCode");
  document.querySelector("#theme").textContent = text(theme() === "dark" ? "toLight" : "toDark");
}

// ---- Numbers and days

/** English as it is written in Europe. */
export const locale = () => (language() === "en" ? "en-GB" : "cs");

const formats = new Map();

/** To make a format takes longer than to use it a hundred times. */
function format(Kind, options) {
  const key = JSON.stringify([Kind.name, locale(), options]);
  if (!formats.has(key)) formats.set(key, new Kind(locale(), options));
  return formats.get(key);
}

export const number = (value, options) => format(Intl.NumberFormat, options).format(value);
export const crowns = (value) => `${number(value)} Kč`;
export const percent = (value, options) => `${number(value, { minimumFractionDigits: 1, maximumFractionDigits: 1, ...options })} %`;
export const signed = (value) => percent(value, { signDisplay: "exceptZero" });

export const DAY = 86400;
export const stamp = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;
export const dayName = (seconds, options) =>
  format(Intl.DateTimeFormat, { timeZone: "UTC", ...(options ?? { dateStyle: "medium" }) }).format(seconds * 1000);

/** The first index of what the chosen period shows. */
export function since(days) {
  const first = stamp(days.at(-1)) - Number(view.period) * DAY;
  return Math.max(0, days.findIndex((day) => stamp(day) > first));
}
