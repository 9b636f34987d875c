/* The controls, the summary, the charts and the table of layers. */
const { element } = accelsim;

function choice(label, entries, value, onChange) {
  const options = entries.map(([key, text]) => element("option", { value: key, selected: key === value }, text));
  const select = element("select", {}, ...options);
  select.addEventListener("change", () => onChange(select.value));
  return element("label", {}, `${label} `, select);
}

function controls(report, box) {
  const parts = [];
  if (report.groups.length > 1) {
    const several = new Set(report.groups.map((group) => group.unit)).size > 1;
    const entries = report.groups.map((group, i) => [String(i), several ? `${group.network} (${group.unit})` : group.network]);
    const pick = (value) => {
      report.chosen = { group: Number(value), machine: null, layer: null, level: null };
      report.go();
    };
    parts.push(choice("Network", entries, String(report.chosen.group), pick));
  }
  const text = element("input", { type: "search", placeholder: "contains", value: report.layerText });
  text.addEventListener("input", () => {
    report.layerText = text.value.trim().toLowerCase();
    report.changed();
  });
  parts.push(element("label", {}, "Layer names ", text));
  const boxes = element("div", { class: "machines" });
  const drawBoxes = () => {
    const all = report.groupMachines().map((machine) => {
      const tick = element("input", { type: "checkbox", checked: !report.hidden.has(machine.name) });
      tick.addEventListener("change", () => {
        if (tick.checked) report.hidden.delete(machine.name);
        else report.hidden.add(machine.name);
        report.changed();
      });
      return element("label", {}, tick, ` ${machine.name}`);
    });
    const button = (name, hide) => {
      const made = element("button", { type: "button" }, name);
      made.addEventListener("click", () => {
        report.groupMachines().forEach((machine) => (hide ? report.hidden.add(machine.name) : report.hidden.delete(machine.name)));
        drawBoxes();
        report.changed();
      });
      return made;
    };
    clear(boxes, button("All", false), button("None", true), ...all);
  };
  drawBoxes();
  let shown = report.chosen.group;
  report.watch(() => {
    if (shown !== report.chosen.group) drawBoxes();
    shown = report.chosen.group;
  });
  const many = report.data.machines.length > 12;
  parts.push(element("details", { open: !many }, element("summary", {}, "Machines"), boxes));
  box.append(element("form", { class: "controls filters", "aria-label": "What is shown" }, ...parts));
  box.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
}

const least = (one, other) => Math.min(one, other);
const most = (one, other) => Math.max(one, other);

function measure(label, value, text, best = null, extra = {}) {
  return { label, value, text: (row) => text(value(row)), best, ...extra };
}

function summaryGrid(report) {
  const rows = report.rows(report.summary);
  const unit = report.group.unit;
  const [factor, scaled] = energyScale(rows.map((row) => row.energy), unit);
  const whole = { partial: (row) => row.infeasible !== "" };
  const scaledBy = (value, by) => (value === null ? null : value / by);
  const caption = `${report.group.network}: sums over the layers with MACs; * best, ! without the layers that have no mapping`;
  const columns = [
    { label: "machine", value: (row) => row.machine, text: (row) => row.machine, isText: true, link: (row) => report.address(row.machine) },
    measure(`energy (${scaled})`, (row) => scaledBy(row.energy, factor), significant, least, whole),
    measure(`energy/MAC (${unit})`, (row) => row.energy_per_mac, significant, least, whole),
    measure("cycles", (row) => row.cycles, count, least, whole),
    measure("time (ms)", (row) => scaledBy(row.seconds, 1e-3), significant, least, whole),
    measure("TOPS", (row) => row.tops, significant, most, whole),
    measure("utilization (%)", (row) => (row.utilization === null ? null : 100 * row.utilization), (value) => (value === null ? NONE : fixed(value, 1)), most, whole),
    measure("DRAM/MAC (words)", (row) => row.dram_words_per_mac, significant, least, whole),
  ];
  if (rows.some((row) => row.infeasible !== "")) {
    columns.push({ label: "no mapping", value: (row) => row.infeasible, text: (row) => row.infeasible || NONE, isText: true });
  }
  return new Grid(caption, columns, rows);
}

function layerGrid(report) {
  const rows = report.rows(report.layers);
  const unit = report.group.unit;
  const [factor, scaled] = energyScale(rows.map((row) => row.energy), unit);
  const link = (row) => report.address(row.machine, row.layer);
  const value = (name, by = 1) => (row) => (row[name] === null ? null : row[name] / by);
  const decimal = (number) => (number === null ? NONE : fixed(number, 1));
  const gap = (number) => (number === null ? NONE : number === 0 ? "proven" : String(Number(number.toPrecision(2))));
  return new Grid(`${report.group.network}: one execution of each layer on each machine`, [
    { label: "layer", value: (row) => row.layer, text: (row) => row.layer, isText: true, link },
    { label: "machine", value: (row) => row.machine, text: (row) => row.machine, isText: true },
    measure("times", value("repeat"), count),
    measure("MACs", value("macs"), count),
    measure(`energy (${scaled})`, value("energy", factor), significant),
    measure(`energy/MAC (${unit})`, value("energy_per_mac"), significant),
    measure("cycles", value("cycles"), count),
    measure("TOPS", value("tops"), significant),
    measure("utilization (%)", value("utilization", 0.01), decimal),
    measure("DRAM/MAC (words)", value("dram_words_per_mac"), significant),
    { label: "bound by", value: (row) => row.bound_by || row.status, text: (row) => row.bound_by || row.status, isText: true },
    measure("gap (%)", value("gap", 0.01), gap),
  ], rows);
}

/* A figure with a heading, choices of its own and a box to draw in; drawn again when it changes or its width does. */
function figureBox(report, heading, choices, draw) {
  const title = element("h3", {}, heading);
  const box = element("div", { class: "drawing" });
  const bar = element("div", { class: "controls choices" });
  const again = () => {
    clear(bar, ...choices());
    draw(box, title);
  };
  report.watch(again);
  let width = 0;
  new ResizeObserver(() => {
    if (Math.abs(box.clientWidth - width) > 8) {
      width = box.clientWidth;
      draw(box, title);
    }
  }).observe(box);
  return { element: element("figure", { class: "figure" }, title, bar, box), again };
}
