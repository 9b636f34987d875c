"use strict";
/* The tensors as pictures: a rectangle of their two last ranks, a bar for every other, with the tiles that levels hold. */
accelsim.viewer.TensorPicture = (function () {
  const element = accelsim.element;
  const WIDTH = 230;
  const PLANE = 104;

  class TensorPicture {
    constructor(recording, tensor) {
      this.recording = recording;
      this.tensor = tensor;
      const record = recording.tensors[tensor];
      const wide = record.ranks.map((_, i) => i).filter((i) => record.ranks[i].size > 1);
      this.plane = wide.slice(-2);
      this.bars = wide.slice(0, -2);
      const height = this.frame().y + this.frame().height + 4;
      this.svg = element("svg:svg", { viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, role: "img", class: "tensor" });
      this.marks = element("svg:g", {});
      this.svg.append(this.ground(record), this.marks);
      this.places = recording.places
        .map((place, i) => i)
        .filter((i) => recording.places[i].tensor === tensor && recording.places[i].level !== "");
      this.list = element("ul", { class: "tiles" });
      this.lines = this.places.map(() => element("li", {}));
      this.list.append(...this.lines);
    }

    /* Left, top, width and height of the rectangle: the longer rank is as long as there is room. */
    frame() {
      const ranks = this.plane.map((i) => this.recording.tensors[this.tensor].ranks[i].size);
      const [rows, columns] = ranks.length === 2 ? ranks : [1, ranks[0] || 1];
      const unit = Math.min((WIDTH - 40) / columns, PLANE / rows);
      return {
        x: 30, y: 18 + 16 * this.bars.length, rows, columns,
        width: Math.max(columns * unit, 8), height: Math.max(rows * unit, 8),
      };
    }

    ground(record) {
      const { x, y, width, height } = this.frame();
      const names = this.plane.map((i) => `${record.ranks[i].name} ${record.ranks[i].size}`);
      const group = element("svg:g", { class: "ground" });
      this.bars.forEach((rank, i) => {
        const top = 16 * i + 3;
        group.append(
          element("svg:text", { x: 0, y: top + 9 }, record.ranks[rank].name),
          element("svg:rect", { x: 30, y: top, width: WIDTH - 40, height: 10, class: "whole" })
        );
      });
      group.append(element("svg:rect", { x, y, width, height, class: "whole" }));
      if (names.length === 2) {
        group.append(element("svg:text", { x: 0, y: y + 10 }, record.ranks[this.plane[0]].name));
      }
      const last = this.plane[this.plane.length - 1];
      if (last !== undefined) {
        group.append(element("svg:text", { x, y: y - 4 }, record.ranks[last].name));
      }
      return group;
    }

    draw(frame, selected) {
      const record = this.recording.tensors[this.tensor];
      this.marks.replaceChildren();
      this.places.forEach((place, i) => this.drawPlace(place, frame, selected, this.lines[i]));
      const now = this.recording.element(this.tensor, selected, frame);
      if (now !== null) {
        this.mark(now, "now");
      }
      this.svg.setAttribute("aria-label", `Tiles of ${record.name}: ${this.lines.map((line) => line.textContent).join("; ")}`);
    }

    drawPlace(place, frame, selected, line) {
      const recording = this.recording;
      const isInside = recording.isInside(place);
      const level = recording.places[place].level;
      const mine = recording.held(place, recording.cells[place][selected], frame);
      if (isInside) {
        const tiles = new Map();
        recording.places[place].shown.forEach((_, instance) => {
          const tile = recording.held(place, instance, frame);
          if (tile !== null) {
            tiles.set(JSON.stringify(tile), tile);
          }
        });
        tiles.forEach((tile) => this.mark(tile, "inside"));
      }
      if (mine !== null) {
        this.mark(mine, isInside ? "mine" : "outside");
      }
      const words = frame < 0 ? 0 : recording.note("held", place, recording.cells[place][selected], frame);
      line.textContent = mine === null
        ? `${level}${isInside ? " (selected)" : ""}: nothing`
        : `${level}${isInside ? " (selected)" : ""}: ${recording.words(this.tensor, mine)}; ${accelsim.count(words)} ${words === 1 ? "word" : "words"}`;
    }

    /* A range of a tensor as a rectangle in the plane and a piece of every bar. */
    mark(ranges, kind) {
      const { x, y, width, height, rows, columns } = this.frame();
      const record = this.recording.tensors[this.tensor];
      const [down, across] = this.plane.length === 2 ? this.plane : [undefined, this.plane[0]];
      const [top, bottom] = down === undefined ? [0, 0] : ranges[down];
      const [left, right] = across === undefined ? [0, 0] : ranges[across];
      this.marks.append(
        element("svg:rect", {
          x: x + (left / columns) * width, y: y + (top / rows) * height,
          width: Math.max(((right - left + 1) / columns) * width, 1.5),
          height: Math.max(((bottom - top + 1) / rows) * height, 1.5), fill: record.color, class: kind,
        })
      );
      this.bars.forEach((rank, i) => {
        const [low, high] = ranges[rank];
        const unit = (WIDTH - 40) / record.ranks[rank].size;
        this.marks.append(
          element("svg:rect", {
            x: 30 + low * unit, y: 16 * i + 3, width: Math.max((high - low + 1) * unit, 1.5), height: 10,
            fill: record.color, class: kind,
          })
        );
      });
    }
  }

  return TensorPicture;
})();
