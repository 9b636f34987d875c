"use strict";
/* The viewer: its parts drawn at a position (frames done so far). */
accelsim.register("viewer", (function () {
  const { Recording, ArrayPicture, TensorPicture, Player, text, views } = accelsim.viewer;
  const element = accelsim.element;

  class Viewer {
    constructor(root, data) {
      this.root = root;
      this.recording = new Recording(data);
      this.selected = 0;
      this.part = (name) => root.querySelector(`.part-${name}`);
      this.build();
      this.listen();
      this.player = new Player(root, this.recording.frames, (done) => this.show(done));
      this.player.go(1);
    }

    build() {
      const recording = this.recording;
      const nest = text.nest(recording, (loop, direction) => this.jump(loop, direction));
      this.lines = nest.lines;
      this.part("nest").append(nest.list);
      this.boxes = text.levels(recording);
      this.part("levels").append(...this.boxes.map((each) => each.box));
      this.array = new ArrayPicture(recording, (cell) => this.select(cell));
      this.part("array").append(this.array.svg);
      this.pictures = recording.tensors.map((_, tensor) => new TensorPicture(recording, tensor));
      this.part("tensors").append(
        ...this.pictures.map((picture, i) => {
          const color = element("span", { class: "swatch", style: `background:${recording.tensors[i].color}` });
          const shape = recording.tensors[i].ranks.filter((rank) => rank.size > 1);
          const title = element("h4", {}, color, recording.tensors[i].name);
          const size = element("p", { class: "quiet" }, shape.map((rank) => `${rank.name} ${rank.size}`).join(" \u00d7 "));
          return element("div", {}, title, size, picture.svg, picture.list);
        })
      );
      this.counts = [...this.root.querySelectorAll("[data-counters]")].map((cell) => ({
        cell,
        now: cell.querySelector(".now"),
        counters: cell.dataset.counters.split(",").filter((each) => each !== "").map(Number),
        reported: Number(cell.dataset.reported),
      }));
    }

    listen() {
      for (const name of ["row", "column"]) {
        this.part(name).addEventListener("input", () => this.pick());
      }
    }

    jump(loop, direction) {
      this.player.go(this.recording.boundary(this.player.done - 1, loop, direction) + 1);
    }

    pick() {
      const grid = this.recording.grid;
      const row = Math.min(Math.max(Number(this.part("row").value) || 1, 1), grid.shownRows);
      const column = Math.min(Math.max(Number(this.part("column").value) || 1, 1), grid.shownColumns);
      this.select((row - 1) * grid.shownColumns + column - 1);
    }

    select(cell) {
      const columns = this.recording.grid.shownColumns;
      this.selected = cell;
      this.part("row").value = Math.floor(cell / columns) + 1;
      this.part("column").value = (cell % columns) + 1;
      this.player.moveTo(this.player.done);
    }

    /* Draws everything at a position; returns where that is, in words. */
    show(done) {
      const recording = this.recording;
      const frame = done - 1;
      text.drawNest(recording, this.lines, frame);
      text.drawLevels(recording, this.boxes, frame);
      const working = this.array.draw(frame, this.selected);
      this.pictures.forEach((picture) => picture.draw(frame, this.selected));
      this.fill("cell", text.cell(recording, this.selected, frame));
      this.fill("moves", text.moves(recording, frame));
      this.drawCounts(done);
      const grid = recording.grid;
      const drawn = grid.macs.length < grid.rows * grid.columns ? " of those drawn" : "";
      const busy = `${accelsim.count(working)} MACs${drawn} work.`;
      return frame < 0 ? text.where(recording, frame) : `${text.where(recording, frame)} ${busy}`;
    }

    fill(name, lines) {
      this.part(name).replaceChildren(...lines.map((line) => element("li", {}, line)));
    }

    drawCounts(done) {
      const totals = this.recording.counts(done);
      for (const { cell, now, counters, reported } of this.counts) {
        const sum = counters.reduce((total, counter) => total + totals[counter], 0);
        now.textContent = accelsim.count(sum);
        cell.classList.toggle("full", sum === reported);
      }
    }
  }

  return (root, data) => views.push(new Viewer(root, data));
})());
