/* The way down: network, machine, layer, level, and the loop nest; each with its reasons. */
function plainTable(caption, heads, rows) {
  const isNumber = heads.map((_, i) => i > 0 && rows.every((row) => /^[-+\d]/.test(row[i]) || row[i] === NONE || row[i] === ""));
  const cell = (text, i) => element(i === 0 ? "th" : "td", { class: isNumber[i] ? "number" : null, scope: i === 0 ? "row" : null }, text);
  const table = element(
    "table", {}, element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...heads.map((head, i) => element("th", { scope: "col", class: isNumber[i] ? "number" : null }, head)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell))))
  );
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, table);
}

function detail(report, box) {
  report.watch(() => {
    const { machine, layer } = report.chosen;
    const row = machine !== null && layer !== null ? report.layer(machine, layer) : undefined;
    const parts = machine === null ? [element("p", { class: "quiet" }, "Choose a machine or a layer in a chart or a table.")]
      : row === undefined ? machineDetail(report, machine) : layerDetail(report, row);
    clear(box, crumbs(report), ...parts);
  });
}

function crumbs(report) {
  const { machine, layer, level } = report.chosen;
  const path = [machine, layer, level].filter((step) => step !== null);
  const steps = [report.group.network, ...path].map((name, i, all) => {
    const here = i === all.length - 1;
    const link = element("a", { href: report.address(...path.slice(0, i)), "aria-current": here ? "page" : null }, name);
    return element("li", {}, link);
  });
  return element("nav", { "aria-label": "Where this is", class: "crumbs" }, element("ol", {}, ...steps));
}

function machineDetail(report, name) {
  const machine = report.machines.get(name);
  const rows = report.layers.filter((row) => row.network === report.group.network && row.machine === name);
  const [factor, scaled] = energyScale(rows.map((row) => row.energy), machine.unit);
  const list = rows.map((row) => [
    element("a", { href: report.address(name, row.layer) }, row.layer), row.status === "infeasible" ? "infeasible" : significant(row.energy / factor),
    count(row.cycles), row.bound_by || NONE,
  ]);
  return [
    element("h3", {}, name), element("p", {}, machine.description),
    plainTable(`layers of ${report.group.network} on ${name}`, ["layer", `energy (${scaled})`, "cycles", "bound by"], list),
  ];
}

function layerDetail(report, row) {
  const heading = element("h3", {}, `${row.layer} on ${row.machine}`);
  if (row.status === "infeasible") return [heading, element("p", { class: "notice" }, `No mapping: ${row.reason}`), elsewhere(report, row)];
  const found = row.detail;
  const parts = [heading, headline(row), elsewhere(report, row)];
  if (found.why.length) parts.push(element("h4", {}, "Why"), element("ul", {}, ...found.why.map((sentence) => element("li", {}, sentence))));
  parts.push(energies(row, found));
  if (found.memories.length) parts.push(memories(report, row, found));
  if (found.times.length) parts.push(times(row, found));
  if (found.what_ifs.length) parts.push(whatIfs(report, found));
  parts.push(levels(report, row, found));
  if (found.nest) parts.push(nest(report, row, found));
  if (found.certificate) parts.push(element("h4", {}, "How sure"), element("p", {}, found.certificate));
  return parts;
}

function headline(row) {
  const unit = row.energy_unit;
  const [factor, scaled] = energyScale([row.energy], unit);
  const pairs = [["energy", `${significant(row.energy / factor)} ${scaled}`]];
  if (row.macs) pairs.push(["energy per MAC", `${significant(row.energy_per_mac)} ${unit}`], ["MACs", count(row.macs)]);
  else pairs.push(["operations", count(row.vector_operations)]);
  pairs.push(["cycles", `${count(row.cycles)}, bound by ${row.bound_by}`], ["time", `${significant(1e3 * row.seconds)} ms`]);
  if (row.macs) {
    pairs.push(["throughput", `${significant(row.tops)} TOPS`]);
    const shares = `spatial ${percent(row.utilization_spatial)} x ragged ${percent(row.utilization_ragged)} x bandwidth ${percent(row.utilization_bandwidth)}`;
    pairs.push(["utilization", `${percent(row.utilization)} % (${shares})`]);
  }
  pairs.push(["in the network", `${count(row.repeat)} ${row.repeat === 1 ? "time" : "times"}`], ["convention", row.convention]);
  return element("dl", { class: "pairs" }, ...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

/* The same layer on the other machines of its kind. */
function elsewhere(report, row) {
  const others = report.rows(report.layers).filter((other) => other.layer === row.layer);
  const text = (other) => (other.status === "infeasible" ? "infeasible" : significant(other.energy_per_mac ?? other.energy));
  const items = others.map((other) =>
    element("li", {}, element("a", { href: report.address(other.machine, other.layer), "aria-current": other.machine === row.machine ? "true" : null }, other.machine), ` ${text(other)}`)
  );
  const what = row.macs ? `energy per MAC (${row.energy_unit})` : `energy (${row.energy_unit})`;
  return element("div", {}, element("h4", {}, `On every machine, ${what}`), element("ul", { class: "inline" }, ...items));
}

function energies(row, found) {
  const [factor, scaled] = energyScale([row.energy], row.energy_unit);
  const rows = found.energies.filter((part) => part[3]).map(([component, , tensor, energy, once]) => [
    component, tensor || NONE, significant(energy / factor), percent(energy / row.energy),
    once === null ? NONE : significant(once / factor), once ? significant(energy / once, 3) : NONE,
  ]);
  const all = found.energies.reduce((sum, part) => sum + part[3], 0);
  rows.push(["all", "", significant(all / factor), "100.0", "", ""]);
  const heads = ["component", "tensor", `energy (${scaled})`, "share (%)", `each word once (${scaled})`, "times as much"];
  return element("div", {}, element("h4", {}, "Where the energy goes"), plainTable("energy, and what it would be if every word passed once", heads, rows));
}

function memories(report, row, found) {
  const rows = found.memories.map(([level, partition, tiles, need, capacity, next, state]) => {
    const bar = svg("svg", { viewBox: "0 0 120 12", width: 120, height: 12, role: "img", "aria-label": `${percent(need / capacity)} % used` });
    bar.append(svg("rect", { width: 120, height: 12, class: "trough" }), svg("rect", { width: Math.min(120, (120 * need) / capacity), height: 12, class: "filled" }));
    const words = tiles.map(([tensor, size]) => `${tensor} ${count(size)}`).join(" + ") || NONE;
    return [`${level} ${partition}`.trim(), words, count(need), count(capacity), percent(need / capacity), bar, state, next === null ? NONE : count(next)];
  });
  const heads = ["memory", "tiles (words)", "taken (words)", "capacity (words)", "used (%)", "", "state", "next larger tile needs (words)"];
  return element("div", {}, element("h4", {}, "Tiles against capacity, per instance"), plainTable("full: no tile can grow by the next factor; slack: some could; whole: nothing is left to grow", heads, rows));
}

function times(row, found) {
  const rows = [["all MAC units always busy", found.ideal], ...found.times].map(([what, cycles]) => [what, count(cycles), percent(cycles / row.cycles)]);
  return element("div", {}, element("h4", {}, "What limits the time"), plainTable("cycles that each would need alone; the slowest counts", ["what", "cycles", "of all (%)"], rows));
}

function whatIfs(report, found) {
  const signed = (share) => {
    const text = fixed(100 * share, 2);
    return Number(text) === 0 ? "0" : share > 0 ? `+${text}` : text;
  };
  const rows = found.what_ifs.map(([what, more, change, atBest, proven]) => [
    what, more, change === null ? "no mapping" : signed(change), proven ? "proven" : signed(atBest),
  ]);
  const caption = `change of ${report.data.objective} with a little more of the machine, each searched again; 'at best' where the search proved no more`;
  return element("div", {}, element("h4", {}, "What more would buy"), plainTable(caption, ["of", "more", "change (%)", "at best (%)"], rows));
}

/* Every count, of the chosen level or network or of all. */
function levels(report, row, found) {
  const { level } = report.chosen;
  const names = report.machines.get(row.machine).components.filter((name) => found.tensors.some((one) => one[0] === name) || found.networks.some((one) => one[0] === name));
  const links = [["all", null], ...names.map((name) => [name, name])].map(([text, name]) => {
    const address = name === null ? report.address(row.machine, row.layer) : report.address(row.machine, row.layer, name);
    return element("li", {}, element("a", { href: address, "aria-current": name === level ? "true" : null }, text));
  });
  const mine = (one) => level === null || one[0] === level;
  const parts = [element("h4", {}, "Levels and networks"), element("ul", { class: "inline" }, ...links)];
  const tensors = found.tensors.filter(mine).map((one) => [one[0], one[1], ...one.slice(2).map(count)]);
  if (tensors.length) parts.push(plainTable("words over all instances", ["level", "tensor", "reads", "fills", "updates", "drains", "distinct", "tile (words)", "instances"], tensors));
  const networks = found.networks.filter(mine).map((one) => [one[0], one[1], ...one.slice(2).map(count)]);
  if (networks.length) parts.push(plainTable("words through the networks", ["network", "tensor", "sent", "delivered"], networks));
  const ports = found.ports.filter(mine).map((one) => [one[0], one[1], ...one.slice(2).map(count)]);
  if (ports.length) parts.push(plainTable("ports of the busiest instance", ["level", "port", "words", "cycles"], ports));
  return element("div", {}, ...parts);
}

/* The loop nest; lines of the chosen level are marked, and names of levels lead to them. */
function nest(report, row, found) {
  const { level } = report.chosen;
  const axes = report.machines.get(row.machine).axes;
  const lines = found.nest.split("\n").map((line) => {
    const keeps = line.match(/^(\s*)(\S+)(  keeps .*)$/);
    const on = line.match(/ on (\S+)$/);
    const isMine = level !== null && ((keeps && keeps[2] === level) || (on && axes[on[1]] === level));
    const text = keeps ? [keeps[1], element("a", { href: report.address(row.machine, row.layer, keeps[2]) }, keeps[2]), keeps[3]] : [line];
    return element("span", { class: isMine ? "line chosen" : "line" }, ...text, "\n");
  });
  const scroll = { class: "nest", tabindex: 0, role: "region", "aria-label": "The loop nest" };
  return element("div", {}, element("h4", {}, "The loop nest"), element("pre", scroll, ...lines));
}
