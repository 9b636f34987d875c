"use strict";
/* The array: a cell per MAC with what it holds of each tensor, and the words that come and go in a frame. */
accelsim.viewer.ArrayPicture = (function () {
  const element = accelsim.element;
  const LEFT = 8;
  const TOP = 30;

  /* A colour thinned with white: share 1 is the colour itself. */
  function thinned(color, share) {
    const parts = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    return `rgb(${parts.map((part) => Math.round(255 - (255 - part) * share)).join(",")})`;
  }

  function sizes(grid) {
    const width = Math.max(11, Math.min(96, Math.floor(640 / grid.shownColumns)));
    const height = Math.max(12, Math.min(66, Math.floor(480 / grid.shownRows)));
    return { width, height, gap: width > 30 ? 4 : 1 };
  }

  /* What a tile has that the one before it lacked, where they differ along one rank; else all of it. */
  function added(now, before) {
    if (before === null) {
      return now;
    }
    const apart = now.map((_, i) => i).filter((i) => now[i][0] !== before[i][0] || now[i][1] !== before[i][1]);
    if (apart.length !== 1) {
      return now;
    }
    const [[low, high], [first, last]] = [now[apart[0]], before[apart[0]]];
    const part = high > last ? [Math.max(low, last + 1), high] : [low, Math.min(high, first - 1)];
    return now.map((range, i) => (i === apart[0] ? part : range));
  }

  const covers = (tile, part) => part.every(([low, high], i) => tile[i][0] <= low && high <= tile[i][1]);

  const key = (ranges) => (ranges === null ? "" : ranges.map((range) => range.join("-")).join(","));

  class ArrayPicture {
    constructor(recording, select) {
      this.recording = recording;
      this.places = recording.shownPlaces();
      this.size = sizes(recording.grid);
      this.hasText = this.size.width >= 44 && this.size.height >= 40;
      const width = 2 * LEFT + recording.grid.shownColumns * this.size.width;
      const height = TOP + 6 + recording.grid.shownRows * this.size.height;
      this.svg = element("svg:svg", { viewBox: `0 0 ${width} ${height}`, role: "img", width });
      this.svg.setAttribute("class", this.size.height < 40 ? "array small" : "array");
      this.net = element("svg:g", { class: "net", "aria-hidden": "true" });
      this.cells = recording.grid.macs.map((_, cell) => this.makeCell(cell, select));
      this.svg.append(...this.cells.map((cell) => cell.group), this.net);
    }

    corner(cell) {
      const columns = this.recording.grid.shownColumns;
      return [LEFT + (cell % columns) * this.size.width, TOP + Math.floor(cell / columns) * this.size.height];
    }

    makeCell(cell, select) {
      const [x, y] = this.corner(cell);
      const width = this.size.width - this.size.gap;
      const height = this.size.height - this.size.gap;
      const frame = element("svg:rect", { x, y, width, height, class: "pe" });
      const band = height / this.places.length;
      const bands = this.places.map((place, i) => {
        const rect = element("svg:rect", { x: x + 1, y: y + i * band + 1, width: width - 2, height: band - 2 });
        const text = element("svg:text", { x: x + 4, y: y + i * band + band / 2 + 3.5 });
        return { rect, text };
      });
      const load = element("svg:rect", { x, y: y + height - 2, width: 0, height: 2, class: "load" });
      const group = element("svg:g", { class: "cell" }, frame, ...bands.map((b) => b.rect), ...bands.map((b) => b.text), load);
      group.addEventListener("click", () => select(cell));
      return { group, frame, bands, load };
    }

    draw(frame, selected) {
      this.places.forEach((place, i) => this.drawTensor(place, i, frame));
      let working = 0;
      let most = 1;
      const macs = this.cells.map((_, cell) => this.recording.macs(cell, frame));
      macs.forEach((n) => {
        most = Math.max(most, n);
        working += n > 0 ? 1 : 0;
      });
      this.cells.forEach((cell, i) => {
        cell.frame.setAttribute("class", `pe${macs[i] > 0 ? " works" : " idle"}${i === selected ? " selected" : ""}`);
        if (!this.recording.everyStep) {
        cell.load.setAttribute("width", (macs[i] / most) * (this.size.width - this.size.gap));
      }
      });
      this.drawNet(frame);
      const grid = this.recording.grid;
      this.svg.setAttribute(
        "aria-label",
        `Array of ${grid.rows} by ${grid.columns} MACs; ${working} of the ${this.cells.length} drawn work in this frame`
      );
      return working;
    }

    drawTensor(place, i, frame) {
      const tensor = this.recording.tensors[this.recording.places[place].tensor];
      const isKept = this.recording.places[place].level !== "";
      const now = this.cells.map((_, cell) => this.recording.content(place, cell, frame));
      const shades = new Map();
      now.forEach((ranges) => ranges !== null && !shades.has(key(ranges)) && shades.set(key(ranges), shades.size + 1));
      this.cells.forEach((cell, at) => {
        const { rect, text } = cell.bands[i];
        const ranges = now[at];
        const before = frame > 0 ? this.recording.content(place, at, frame - 1) : null;
        const isNew = ranges !== null && key(ranges) !== key(before);
        rect.setAttribute("class", `band${isKept ? " kept" : " passing"}${isNew ? " new" : ""}`);
        rect.setAttribute(
          "fill",
          ranges === null ? "none" : thinned(tensor.color, 0.25 + (0.75 * shades.get(key(ranges))) / shades.size)
        );
        if (this.hasText) {
          text.textContent = ranges === null ? "" : this.brief(ranges, this.recording.places[place].tensor);
        }
      });
    }

    /* Indices along the ranks that are longer than one, as short as a cell needs it. */
    brief(ranges, tensor) {
      const ranks = this.recording.tensors[tensor].ranks;
      const name = this.recording.tensors[tensor].name[0];
      const parts = ranges.filter((_, i) => ranks[i].size > 1).map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`));
      const room = Math.floor((this.size.width - 10) / 5.4);
      const whole = [name, ...parts].join(" ");
      while (parts.length > 0 && [name, ...parts].join(" ").length + 2 > room) {
        parts.pop();
      }
      return whole.length <= room ? whole : [name, ...parts, "\u2026"].join(" ");
    }

    drawNet(frame) {
      this.net.replaceChildren();
      if (frame < 0) {
        return;
      }
      this.places.forEach((place, i) => {
        const tensor = this.recording.places[place].tensor;
        const isOutput = tensor === this.recording.tensors.length - 1;
        const taking = this.taking(place, frame);
        const handed = this.handedOn(place, taking, frame);
        this.drawPaths(this.groups(taking.filter((cell) => !handed.has(cell)), place, frame), i, false);
        this.drawHandovers(handed, i);
        if (isOutput) {
          this.drawPaths(this.groups(this.giving(place, frame), place, frame), i, true);
        }
      });
    }

    /* Cells whose instance takes words in from outside. */
    taking(place, frame) {
      const record = this.recording.places[place];
      const isOutput = record.tensor === this.recording.tensors.length - 1;
      return this.cells.map((_, cell) => cell).filter((cell) => {
        if (record.level !== "") {
          return this.recording.note("fills", place, this.recording.cells[place][cell], frame) > 0;
        }
        return !isOutput && this.recording.element(record.tensor, cell, frame) !== null;
      });
    }

    /* Where neighbours forward: per cell, the nearest that held before what is new in it. */
    handedOn(place, cells, frame) {
      const handed = new Map();
      if (frame < 1 || !this.recording.everyStep || !this.recording.places[place].network.includes("forwarding")) {
        return handed;
      }
      const columns = this.recording.grid.shownColumns;
      const before = this.cells.map((_, cell) => this.recording.content(place, cell, frame - 1));
      const away = (a, b) => Math.abs((a % columns) - (b % columns)) + Math.abs(Math.floor(a / columns) - Math.floor(b / columns));
      for (const cell of cells) {
        const part = added(this.recording.content(place, cell, frame), before[cell]);
        const near = before.map((_, i) => i).filter((i) => i !== cell && before[i] !== null && covers(before[i], part));
        if (near.length > 0) {
          handed.set(cell, near.reduce((best, i) => (away(i, cell) < away(best, cell) ? i : best)));
        }
      }
      return handed;
    }

    drawHandovers(handed, band) {
      const color = this.recording.tensors[this.recording.places[this.places[band]].tensor].color;
      const lines = [...handed].map(([cell, from]) => {
        const [[x, y], [left, top]] = [this.center(cell, band), this.center(from, band)];
        return `M${left.toFixed(1)} ${top.toFixed(1)}L${x.toFixed(1)} ${y.toFixed(1)}`;
      });
      const dots = [...handed.keys()].map((cell) => `M${this.center(cell, band).map((at) => at.toFixed(1)).join(" ")}h0`);
      if (lines.length > 0) {
        this.net.append(
          element("svg:path", { d: lines.join(""), stroke: color, class: "wire hand" }),
          element("svg:path", { d: dots.join(""), stroke: color, class: "dots" })
        );
      }
    }

    /* The middle of a cell's band. */
    center(cell, band) {
      const [x, y] = this.corner(cell);
      const height = (this.size.height - this.size.gap) / this.places.length;
      return [x + (this.size.width - this.size.gap) / 2, y + (band + 0.5) * height];
    }

    giving(place, frame) {
      return this.cells.map((_, cell) => cell).filter((cell) => {
        if (this.recording.places[place].level !== "") {
          return this.recording.note("drains", place, this.recording.cells[place][cell], frame) > 0;
        }
        return this.recording.element(this.recording.places[place].tensor, cell, frame) !== null;
      });
    }

    /* Cells by what they hold: those that hold the same get the same words, or give sums of the same outputs. */
    groups(cells, place, frame) {
      const groups = new Map();
      for (const cell of cells) {
        const before = frame > 0 ? this.recording.content(place, cell, frame - 1) : null;
        const name = key(this.recording.content(place, cell, frame) || before);
        groups.set(name, [...(groups.get(name) || []), cell]);
      }
      return [...groups.values()];
    }

    drawPaths(groups, band, isOut) {
      if (groups.length === 0) {
        return;
      }
      const color = this.recording.tensors[this.recording.places[this.places[band]].tensor].color;
      const lines = [];
      const dots = [];
      for (const group of groups) {
        const points = group.map((cell) => this.center(cell, band));
        const mean = (axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
        const [middle, level] = [(mean(0) + (band - 1) * 4).toFixed(1), mean(1).toFixed(1)];
        lines.push(`M${middle} 2V${level}`);
        for (const [x, y] of points) {
          lines.push(`M${middle} ${level}L${x.toFixed(1)} ${y.toFixed(1)}`);
          if (!isOut) {
            dots.push(`M${x.toFixed(1)} ${y.toFixed(1)}h0`);
          }
        }
        if (isOut) {
          dots.push(`M${middle} 3h0`);
        }
      }
      const kind = isOut ? "wire out" : "wire in";
      this.net.append(
        element("svg:path", { d: lines.join(""), stroke: color, class: kind }),
        element("svg:path", { d: dots.join(""), stroke: color, class: "dots" })
      );
    }
  }

  return ArrayPicture;
})();
