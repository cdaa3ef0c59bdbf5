// Puts a chart that can be zoomed in the place of each line picture of the server. What it draws is
// read from the picture: each line has its values, each axis its ends, and colours are as drawn there.
import { library, plot } from "./plot.js";
import { chosen, hover, keep } from "./select.js";

const FADED = 0.16, HIDDEN = 0.08;
const shown = new Map(); // by the picture's name: the chart, and what of it outlasts an update
const pairs = (text) => text.trim().split(" ").map(Number).reduce((found, each, at, all) => (at % 2 ? [...found, [all[at - 1], each]] : found), []);
const written = (value) => String(Number(value.toPrecision(5)));

function read(picture) {
  const axis = (name) => JSON.parse(picture.dataset[name]);
  const lit = picture.querySelectorAll(".lit");
  for (const each of lit) each.classList.remove("lit"); // lines are read as they are otherwise
  const lines = [...picture.querySelectorAll("path[data-v]")].map((path) => {
    const style = getComputedStyle(path), trial = path.closest(".t")?.dataset;
    return {
      points: pairs(path.dataset.v), keys: path.dataset.n?.split(" "), key: trial?.t, round: trial?.r, name: path.dataset.name,
      colour: style.stroke, width: parseFloat(style.strokeWidth), alpha: Number(style.opacity),
      dash: style.strokeDasharray === "none" ? undefined : style.strokeDasharray.split(",").map(parseFloat),
      stepped: path.matches(".stairs"),
    };
  }).filter((line) => line.points.length); // nothing is drawn of a search before its first complete trial
  for (const each of lit) each.classList.add("lit");
  return { x: axis("x"), y: axis("y"), lines, dots: lines.flatMap((line) => dotsOf(picture, line)) };
}

// Where a trial's curve ends; and where a staircase rises, the trial that raised it.
function dotsOf(picture, line) {
  if (!line.stepped) {
    const [x, y] = line.points.at(-1), end = picture.querySelector(`.t[data-t="${line.key}"] circle`);
    return [{ x, y, key: line.key, round: line.round, alpha: 1, radius: Number(end.getAttribute("r")) * 0.8, colour: end.getAttribute("fill") }];
  }
  return (line.keys ?? []).flatMap((key, at) => {
    const [x, y] = line.points[at], mark = picture.querySelector(`circle.t[data-t="${key}"]`);
    if (!mark) return [];
    return [{ x, y, key, round: mark.dataset.r, alpha: 1, radius: Number(mark.getAttribute("r")) * 0.8, colour: mark.getAttribute("fill"), crown: mark.matches(".best") }];
  });
}

function build(picture, before) {
  const name = picture.dataset.plot;
  const chart = read(picture);
  if (!chart.lines.length) return;
  const place = before?.place ?? placeFor(picture);
  const state = { place, reading: null };
  picture.after(place);
  picture.parentElement.classList.add("plotted");
  const lit = (each) => each.key !== undefined && each.key === chosen().number;
  const drawn = plot(place.firstChild, chart, {
    lit,
    alpha(each) {
      const { number, round } = chosen();
      if (round !== "" && each.round !== undefined && each.round !== round) return HIDDEN;
      return number === null || lit(each) || each.key === undefined ? each.alpha : FADED;
    },
    pointed: (at) => point(state, at),
    moved: () => state.drawn && sayRange(state),
  });
  Object.assign(state, { drawn, chart, back: place.querySelector(".whole"), told: place.querySelector("output") });
  const ring = Object.assign(document.createElement("i"), { className: "ring", hidden: true });
  drawn.over.append(ring);
  Object.assign(state, { ring });
  if (before?.view) drawn.show(before.view);
  shown.set(name, state);
  queueMicrotask(() => { // once the axes are known
    sayRange(state);
    const same = before?.reading && chart.lines.find((each) => each.key === before.reading.line.key && each.name === before.reading.line.name);
    if (same) tell(state, same, Math.min(before.reading.at, same.points.length - 1));
    else state.told.textContent = HINT;
  });
}

function placeFor(picture) {
  const place = document.createElement("div");
  place.className = "plot";
  place.dataset.of = picture.dataset.plot;
  place.tabIndex = 0;
  place.role = "group";
  place.ariaLabel = `${picture.getAttribute("aria-label")}; the arrow keys read values, plus and minus zoom, 0 shows all`;
  const canvas = document.createElement("div");
  canvas.className = "canvas";
  const row = document.createElement("p");
  row.className = "reading hint";
  const told = document.createElement("output");
  told.textContent = HINT;
  const button = (facts) => Object.assign(document.createElement("button"), { type: "button", ...facts });
  const closer = button({ className: "button small touch", textContent: "+", title: "Zoom in", ariaLabel: "Zoom in", value: "+" });
  const further = button({ className: "button small touch", textContent: "−", title: "Zoom out", ariaLabel: "Zoom out", value: "-" });
  const back = button({ className: "button small whole", textContent: "Whole picture", hidden: true });
  row.append(told, closer, further, back);
  place.append(canvas, row);
  listen(place);
  return place;
}

const HINT = matchMedia("(pointer: coarse)").matches ? "Tap a line to read it; + zooms in there." : "Drag to zoom, double-click to go back.";
const stateOf = (place) => shown.get(place.dataset.of);

function listen(place) {
  const canvas = place.firstChild;
  canvas.addEventListener("pointerdown", () => {
    place.dataset.held = "";
    document.addEventListener("pointerup", () => setTimeout(() => { delete place.dataset.held; }), { once: true });
  });
  canvas.addEventListener("click", () => {
    const { reading } = stateOf(place);
    if (reading?.key !== undefined) keep(reading.key, place);
  });
  for (const each of place.querySelectorAll(".touch")) each.addEventListener("click", () => KEYS[each.value](stateOf(place)));
  place.querySelector(".whole").addEventListener("click", () => { stateOf(place).drawn.whole(); place.focus(); });
  place.addEventListener("keydown", (event) => {
    if (event.target !== place || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key](stateOf(place));
  });
}

function point(state, at) {
  const { chart, drawn } = state;
  const found = at && drawn.nearest(at);
  if (found) return tell(state, found.line, found.at);
  if (state.reading) hover(null);
  state.reading = null;
  circle(state);
  const [x, y] = at ? drawn.at(at) : [];
  state.told.textContent = at ? `${chart.x.name} ${written(x)}, ${chart.y.name} ${written(y)}` : HINT;
}

function tell(state, line, at) {
  const { chart, told } = state;
  const [x, y] = line.points[at];
  const key = line.key ?? line.keys?.[Math.min(at, line.keys.length - 1)];
  state.reading = { line, at, key };
  circle(state);
  told.textContent = `${line.name ?? `trial ${key}`}: ${chart.y.name} ${written(y)} at ${written(x)} ${chart.x.name}`;
  hover(key ?? null);
}

// Around the point that was read, where it is now.
function circle({ reading, drawn, ring }) {
  ring.hidden = !reading;
  if (!reading) return;
  const [left, top] = drawn.pixels(reading.line.points[reading.at]);
  ring.style.transform = `translate(${left}px, ${top}px)`;
}

function sayRange(state) {
  const { chart, drawn, back } = state;
  const { x, y } = drawn.view();
  circle(state);
  back.hidden = !drawn.zoomed();
  back.title = `Seen: ${chart.x.name} ${x.map(written).join(" to ")}, ${chart.y.name} ${y.map(written).join(" to ")}`;
}

// The arrow keys go along a line and from line to line.
const along = (step) => (state) => {
  const { line, at } = state.reading ?? { line: state.chart.lines.at(-1), at: -1 };
  tell(state, line, Math.min(Math.max(at + step, 0), line.points.length - 1));
};

const across = (step) => (state) => {
  if (!state.reading) return along(1)(state);
  const { line, at } = state.reading, x = line.points[at][0];
  const heights = state.chart.lines.map((each) => ({ each, at: each.points.findLastIndex((point) => point[0] <= x) })).filter((found) => found.at >= 0);
  heights.sort((a, b) => a.each.points[a.at][1] - b.each.points[b.at][1]);
  const next = heights[heights.findIndex((found) => found.each === line) + step];
  if (next) tell(state, next.each, next.at);
};

const zoom = (factor) => (state) => state.drawn.zoom(factor, state.reading?.line.points[state.reading.at]);
const KEYS = {
  ArrowLeft: along(-1), ArrowRight: along(1), ArrowUp: across(1), ArrowDown: across(-1),
  "+": zoom(0.5), "=": zoom(0.5), "-": zoom(2), 0: (state) => state.drawn.whole(),
  Enter: (state) => { if (state.reading?.key !== undefined) keep(state.reading.key, state.place); },
};

// An update brings new pictures: charts that were shown take their places at once, zoomed as before.
function renew() {
  for (const picture of document.querySelectorAll("svg[data-plot]")) {
    const before = shown.get(picture.dataset.plot);
    if (!before) { sight.observe(picture); continue; }
    const view = before.drawn.zoomed() ? before.drawn.view() : null;
    before.drawn.destroy();
    build(picture, { place: before.place, reading: before.reading, view });
  }
}

const sight = new IntersectionObserver(async (entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    sight.unobserve(target);
    await library();
    if (target.isConnected && !shown.has(target.dataset.plot)) build(target);
  }
}, { rootMargin: "200px" });

export function charts() {
  renew();
  document.addEventListener("renewed", renew);
  document.addEventListener("lit", () => shown.forEach(({ drawn }) => drawn.redraw()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", renew);
}
