// The map: areas of regions, circles of districts. This module and MapLibre are asked for when the map comes into view.
import { Map as Chart, NavigationControl, Popup, setWorkerUrl } from "./vendor/maplibre-gl/maplibre-gl.mjs";
import { color, element, legend } from "./charts.js";
import { MEASURES, bounds, shade } from "./measures.js";
import { language, named, slug, text, view } from "./view.js";

setWorkerUrl(new URL("vendor/maplibre-gl/maplibre-gl-worker.mjs", import.meta.url).href);

const CZECHIA = [[12.05, 48.5], [18.9, 51.1]];
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let chart, popup, outlines, choose, shownRegion;

const feature = (geometry, properties) => ({ type: "Feature", geometry, properties });
const collection = (features) => ({ type: "FeatureCollection", features });

/** The corners of a region's outline. */
function corners(rings) {
  const points = rings.flat(), along = points.map(([east]) => east), up = points.map(([, north]) => north);
  return [[Math.min(...along), Math.min(...up)], [Math.max(...along), Math.max(...up)]];
}

async function begin(box) {
  const style = await new Promise((resolve) => {
    const sheet = element("link", { rel: "stylesheet", href: "vendor/maplibre-gl/maplibre-gl.css", load: resolve, error: resolve });
    document.head.append(sheet);
  }).then(() => ({
    version: 8,
    sources: { regions: { type: "geojson", data: collection([]) }, districts: { type: "geojson", data: collection([]) } },
    layers: [
      { id: "areas", type: "fill", source: "regions", paint: { "fill-color": ["get", "color"], "fill-opacity": 1 } },
      { id: "borders", type: "line", source: "regions", paint: { "line-width": 1 } },
      { id: "chosen", type: "line", source: "regions", filter: ["get", "chosen"], paint: { "line-width": 2.5 } },
      {
        id: "circles", type: "circle", source: "districts",
        layout: { "circle-sort-key": ["-", 0, ["get", "radius"]] },
        paint: { "circle-color": ["get", "color"], "circle-radius": ["get", "radius"], "circle-stroke-width": 1.5 },
      },
    ],
  }));
  const canvas = element("div", { class: "canvas" });
  box.replaceChildren(canvas, element("div", { class: "below" }));
  chart = new Chart({
    container: canvas, style, bounds: CZECHIA, fitBoundsOptions: { padding: 10 }, attributionControl: false, maxZoom: 11,
    dragRotate: false, pitchWithRotate: false, touchPitch: false, renderWorldCopies: false, cooperativeGestures: true,
  });
  chart.touchZoomRotate.disableRotation();
  chart.addControl(new NavigationControl({ showCompass: false }));
  popup = new Popup({ closeButton: false, closeOnClick: false, focusAfterOpen: false });
  for (const layer of ["circles", "areas"]) {
    chart.on("mousemove", layer, (event) => {
      // A circle lies above its area, and is what is meant.
      if (layer === "areas" && chart.queryRenderedFeatures(event.point, { layers: ["circles"] }).length) return;
      const { name, value } = event.features[0].properties;
      popup.setLngLat(event.lngLat).setDOMContent(element("div", null, element("strong", null, named(name)), element("div", null, value))).addTo(chart);
      chart.getCanvas().style.cursor = "pointer";
    });
    chart.on("mouseleave", layer, () => { popup.remove(); chart.getCanvas().style.cursor = ""; });
  }
  chart.on("click", "areas", (event) => {
    const region = slug(event.features[0].properties.name);
    choose({ region: view.region === region ? "" : region });
  });
  await new Promise((resolve) => { chart.once("load", resolve); });
}

let begun;

/** Draws a measure of these places into a box. */
export async function drawMap(box, places, shapes, act) {
  choose = act;
  outlines = shapes;
  begun ??= begin(box);
  await begun;
  const measure = MEASURES[view.measure];
  const regions = places.filter((row) => row.region && !row.district), districts = places.filter((row) => row.district && row.latitude);
  const limits = bounds(measure, [...regions, ...districts]);
  const paint = (row) => {
    const value = row && measure.value(row);
    return { color: color(shade(measure, limits, value)), value: value === undefined ? text("noFigure") : measure.show(value) };
  };
  const area = ([name, rings]) => {
    const row = regions.find((row) => row.region === name);
    return feature({ type: "Polygon", coordinates: rings }, { name, chosen: slug(name) === view.region, ...paint(row) });
  };
  const most = Math.max(...districts.map((row) => row.listings));
  const size = Math.min(1, Math.max(0.6, chart.getCanvas().clientWidth / 560));
  const circle = (row) => feature({ type: "Point", coordinates: [row.longitude, row.latitude] }, {
    name: row.district, radius: size * (3 + 9 * Math.sqrt(row.listings / most)), ...paint(row),
  });
  chart.getSource("regions").setData(collection(Object.entries(outlines).map(area)));
  chart.getSource("districts").setData(collection(districts.filter((row) => measure.value(row) !== undefined).map(circle)));
  chart.setPaintProperty("borders", "line-color", color("--card"));
  chart.setPaintProperty("chosen", "line-color", color("--second"));
  chart.setPaintProperty("circles", "circle-stroke-color", color("--card"));
  chart.getCanvas().setAttribute("aria-label", `${text("map")}: ${text(view.measure)}`);
  chart.getCanvas().lang = language();
  if (shownRegion !== view.region) {
    const rings = Object.entries(outlines).find(([name]) => slug(name) === view.region)?.[1];
    // The first view needs no journey.
    const animate = shownRegion !== undefined && !calm.matches;
    if (rings || shownRegion !== undefined) chart.fitBounds(rings ? corners(rings) : CZECHIA, { padding: rings ? 30 : 10, animate });
    shownRegion = view.region;
  }
  const classes = ["", ...limits].map((limit, index) => {
    const name = index ? `≥ ${measure.show(limit)}` : `< ${limits.length ? measure.show(limits[0]) : "–"}`;
    return [`${measure.bounds ? "fall" : "map"}${index}`, name];
  });
  box.querySelector(".below").replaceChildren(legend([...classes, ["nothing", text("noFigure")]]));
}
