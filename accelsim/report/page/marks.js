/* What all charts share: axes with round numbers, hatched fills, a legend, and points or bars that a keyboard walks. */
const svg = (tag, attributes, ...children) => accelsim.element(`svg:${tag}`, attributes, ...children);
const SHAPES = [
  "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0", "M-4,-4h8v8h-8z", "M0,-5L5,4H-5z", "M0,-5L5,0L0,5L-5,0z",
  "M0,5L5,-4H-5z", "M-1.5,-5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z", "M-5,-5L5,5M-5,5L5,-5", "M0,-5v10M-5,0h10",
];
const HATCHES = ["", "M0,8L8,0", "M2,2h1v1h-1zM6,6h1v1h-1z", "M0,0L8,8", "M0,8L8,0M0,0L8,8", "M0,4H8", "M0,4H8M4,0V8", "M1,4a3,3 0 1,0 6,0a3,3 0 1,0 -6,0"];

/* One pattern per series: a colour with a hatch of its own, so that series differ in grey, too. */
function patterns(colors) {
  const made = colors.map((color, i) =>
    svg(
      "pattern", { id: `series-${i}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
      svg("rect", { width: 8, height: 8, fill: color }),
      svg("path", { d: HATCHES[(i + Math.floor(i / 8)) % 8], stroke: "#14181d", "stroke-width": 0.8, fill: "none" })
    )
  );
  return svg("svg", { width: 0, height: 0, "aria-hidden": "true", class: "patterns" }, svg("defs", {}, ...made));
}

const fillOf = (index) => `url(#series-${index})`;

function legend(entries, drawing) {
  const items = entries.map(({ name, index }) =>
    accelsim.element("li", {}, svg("svg", { width: 16, height: 12, "aria-hidden": "true" }, drawing(index)), ` ${name}`)
  );
  return accelsim.element("ul", { class: "legend" }, ...items);
}

const swatch = (index) => svg("rect", { width: 16, height: 12, fill: fillOf(index), class: "part" });
const symbol = (index) => svg("g", { transform: "translate(8,6)" }, mark(index));

function mark(index) {
  return svg("path", { d: SHAPES[(index + Math.floor(index / 8)) % 8], class: "mark", style: `fill:var(--series-${(index % 8) + 1})` });
}

/* Round numbers that cover [0, high]. */
function linearTicks(high) {
  if (!(high > 0)) return [0, 1];
  const raw = high / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw * 0.999);
  const ticks = [];
  for (let i = 0; i * step <= high * 1.0001 + step * 0.999; i += 1) ticks.push(i * step);
  return ticks;
}

/* Powers of ten within [low, high], and 2 and 5 of each where there are few. */
function logTicks(low, high) {
  const factors = high / low < 200 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const factor of factors) {
      const tick = factor * 10 ** power;
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

const short = (value) => (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-3) ? value.toExponential(1).replace(".0e", "e") : String(Number(value.toPrecision(6))));

/* Elements of a chart that are picked: one of them is in the order of the Tab key, arrows go to its neighbours. */
function walkable(items) {
  items.forEach((item, i) => {
    item.setAttribute("tabindex", i === 0 ? 0 : -1);
    item.addEventListener("keydown", (event) => {
      const next = { ArrowRight: i + 1, ArrowDown: i + 1, ArrowLeft: i - 1, ArrowUp: i - 1, Home: 0, End: items.length - 1 }[event.key];
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        item.dispatchEvent(new MouseEvent("click", { bubbles: true }));
      } else if (next !== undefined && items[next] !== undefined) {
        event.preventDefault();
        item.setAttribute("tabindex", -1);
        items[next].setAttribute("tabindex", 0);
        items[next].focus();
      }
    });
  });
}

function clear(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null));
}
