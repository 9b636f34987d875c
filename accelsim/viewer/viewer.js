"use strict";
/* The viewer: its parts drawn at a position (frames done so far), and the controls that move it. */
accelsim.register("viewer", (function () {
  const { Recording, ArrayPicture, TensorPicture, text, views } = accelsim.viewer;
  const element = accelsim.element;

  class Viewer {
    constructor(root, data) {
      this.root = root;
      this.recording = new Recording(data);
      this.done = 0;
      this.selected = 0;
      this.timer = null;
      this.part = (name) => root.querySelector(`.part-${name}`);
      this.build();
      this.listen();
      this.show(1);
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
      const on = (name, event, act) => this.part(name).addEventListener(event, act);
      on("start", "click", () => this.go(0));
      on("back", "click", () => this.go(this.done - 1));
      on("play", "click", () => (this.timer === null ? this.play() : this.pause()));
      on("forward", "click", () => this.go(this.done + 1));
      on("end", "click", () => this.go(this.recording.frames));
      on("scrub", "input", (event) => this.go(Number(event.target.value)));
      on("row", "input", () => this.pick());
      on("column", "input", () => this.pick());
      on("speed", "change", () => {
        if (this.timer !== null) {
          this.pause();
          this.play();
        }
      });
    }

    /* Moves to a position and stays there. */
    go(done) {
      this.pause();
      this.show(done);
    }

    jump(loop, direction) {
      this.go(this.recording.boundary(this.done - 1, loop, direction) + 1);
    }

    play() {
      if (this.done >= this.recording.frames) {
        this.show(0);
      }
      this.timer = window.setInterval(() => {
        this.show(this.done + 1);
        if (this.done >= this.recording.frames) {
          this.pause();
        }
      }, 1000 / Number(this.part("speed").value));
      this.part("play").textContent = "Pause";
      this.part("status").setAttribute("aria-live", "off");
    }

    pause() {
      if (this.timer !== null) {
        window.clearInterval(this.timer);
        this.timer = null;
        this.part("play").textContent = "Play";
        this.part("status").setAttribute("aria-live", "polite");
      }
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
      this.show(this.done);
    }

    show(done) {
      const recording = this.recording;
      this.done = Math.min(Math.max(done, 0), recording.frames);
      const frame = this.done - 1;
      text.drawNest(recording, this.lines, frame);
      text.drawLevels(recording, this.boxes, frame);
      const working = this.array.draw(frame, this.selected);
      this.pictures.forEach((picture) => picture.draw(frame, this.selected));
      this.part("cell").replaceChildren(...text.cell(recording, this.selected, frame).map((line) => element("li", {}, line)));
      const moves = text.moves(recording, frame);
      this.part("moves").replaceChildren(...moves.map((line) => element("li", {}, line)));
      this.drawCounts();
      this.part("scrub").value = this.done;
      this.part("scrub").setAttribute("aria-valuetext", this.where(frame));
      this.part("status").textContent = `${this.where(frame)} ${frame < 0 ? "" : `${working} MACs work.`}`;
      this.part("back").disabled = this.part("start").disabled = this.done === 0;
      this.part("forward").disabled = this.part("end").disabled = this.done === recording.frames;
    }

    where(frame) {
      const all = accelsim.count(this.recording.frames);
      if (frame < 0) {
        return "Before the first step.";
      }
      if (this.recording.isDrain(frame)) {
        return `Frame ${all} of ${all}: the last outputs drain.`;
      }
      const loops = this.recording.nest.filter((line) => line.time !== undefined && line.time < this.recording.loops);
      const time = this.recording.time(frame);
      const at = loops.map((line) => `${line.dim.toLowerCase()} ${time[line.time] + 1} of ${line.trips}`).join(", ");
      return `Frame ${accelsim.count(frame + 1)} of ${all}: ${at || "the only step"}.`;
    }

    drawCounts() {
      const totals = this.recording.counts(this.done);
      for (const { cell, now, counters, reported } of this.counts) {
        const sum = counters.reduce((total, counter) => total + totals[counter], 0);
        now.textContent = accelsim.count(sum);
        cell.classList.toggle("full", sum === reported);
      }
    }
  }

  return (root, data) => views.push(new Viewer(root, data));
})());
