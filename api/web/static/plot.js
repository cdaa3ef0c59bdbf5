// The only file that knows uPlot: lines and dots in a plane, with zoom and a cursor.
// Colours of axes come from the style sheet when they are drawn, those of lines from the caller.
const near = 24; // pixels within which a line is pointed at
const closest = 1e-6; // of the whole axis: no zoom goes further in

let arriving = null;
export function library() {
  const file = (name) => new URL(name, import.meta.url).href;
  return arriving ??= new Promise((done, failed) => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: file("uplot.css") });
    const script = Object.assign(document.createElement("script"), { src: file("uplot.js"), onload: done, onerror: failed });
    document.head.append(style, script);
  });
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
const written = (value) => String(Number(value.toPrecision(4)));
const between = (u, value, axis) => u.valToPos(value, axis);

function axisOf(side, label) {
  const line = () => colour("--line");
  return {
    side, label, labelSize: 20, size: side === 2 ? 30 : 46, gap: 3,
    font: "12px system-ui", labelFont: "12.5px system-ui", stroke: () => colour("--soft"),
    grid: { stroke: line, width: 1 }, ticks: { show: false },
    values: (u, splits) => splits.map((each) => (each === null ? null : written(each))), // too close to write all
  };
}

const scaleOf = ({ low, high }) => ({ time: false, auto: false, min: low, max: high, range: (u, min, max) => [min, max] });

// chart: { x, y: { name, low, high }, lines: [{ points, colour, width, dash, stepped, alpha }], dots: [{ x, y, radius, colour, crown, alpha }] }
// lines and dots are asked for `alpha(each)` whenever they are drawn, and `lit(each)` whether they stand out.
export function plot(place, chart, { alpha, lit, pointed, moved }) {
  const { lines, dots } = chart;
  const full = { x: [chart.x.low, chart.x.high], y: [chart.y.low, chart.y.high] };
  const size = () => ({ width: place.clientWidth, height: place.clientHeight });
  const series = lines.map((line) => ({
    stroke: line.colour, width: line.width, dash: line.dash, alpha: alpha(line), spanGaps: true, points: { show: false },
    ...(line.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
  }));
  const u = new uPlot({
    ...size(), pxAlign: 0, padding: [12, 14, 0, 0], legend: { show: false },
    scales: { x: scaleOf(chart.x), y: scaleOf(chart.y) }, axes: [axisOf(2, chart.x.name), axisOf(3, chart.y.name)],
    series: [{}, ...series],
    cursor: {
      points: { show: false }, drag: { x: true, y: true, dist: 6, uni: 30 },
      bind: { dblclick: () => () => { show(full); return null; } },
    },
    hooks: {
      draw: [drawDots],
      setScale: [() => moved(view())],
    },
  }, lines.length ? uPlot.join(lines.map((line) => [line.points.map((each) => each[0]), line.points.map((each) => each[1])])) : [[], []], place);

  u.over.addEventListener("mousemove", (event) => {
    const box = u.over.getBoundingClientRect();
    pointed({ x: event.clientX - box.left, y: event.clientY - box.top });
  });
  u.over.addEventListener("mouseleave", (event) => { // a finger goes to the buttons below
    if (!place.parentElement.contains(event.relatedTarget)) pointed(null);
  });

  function drawDots() {
    const { ctx, bbox } = u, rim = 5 * devicePixelRatio; // a dot at the edge is seen whole
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left - rim, bbox.top - rim, bbox.width + 2 * rim, bbox.height + 2 * rim);
    ctx.clip();
    for (const line of lines) if (lit(line)) strokeLit(ctx, line);
    for (const dot of [...dots.filter((each) => !lit(each)), ...dots.filter(lit)]) drawDot(ctx, dot);
    ctx.restore();
  }

  // Again and thicker, on top of the others.
  function strokeLit(ctx, line) {
    ctx.beginPath();
    for (const [x, y] of corners(line)) ctx.lineTo(u.valToPos(x, "x", true), u.valToPos(y, "y", true));
    Object.assign(ctx, { strokeStyle: line.colour, lineWidth: 4 * devicePixelRatio, lineJoin: "round" });
    ctx.stroke();
  }

  function drawDot(ctx, dot) {
    const x = u.valToPos(dot.x, "x", true), y = u.valToPos(dot.y, "y", true);
    ctx.globalAlpha = alpha(dot);
    ctx.beginPath();
    ctx.arc(x, y, dot.radius * devicePixelRatio, 0, 7);
    Object.assign(ctx, { fillStyle: dot.colour, strokeStyle: colour(lit(dot) ? "--ink" : "--rim"), lineWidth: (lit(dot) ? 2 : 0.8) * devicePixelRatio });
    ctx.fill();
    ctx.stroke();
    if (!dot.crown) return;
    ctx.beginPath();
    ctx.arc(x, y, 9 * devicePixelRatio, 0, 7);
    Object.assign(ctx, { strokeStyle: colour("--ink"), lineWidth: 1.8 * devicePixelRatio });
    ctx.stroke();
  }

  const view = () => ({ x: [u.scales.x.min, u.scales.x.max], y: [u.scales.y.min, u.scales.y.max] });
  function show({ x, y }) {
    u.batch(() => {
      u.setScale("x", { min: x[0], max: x[1] });
      u.setScale("y", { min: y[0], max: y[1] });
    });
  }

  const growing = new ResizeObserver(() => { if (place.clientWidth && place.clientWidth !== u.width) u.setSize(size()); });
  growing.observe(place);

  return {
    view, show,
    whole: () => show(full),
    zoomed: () => ["x", "y"].some((axis) => view()[axis].some((end, at) => Math.abs(end - full[axis][at]) > closest * (full[axis][1] - full[axis][0]))),
    // Closer or further by a factor, around a point of the chart or its middle.
    zoom(factor, around) {
      const seen = view();
      const next = {};
      for (const [at, axis] of ["x", "y"].entries()) {
        const [low, high] = seen[axis], middle = around?.[at] ?? (low + high) / 2;
        if ((high - low) * factor < closest * (full[axis][1] - full[axis][0])) return;
        next[axis] = [Math.max(full[axis][0], middle - (middle - low) * factor), Math.min(full[axis][1], middle + (high - middle) * factor)];
      }
      show(next);
    },
    // The line and the point of it that lie nearest to a place in pixels; null where none is near.
    nearest({ x, y }) {
      let best = { distance: near };
      for (const line of lines) {
        const drawn = corners(line).map(([a, b]) => [between(u, a, "x"), between(u, b, "y")]);
        const distance = Math.min(...drawn.map((each, at) => toSegment(x, y, drawn[Math.max(0, at - 1)], each)));
        if (distance < best.distance) best = { distance, line, at: pointAt(line, x) };
      }
      return best.line ? best : null;
    },
    at: ({ x, y }) => [u.posToVal(x, "x"), u.posToVal(y, "y")],
    pixels: ([x, y]) => [between(u, x, "x"), between(u, y, "y")],
    over: u.over,
    redraw() {
      lines.forEach((line, at) => { u.series[at + 1].alpha = alpha(line); });
      u.redraw(false);
    },
    destroy() { growing.disconnect(); u.destroy(); },
  };

  // Of a stepped line the point that holds, of another one the nearest along the bottom.
  function pointAt(line, x) {
    const places = line.points.map((each) => between(u, each[0], "x"));
    if (line.stepped) return Math.max(0, places.findLastIndex((each) => each <= x));
    return places.reduce((found, each, at) => (Math.abs(each - x) < Math.abs(places[found] - x) ? at : found), 0);
  }
}

function corners({ points, stepped }) {
  return stepped ? points.flatMap((each, at) => (at ? [[each[0], points[at - 1][1]], each] : [each])) : points;
}

function toSegment(x, y, [ax, ay], [bx, by]) {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const share = length ? Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
  return Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay));
}
