/* The charts: stacked bars and points, each with words for those who do not see it. */
const HEIGHT = 300;
const EDGE = { left: 64, right: 12, top: 10 };

/* Bars: {label, words, parts: [{name, index, low, high}], note, isChosen, pick}; `log` for a logarithmic axis from 1. */
function barChart(box, { title, axis, bars, log = false, high = null }) {
  const width = Math.max(300, box.clientWidth || 600);
  const slot = (width - EDGE.left - EDGE.right) / Math.max(1, bars.length);
  const longest = Math.max(0, ...bars.map((bar) => bar.label.length)) * 8;
  const turned = longest > slot - 4;
  const bottom = turned ? Math.min(120, longest + 14) : 26;
  const top = Math.max(log ? 10 : 0, ...bars.flatMap((bar) => bar.parts.map((part) => part.high)));
  const ticks = log ? logTicks(1, 10 ** Math.ceil(Math.log10(top))) : linearTicks(high ?? top);
  const most = high ?? ticks[ticks.length - 1];
  const y = (value) => {
    const share = log ? Math.log10(Math.max(1, value)) / Math.log10(most) : value / most;
    return EDGE.top + (HEIGHT - EDGE.top) * (1 - share);
  };
  const grid = ticks.filter((tick) => tick <= most).flatMap((tick) => yTick(y(tick), tick, width));
  const every = bars.length > 0 && slot < 9 ? Math.ceil(9 / slot) : 1;
  const drawn = bars.map((bar, i) => {
    const x = EDGE.left + slot * (i + 0.5);
    const thick = Math.min(72, slot * 0.72);
    const parts = bar.parts.map((part) =>
      svg("rect", {
        x: x - thick / 2, width: thick, y: y(part.high), height: Math.max(0, y(part.low) - y(part.high)),
        fill: fillOf(part.index), class: "part",
      })
    );
    const note = bar.note ? [svg("text", { class: "note", transform: `translate(${x + 3},${HEIGHT - 6}) rotate(-90)` }, bar.note)] : [];
    const place = turned ? `translate(${x + 4},${HEIGHT + 10}) rotate(-90)` : `translate(${x},${HEIGHT + 17})`;
    const name = svg("text", { transform: place, "text-anchor": turned ? "end" : "middle", class: "name" }, i % every === 0 ? bar.label : "");
    const hit = svg("rect", { x: x - slot / 2, width: slot, y: EDGE.top, height: HEIGHT - EDGE.top, class: "hit" });
    const group = svg(
      "g", { role: "button", "aria-label": bar.words, "aria-pressed": bar.isChosen ? "true" : "false", class: "bar" },
      svg("title", {}, bar.words), hit, ...parts, ...note, name
    );
    group.addEventListener("click", bar.pick);
    return group;
  });
  walkable(drawn);
  const base = svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: HEIGHT, y2: HEIGHT, class: "axis" });
  const label = svg("text", { transform: `translate(14,${HEIGHT / 2}) rotate(-90)`, "text-anchor": "middle" }, axis);
  const seen = new Map();
  bars.forEach((bar) => bar.parts.forEach((part) => part.high > part.low && seen.set(part.name, part.index)));
  const entries = [...seen].map(([name, index]) => ({ name, index })).sort((one, other) => one.index - other.index);
  const chart = svg(
    "svg", { viewBox: `0 0 ${width} ${HEIGHT + bottom}`, role: "group", "aria-label": title, class: "chart" },
    ...grid, base, label, ...drawn
  );
  clear(box, chart, legend(entries, swatch));
}

function yTick(place, tick, width) {
  return [
    svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: place, y2: place, class: "rule" }),
    svg("text", { x: EDGE.left - 6, y: place + 4, "text-anchor": "end" }, short(tick)),
  ];
}

/* Points: {words, x, y, series, index, isChosen, pick}; lines: {name, points: [[x, y]], index or null}; logarithmic axes
   where asked. */
function pointChart(box, { title, xAxis, yAxis, points, lines = [], logX = false, logY = false }) {
  const width = Math.max(300, box.clientWidth || 600);
  const every = [...points.map((point) => [point.x, point.y]), ...lines.flatMap((line) => line.points)];
  const x = scale(every.map((pair) => pair[0]), logX, EDGE.left, width - EDGE.right - 8);
  const y = scale(every.map((pair) => pair[1]), logY, HEIGHT, EDGE.top);
  const grid = [
    ...y.ticks.flatMap((tick) => yTick(y.at(tick), tick, width)),
    ...x.ticks.flatMap((tick) => [
      svg("line", { x1: x.at(tick), x2: x.at(tick), y1: EDGE.top, y2: HEIGHT, class: "rule" }),
      svg("text", { x: x.at(tick), y: HEIGHT + 16, "text-anchor": "middle" }, short(tick)),
    ]),
  ];
  const drawnLines = lines.map((line) =>
    svg("polyline", {
      points: line.points.map((pair) => `${x.at(pair[0])},${y.at(pair[1])}`).join(" "), class: "line",
      "stroke-dasharray": ["", "6 3", "6 3 2 3", "2 3"][(line.index ?? 0) % 4],
    })
  );
  const drawn = points.map((point) => {
    const group = svg(
      "g", {
        role: "button", "aria-label": point.words, "aria-pressed": point.isChosen ? "true" : "false", class: "point",
        transform: `translate(${x.at(point.x)},${y.at(point.y)})`,
      },
      svg("title", {}, point.words), svg("circle", { r: 10, class: "hit" }), mark(point.index)
    );
    group.addEventListener("click", point.pick);
    return group;
  });
  walkable(drawn);
  const frame = [
    svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: HEIGHT, y2: HEIGHT, class: "axis" }),
    svg("line", { x1: EDGE.left, x2: EDGE.left, y1: EDGE.top, y2: HEIGHT, class: "axis" }),
    svg("text", { x: (EDGE.left + width) / 2, y: HEIGHT + 34, "text-anchor": "middle" }, xAxis),
    svg("text", { transform: `translate(14,${HEIGHT / 2}) rotate(-90)`, "text-anchor": "middle" }, yAxis),
  ];
  const chart = svg(
    "svg", { viewBox: `0 0 ${width} ${HEIGHT + 42}`, role: "group", "aria-label": title, class: "chart" },
    ...grid, ...frame, ...drawnLines, ...drawn
  );
  const series = [...new Map(points.map((point) => [point.series, point.index]))].map(([name, index]) => ({ name, index }));
  const told = lines.filter((line) => line.name).map((line) => line.name);
  clear(box, chart, legend(series, symbol), told.length ? accelsim.element("p", { class: "quiet" }, `Lines: ${told.join("; ")}.`) : null);
}

/* From values to places on the page, with round ticks; linear scales begin at 0. */
function scale(values, log, from, to) {
  const known = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  if (log) {
    const low = Math.min(...known) / 1.3;
    const high = Math.max(...known) * 1.3;
    const at = (value) => from + ((to - from) * Math.log(value / low)) / Math.log(high / low);
    return { at, ticks: known.length ? logTicks(low, high) : [] };
  }
  const ticks = linearTicks(Math.max(0, ...known));
  const high = ticks[ticks.length - 1];
  return { at: (value) => from + ((to - from) * value) / high, ticks };
}
