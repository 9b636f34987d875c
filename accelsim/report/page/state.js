/* What the page shows: its data, what is chosen, and the address that says so. */

/* Columns and rows as objects. */
function records(packed) {
  return packed.rows.map((row) => Object.fromEntries(packed.columns.map((name, i) => [name, row[i]])));
}

class Report {
  constructor(data) {
    this.data = data;
    this.machines = new Map(data.machines.map((machine) => [machine.name, machine]));
    this.groups = data.groups.map((group) => ({
      ...group,
      figures: Object.fromEntries(Object.entries(group.figures).map(([name, packed]) => [name, records(packed)])),
    }));
    this.summary = records(data.summary);
    this.layers = records(data.layers).map((row, i) => ({ ...row, detail: data.details[i] }));
    this.hidden = new Set();
    this.layerText = "";
    this.chosen = { group: 0, machine: null, layer: null, level: null };
    this.watchers = [];
  }

  watch(draw) {
    this.watchers.push(draw);
  }

  changed() {
    this.watchers.forEach((draw) => draw());
  }

  get group() {
    return this.groups[this.chosen.group];
  }

  /* Rows of the chosen network and energy unit that are not filtered away. */
  rows(all) {
    const { network, unit } = this.group;
    return all.filter(
      (row) =>
        row.network === network && row.energy_unit === unit && !this.hidden.has(row.machine) &&
        (row.layer === undefined || row.layer.toLowerCase().includes(this.layerText))
    );
  }

  /* The same of what a figure shows. */
  figure(name) {
    return (this.group.figures[name] || []).filter(
      (row) => !this.hidden.has(row.machine) && (row.layer === undefined || row.layer.toLowerCase().includes(this.layerText))
    );
  }

  groupMachines() {
    return this.data.machines.filter((machine) => machine.unit === this.group.unit);
  }

  /* The machine whose layers are drawn: the chosen one, or the first that is shown. */
  get machine() {
    if (this.chosen.machine !== null) return this.chosen.machine;
    const first = this.groupMachines().find((machine) => !this.hidden.has(machine.name));
    return first === undefined ? null : first.name;
  }

  layer(machine, name) {
    return this.layers.find((row) => row.network === this.group.network && row.machine === machine && row.layer === name);
  }

  address(...path) {
    return `#/${[this.group.network, ...path].map(encodeURIComponent).join("/")}`;
  }

  go(...path) {
    const address = this.address(...path);
    if (location.hash === address) this.changed();
    else location.hash = address;
  }

  /* Choose what the address names; returns whether it names anything. */
  follow(hash) {
    if (!hash.startsWith("#/")) return false;
    let path;
    try {
      path = hash.slice(2).split("/").map(decodeURIComponent);
    } catch {
      return false;
    }
    const [network, machine, layer, level] = path;
    const unit = machine && this.machines.has(machine) ? this.machines.get(machine).unit : this.group.unit;
    const group = this.groups.findIndex((one) => one.network === network && one.unit === unit);
    if (group < 0) return false;
    const known = machine !== undefined && this.machines.has(machine) ? machine : null;
    this.chosen = { group, machine: known, layer: null, level: null };
    const row = known !== null && layer !== undefined ? this.layer(known, layer) : undefined;
    if (row !== undefined) {
      this.chosen.layer = layer;
      this.chosen.level = level !== undefined && this.machines.get(known).components.includes(level) ? level : null;
    }
    this.changed();
    return known !== null;
  }
}
