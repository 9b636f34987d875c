"use strict";
/* A recording of an execution: which words have moved after so many frames, and what every instance then holds. */
accelsim.viewer = (function () {
  /* [7, 3, 2, 1] -> [7, 7, 7, 2] */
  function unrun(runs) {
    const values = [];
    for (let i = 0; i < runs.length; i += 2) {
      for (let n = 0; n < runs[i + 1]; n += 1) {
        values.push(runs[i]);
      }
    }
    return values;
  }

  /* Rows of the innermost loop name values, rows of every other loop name rows of the loop inside it; the last is all. */
  function expanded(rows) {
    let bodies = rows[0].map(unrun);
    for (const level of rows.slice(1)) {
      bodies = level.map((row) => unrun(row).flatMap((number) => bodies[number]));
    }
    return bodies[0];
  }

  class Series {
    constructor(record, decode) {
      this.values = record.values.map(decode);
      this.at = record.rows === undefined ? null : expanded(record.rows);
    }

    value(frame) {
      return this.values[this.at === null ? 0 : this.at[frame]];
    }
  }

  const same = (value) => value;
  const boxPart = ([first, lows, lengths]) => ({ lows: unrun(lows).map((low) => first + low), lengths: unrun(lengths) });

  class Recording {
    constructor(data) {
      Object.assign(this, data);
      this.clocks = data.times.map((record) => new Series(record, same));
      this.moved = new Series(data.moves, same);
      this.parts = data.boxes.map((dims) => dims.map((record) => new Series(record, boxPart)));
      this.notes = data.marks.map((marks) =>
        Object.fromEntries(Object.entries(marks).map(([name, record]) => [name, new Series(record, unrun)]))
      );
      this.macPlace = data.places.findIndex((place) => place.level === "");
      this.cells = data.places.map((place) => {
        const index = new Map(place.shown.map((instance, i) => [instance, i]));
        return data.grid.macs.map((mac) => index.get(Math.floor(mac / place.spread)));
      });
    }

    /* All counters after so many frames. */
    counts(done) {
      const totals = new Array(this.counters.steps + 2).fill(0);
      for (let frame = 0; frame < done; frame += 1) {
        this.addMoves(frame, totals);
      }
      return totals;
    }

    /* The counters of one frame alone. */
    movesOf(frame) {
      return this.addMoves(frame, new Array(this.counters.steps + 2).fill(0));
    }

    addMoves(frame, totals) {
      const changes = this.moved.value(frame);
      for (let i = 0; i < changes.length; i += 2) {
        totals[changes[i]] += changes[i + 1];
      }
      return totals;
    }

    isDrain(frame) {
      return frame === this.frames - 1;
    }

    /* Where the temporal loops of a frame stand, outermost first. */
    time(frame) {
      return this.clocks.map((clock) => clock.value(frame));
    }

    /* The first frame after (direction 1), or the first of the trip before (direction -1), at which a loop, or one outside
       it, moves. */
    boundary(frame, loop, direction) {
      const key = (at) => this.time(at).slice(0, loop + 1).join();
      let at = Math.min(Math.max(frame, 0), this.frames - 1);
      const here = key(at);
      if (direction > 0) {
        while (at < this.frames - 1 && key(at) === here) {
          at += 1;
        }
        return at;
      }
      const isFirst = at === 0 || key(at - 1) !== here;
      at -= isFirst && at > 0 ? 1 : 0;
      const trip = key(at);
      while (at > 0 && key(at - 1) === trip) {
        at -= 1;
      }
      return at;
    }

    note(name, place, instance, frame) {
      return this.notes[place][name].value(frame)[instance];
    }

    /* First index and length along every dim of what an instance of a place last worked on. */
    box(place, instance, frame) {
      return this.parts[place].map((series) => {
        const part = series.value(frame);
        return [part.lows[instance], part.lengths[instance]];
      });
    }

    /* Per rank of a tensor, first and last index of the tile that a box touches; null where it touches no data. */
    tile(tensor, box) {
      if (box.some(([, length]) => length === 0)) {
        return null;
      }
      const ranges = this.tensors[tensor].ranks.map((rank) => {
        let low = rank.offset;
        let high = rank.offset;
        for (const [dim, stride] of rank.terms) {
          low += stride * box[dim][0];
          high += stride * (box[dim][0] + box[dim][1] - 1);
        }
        return [Math.max(low, 0), Math.min(high, rank.size - 1)];
      });
      return ranges.some(([low, high]) => low > high) ? null : ranges;
    }

    /* The tile that an instance of a storage place holds after a frame; null when it holds nothing. */
    held(place, instance, frame) {
      if (frame < 0 || this.note("held", place, instance, frame) === 0) {
        return null;
      }
      if (this.isDrain(frame) && this.places[place].tensor === this.tensors.length - 1) {
        return this.places[place].parent === null ? this.tile(this.places[place].tensor, this.box(place, instance, frame)) : null;
      }
      return this.tile(this.places[place].tensor, this.box(place, instance, frame));
    }

    macs(cell, frame) {
      return frame < 0 ? 0 : this.note("drains", this.macPlace, this.cells[this.macPlace][cell], frame);
    }

    /* The element of a tensor that a cell's MAC works on in the last step of a frame; null where it is idle or pads. */
    element(tensor, cell, frame) {
      if (frame < 0 || this.isDrain(frame) || this.note("idle", this.macPlace, this.cells[this.macPlace][cell], frame)) {
        return null;
      }
      return this.tile(tensor, this.box(this.macPlace, this.cells[this.macPlace][cell], frame));
    }

    isInside(place) {
      const level = this.levels.find((each) => each.name === this.places[place].level);
      return level === undefined || level.inside;
    }

    /* Per tensor, the place whose tiles a cell shows: the innermost in the array, or the MACs where the array keeps none. */
    shownPlaces() {
      return this.tensors.map((_, tensor) => {
        const mine = this.places.map((_, i) => i).filter((i) => this.places[i].tensor === tensor && this.isInside(i));
        const kept = mine.filter((i) => this.places[i].level !== "");
        return kept.length > 0 ? kept[kept.length - 1] : mine[mine.length - 1];
      });
    }

    /* What a cell shows of a tensor: a held tile, or the element at its MAC. */
    content(place, cell, frame) {
      const isMac = this.places[place].level === "";
      return isMac
        ? this.element(this.places[place].tensor, cell, frame)
        : this.held(place, this.cells[place][cell], frame);
    }

    /* m 0-3, c 2 */
    words(tensor, ranges) {
      const ranks = this.tensors[tensor].ranks;
      const parts = ranges.map(([low, high], i) =>
        ranks[i].size === 1 ? "" : `${ranks[i].name} ${low === high ? low : `${low}\u2013${high}`}`
      );
      return parts.filter((part) => part !== "").join(", ") || "the only one";
    }
  }

  return { Recording, views: [] };
})();
