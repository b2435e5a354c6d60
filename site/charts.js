// Tables, and charts that have one.
import { DAY, dayName, language, number, text } from "./view.js";

export function element(name, properties, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined) continue;
    if (typeof value === "function") made.addEventListener(key, value);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const empty = () => element("p", { class: "empty" }, text("few"));
export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A table: each column has a title and shows a row as text or element. The first column names the row. */
export function table(columns, rows) {
  const head = columns.map((column) => element("th", { scope: "col", "aria-sort": column.order, class: column.of }, column.head ?? column.title));
  const cell = (column, index, row) => {
    const shown = column.show(row) ?? "–";
    return index ? element("td", { class: column.of }, shown) : element("th", { scope: "row" }, shown);
  };
  const body = rows.map((row) => element("tr", null, ...columns.map((column, index) => cell(column, index, row))));
  return element("table", null, element("thead", null, element("tr", null, ...head)), element("tbody", null, ...body));
}

/** A box that scrolls, also by keyboard. */
export const scrolling = (label, ...content) => element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label }, ...content);

/** The same data for those who do not see the chart, made when they are asked for. */
export function asTable(label, columns, rows) {
  const box = scrolling(`${label}: ${text("table")}`);
  const details = element("details", null, element("summary", null, text("table")), box);
  details.addEventListener("toggle", () => details.open && box.replaceChildren(table(columns, rows)));
  return details;
}

/** A bar within a table, from `first` to `last` of the hundred, with a mark. */
export function bar(first, last, mark) {
  const band = element("span", { class: "band" }), track = element("span", { class: "track", "aria-hidden": "true" }, band);
  band.style.left = `${first}%`;
  band.style.width = `${Math.max(0.5, last - first)}%`;
  if (mark !== undefined) {
    const tick = element("span", { class: "tick" });
    tick.style.left = `${mark}%`;
    track.append(tick);
  }
  return track;
}

export function legend(entries) {
  const one = ([kind, name]) => element("li", null, element("i", { class: kind, "aria-hidden": "true" }), name);
  return element("ul", { class: "legend" }, ...entries.map(one));
}

export const compact = (_, ticks) => ticks.map((tick) => number(tick, { notation: "compact", maximumFractionDigits: 1 }));
export const whole = (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? number(tick) : ""));

function acrossDays(chart, ticks) {
  const months = (chart.scales.x.max - chart.scales.x.min) / DAY > 120;
  return ticks.map((tick, index) => {
    if (!months) return dayName(tick, { day: "numeric", month: language() === "en" ? "short" : "numeric" });
    const year = index === 0 || new Date(tick * 1000).getUTCMonth() === 0;
    return dayName(tick, { month: "short" }) + (year ? `\n${dayName(tick, { year: "numeric" })}` : "");
  });
}

/** Gaps of a week and less are days without a walk, and no gaps. */
function gaps(chart, _, __, ___, all) {
  const week = chart.valToPos(8 * DAY, "x", true) - chart.valToPos(0, "x", true);
  return all.filter(([from, to]) => to - from > week);
}

/** What stands at the pointer, in words. */
function tip(say) {
  const box = element("div", { class: "tip", hidden: "" });
  return {
    hooks: {
      init: (chart) => {
        chart.over.append(box);
        chart.over.addEventListener("mouseleave", () => { box.hidden = true; });
      },
      setCursor: (chart) => {
        const { idx, left, top } = chart.cursor;
        const words = idx === null || idx === undefined || left < 0 ? null : say(idx, chart);
        box.hidden = !words;
        if (!words) return;
        box.replaceChildren(...words.map((line) => element("div", null, line)));
        const right = left > chart.over.clientWidth / 2;
        box.style.left = right ? "" : `${left + 12}px`;
        box.style.right = right ? `${chart.over.clientWidth - left + 12}px` : "";
        box.style.top = `${Math.max(0, Math.min(top - 10, chart.over.clientHeight - 60))}px`;
      },
    },
  };
}

const drawn = new WeakMap();

/** Draws columns of numbers over the first one into a box, where the chart before goes. `say` tells of an index in words. */
export function plot(box, { label, data, lines, days, values, say, height, click, x }) {
  drawn.get(box)?.destroy();
  const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const frame = element("div", { class: "chart", role: "img", "aria-label": label });
  box.replaceChildren(frame);
  const chart = new uPlot({
    width: Math.max(240, frame.clientWidth), height: height ?? 250, legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, focus: { prox: 20 }, points: { size: 7 } }, focus: { alpha: 1 },
    scales: { x: { time: Boolean(days), ...x }, y: days === "level" ? {} : { range: (_, __, most) => [0, Math.max(1, most) * 1.05] } },
    axes: [
      { ...axis, grid: { show: false }, values: days ? acrossDays : compact, space: 48, size: 42 },
      { ...axis, values: values ?? whole, size: 58 },
    ],
    series: [{}, ...lines.map((line) => ({ points: { show: false }, gaps: days ? gaps : undefined, ...line }))],
    plugins: [tip(say)],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
  }, data, frame);
  if (click) chart.over.addEventListener("click", () => click(chart));
  drawn.set(box, chart);
  return chart;
}

/** Charts take the width that their boxes have now. */
export function resize() {
  for (const box of document.querySelectorAll(".figure")) {
    const chart = drawn.get(box);
    if (chart && box.clientWidth) chart.setSize({ width: Math.max(240, box.clientWidth), height: chart.height });
  }
}
