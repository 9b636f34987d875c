/* The charts of the page; they draw the rows of the figures for print. */
const MACHINE_FIGURES = {
  energy_by_level: { label: "energy per MAC by level", part: "level", value: "energy_per_mac", axis: (unit) => `energy per MAC (${unit === "pJ" ? "pJ" : "MAC = 1"})` },
  energy_by_tensor: { label: "energy per MAC by tensor", part: "tensor", value: "energy_per_mac", axis: (unit) => `energy per MAC (${unit === "pJ" ? "pJ" : "MAC = 1"})` },
  latency: { label: "time by what it is spent on", part: "part", value: "milliseconds", axis: () => "time (ms)" },
  losses: { label: "utilization and what it is lost to", part: "step", axis: () => "MAC units x cycles (%)" },
  reuse: { label: "reuse of a tensor by place", part: "place", axis: () => "uses per distinct word (MACs per word)" },
};
const LAYER_MEASURES = {
  energy_at_: "energy by level", energy_of_: "energy by tensor", cycles: "cycles, compute and waiting",
  utilization: "utilization",
};

/* One index per name, the same in every chart, so that a level keeps its colour. */
function indexer(report) {
  const indices = new Map();
  const index = (name) => {
    if (!indices.has(name)) indices.set(name, indices.size);
    return indices.get(name);
  };
  report.data.machines.forEach((machine) => machine.components.forEach(index));
  const tensors = new Map(report.data.tensors.map((name, i) => [name, report.data.series + i]));
  return (name) => (tensors.has(name) ? tensors.get(name) : index(name) % report.data.series);
}

function machineChart(report, indexOf) {
  let name = "energy_by_level";
  let tensor = null;
  const tensors = () => [...new Set(report.figure("reuse").map((row) => row.tensor))];
  const figure = figureBox(
    report, "Machines",
    () => {
      const pick = (value) => {
        name = value;
        figure.again();
      };
      const known = Object.entries(MACHINE_FIGURES).map(([key, kind]) => [key, kind.label]);
      const made = [choice("Show", known, name, pick)];
      if (name === "reuse") {
        if (!tensors().includes(tensor)) [tensor = null] = tensors();
        made.push(choice("of", tensors().map((one) => [one, one]), tensor, (value) => {
          tensor = value;
          figure.again();
        }));
      }
      return made;
    },
    (box) => barChart(box, machineBars(report, indexOf, name, tensor))
  );
  return figure.element;
}

function machineBars(report, indexOf, name, tensor) {
  const kind = MACHINE_FIGURES[name];
  const rows = report.figure(name).filter((row) => name !== "reuse" || row.tensor === tensor);
  const machines = [...new Set(rows.map((row) => row.machine))];
  const bars = machines.map((machine) => {
    const mine = rows.filter((row) => row.machine === machine);
    const parts = partsOf(name, kind, mine, indexOf);
    const told = parts.map((part) => `${part.name} ${significant(part.told)}`).join(", ");
    const lacking = mine[0].infeasible ? mine[0].infeasible.split(" ").length : 0;
    const note = lacking ? `${lacking} of ${mine[0].layers} layers infeasible` : "";
    const words = `${machine}: ${note || told} (${kind.axis(report.group.unit)})`;
    return { label: machine, parts, words, note, isChosen: machine === report.chosen.machine, pick: () => report.go(machine) };
  });
  const high = name === "losses" ? 100 : null;
  return { title: kind.label, axis: kind.axis(report.group.unit), bars, log: name === "reuse", high };
}

function partsOf(name, kind, rows, indexOf) {
  let base = name === "reuse" ? 1 : 0;
  const parts = [];
  const steps = name === "losses" ? rows.slice(1).reverse() : rows;
  steps.forEach((row) => {
    if (row[kind.part] === null) return;
    const value = name === "losses" ? row.to_percent - row.from_percent : name === "reuse" ? row.reuse : row[kind.value];
    if (!value || (name === "reuse" && value === 1)) return;
    const top = name === "reuse" ? base * value : base + value;
    parts.push({ name: row[kind.part], index: indexOf(row[kind.part]), low: Math.min(base, top), high: Math.max(base, top), told: value });
    base = top;
  });
  return parts;
}

function layerChart(report, indexOf) {
  let measureName = "energy_at_";
  const figure = figureBox(
    report, "Layers",
    () => {
      const machines = report.groupMachines().filter((machine) => !report.hidden.has(machine.name));
      const pick = (value) => {
        measureName = value;
        figure.again();
      };
      return [
        choice("Show", Object.entries(LAYER_MEASURES), measureName, pick),
        choice("on", machines.map((machine) => [machine.name, machine.name]), report.machine, (value) => report.go(value)),
      ];
    },
    (box, title) => {
      title.textContent = `Layers of ${report.group.network} on ${report.machine ?? "no machine"}`;
      barChart(box, layerBars(report, indexOf, measureName));
    }
  );
  return figure.element;
}

function layerBars(report, indexOf, measureName) {
  const rows = report.rows(report.layers).filter((row) => row.machine === report.machine && (row.macs > 0 || measureName !== "utilization"));
  const [factor, scaled] = energyScale(rows.map((row) => row.energy), report.group.unit);
  const axis = measureName === "cycles" ? "cycles" : measureName === "utilization" ? "utilization (%)" : `energy of one execution (${scaled})`;
  const bars = rows.map((row) => {
    let base = 0;
    const parts = layerParts(row, measureName, factor).map(([name, value]) => {
      base += value;
      return { name, index: indexOf(name), low: base - value, high: base, told: value };
    });
    const told = parts.map((part) => `${part.name} ${significant(part.told)}`).join(", ");
    const note = row.status === "infeasible" ? "infeasible" : "";
    return {
      label: row.layer, parts, note, words: `${row.layer}: ${note || told} (${axis})`,
      isChosen: row.layer === report.chosen.layer && row.machine === report.chosen.machine, pick: () => report.go(row.machine, row.layer),
    };
  });
  return { title: LAYER_MEASURES[measureName], axis, bars, high: measureName === "utilization" ? 100 : null };
}

function layerParts(row, measureName, factor) {
  if (row.status === "infeasible") return [];
  if (measureName === "utilization") return [["achieved", 100 * row.utilization]];
  if (measureName === "cycles") return [["compute", row.compute_cycles], [`waiting for the ${row.bound_by}`, row.cycles - row.compute_cycles]].filter((pair) => pair[1] > 0);
  const found = Object.entries(row).filter(([name, value]) => name.startsWith(measureName) && value);
  return found.map(([name, value]) => [name.slice(measureName.length), value / factor]);
}

function pointFigure(report, indexOf) {
  let what = "pareto";
  const levels = () => [...new Set(report.figure("roofline_levels").map((row) => row.level))];
  const figure = figureBox(
    report, "Limits and trade-offs",
    () => {
      const entries = [["pareto", "energy against time"], ...levels().map((level) => [level, `roofline at ${level}`])];
      return [choice("Show", entries, what, (value) => {
        what = value;
        figure.again();
      })];
    },
    (box) => pointChart(box, what === "pareto" || !levels().includes(what) ? paretoPoints(report) : rooflinePoints(report, what))
  );
  return figure.element;
}

function orderOf(report, machine) {
  return report.groupMachines().findIndex((one) => one.name === machine);
}

function paretoPoints(report) {
  const rows = report.rows(report.summary).filter((row) => row.energy !== null && row.infeasible === "");
  const [factor, scaled] = energyScale(rows.map((row) => row.energy), report.group.unit);
  const points = rows.map((row) => ({
    x: 1e3 * row.seconds, y: row.energy / factor, series: row.machine, index: orderOf(report, row.machine),
    words: `${row.machine}: ${significant(1e3 * row.seconds)} ms, ${significant(row.energy / factor)} ${scaled}`,
    isChosen: row.machine === report.chosen.machine, pick: () => report.go(row.machine),
  }));
  const best = points
    .filter((point) => !points.some((other) => other.x <= point.x && other.y <= point.y && (other.x < point.x || other.y < point.y)))
    .sort((one, other) => one.x - other.x);
  const stairs = best.flatMap((point, i) => (i === 0 ? [[point.x, point.y]] : [[point.x, best[i - 1].y], [point.x, point.y]]));
  return {
    title: "energy against time", xAxis: "time (ms)", yAxis: `energy (${scaled})`, points, logX: wide(points.map((point) => point.x)),
    logY: wide(points.map((point) => point.y)), lines: stairs.length ? [{ name: "front, which no machine beats in both", points: stairs }] : [],
  };
}

const wide = (values) => values.length > 0 && Math.max(...values) > 20 * Math.min(...values);

function rooflinePoints(report, level) {
  const rows = report.figure("roofline_levels").filter((row) => row.level === level && row.operations_per_byte && row.throughput_tops);
  const points = rows.map((row) => ({
    x: row.operations_per_byte, y: row.throughput_tops, series: row.machine, index: orderOf(report, row.machine),
    words: `${row.layer} on ${row.machine}: ${significant(row.throughput_tops)} TOPS at ${significant(row.operations_per_byte)} operations per byte`,
    isChosen: row.machine === report.chosen.machine && (report.chosen.layer === null || row.layer === report.chosen.layer),
    pick: () => report.go(row.machine, row.layer),
  }));
  const roofs = new Map();
  rows.forEach((row) => {
    const key = `${row.peak_tops} ${row.gigabytes_per_second}`;
    roofs.set(key, { row, names: new Set([...(roofs.get(key)?.names ?? []), row.machine]) });
  });
  const xs = points.map((point) => point.x);
  const lines = [...roofs.values()].map(({ row, names }, i) => roof(row, [...names], i, Math.min(...xs) / 2, Math.max(...xs) * 2));
  return {
    title: `roofline at ${level}`, xAxis: `operations per byte of ${level} (1 MAC = 2 operations)`, yAxis: "throughput (TOPS)",
    points, lines, logX: true, logY: true,
  };
}

function roof(row, names, index, low, high) {
  const { peak_tops: peak, gigabytes_per_second: rate } = row;
  const who = names.length > 4 ? `${names.length} machines` : names.join(", ");
  if (rate === null) return { name: `${who}: ${significant(peak, 3)} TOPS, bandwidth not stated`, index, points: [[low, peak], [high, peak]] };
  const corner = (peak * 1e3) / rate;
  const start = Math.min(low, corner / 2);
  return {
    name: `${who}: ${significant(peak, 3)} TOPS, ${significant(rate, 3)} GB/s`, index,
    points: [[start, (rate * start) / 1e3], [corner, peak], [Math.max(high, corner * 2), peak]],
  };
}
