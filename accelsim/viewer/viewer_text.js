"use strict";
/* What a frame says in words: the nest with its cursor, the words that move, the levels and how full they are. */
accelsim.viewer.text = (function () {
  const element = accelsim.element;
  const count = accelsim.count;

  /* One line per line of the nest; loops in time that frames follow have buttons to go to their trips. */
  function nest(recording, jump) {
    const list = element("ol", { class: "nest", "aria-label": "Loop nest", tabindex: 0 });
    const lines = recording.nest.map((line) => {
      const code = element("code", {}, line.text);
      const at = element("span", { class: "at" });
      const item = element("li", { style: `--depth:${line.depth}` }, code, at);
      if (line.time !== undefined && line.time < recording.loops) {
        for (const [direction, name, sign] of [[-1, "Previous", "\u2039"], [1, "Next", "\u203a"]]) {
          const label = `${name} trip of loop ${line.dim.toLowerCase()} (${line.text})`;
          const button = element("button", { type: "button", class: "trip", "aria-label": label, title: label }, sign);
          button.addEventListener("click", () => jump(line.time, direction));
          item.append(button);
        }
      }
      list.append(item);
      return { line, item, at };
    });
    return { list, lines };
  }

  /* Where each loop stands, and which of them has just moved. */
  function drawNest(recording, lines, frame) {
    const time = frame < 0 ? null : recording.time(frame);
    const before = frame < 1 ? null : recording.time(frame - 1);
    const isDrain = frame >= 0 && recording.isDrain(frame);
    const moved = time === null || isDrain || before === null ? -1 : time.findIndex((at, i) => at !== before[i]);
    for (const { line, item, at } of lines) {
      let text = "";
      if (line.time !== undefined && time !== null && !isDrain) {
        const isFollowed = line.time < recording.loops;
        text = isFollowed ? `${time[line.time] + 1} of ${count(line.trips)}` : `all ${count(line.trips)}`;
      } else if (line.space !== undefined) {
        text = `${count(line.trips)} at once`;
      }
      at.textContent = text;
      item.classList.toggle("cursor", line.time !== undefined && line.time === moved);
      item.classList.toggle("running", line.text === "MAC" && time !== null && !isDrain);
    }
  }

  /* The position in words: which trip of which loop. */
  function where(recording, frame) {
    const all = count(recording.frames);
    if (frame < 0) {
      return "Before the first step.";
    }
    if (recording.isDrain(frame)) {
      return `Frame ${all} of ${all}: the last outputs drain.`;
    }
    const loops = recording.nest.filter((line) => line.time !== undefined && line.time < recording.loops);
    const time = recording.time(frame);
    const at = loops.map((line) => `${line.dim.toLowerCase()} ${time[line.time] + 1} of ${line.trips}`).join(", ");
    return `Frame ${count(frame + 1)} of ${all}: ${at || "the only step"}.`;
  }

  function place(recording, index) {
    return index === null ? "" : recording.places[index].level || "MACs";
  }

  /* A sentence for everything that moves between a place and its parent in a frame. */
  function moves(recording, frame) {
    if (frame < 0) {
      return ["Nothing has moved yet."];
    }
    const moved = recording.movesOf(frame);
    const output = recording.tensors.length - 1;
    const sentences = [];
    recording.places.forEach((record, i) => {
      if (record.parent === null) {
        return;
      }
      const [first, end] = [recording.counters.boundaries[i], recording.counters.boundaries[i + 1]];
      const name = recording.tensors[record.tensor].name;
      const [parent, child] = [place(recording, record.parent), place(recording, i)];
      const [outer, inner] = [moved[first], moved[end - 1]];
      const back = moved[recording.counters.returned + i];
      if (record.tensor !== output) {
        const taken = record.level === "" ? inner : moved[4 * i + 1];
        sentences.push(operand(name, parent, child, outer, taken, record.network));
      } else {
        sentences.push(sums(name, parent, child, outer, record.level === "" ? inner : moved[4 * i + 3], back));
      }
    });
    const said = sentences.filter((sentence) => sentence !== "");
    return said.length > 0 ? said : ["No words move in this frame."];
  }

  function operand(name, parent, child, sent, taken, network) {
    if (sent === 0 && taken === 0) {
      return "";
    }
    const how = network.includes("forwarding") ? "neighbours hand words on" : "multicast";
    const shared = taken > sent ? ` (${how})` : "";
    return `${name}: ${parent} sends ${count(sent)}, ${child} take ${count(taken)}${shared}`;
  }

  function sums(name, parent, child, arrived, left, back) {
    if (arrived === 0 && left === 0 && back === 0) {
      return "";
    }
    const added = left > arrived ? " (added up on the way)" : "";
    const returned = back > 0 ? `; ${count(back)} sums go back to ${child}` : "";
    return `${name}: ${count(left)} leave ${child}, ${count(arrived)} arrive in ${parent}${added}${returned}`;
  }

  /* What a selected MAC does, and what its memories hold. */
  function cell(recording, selected, frame) {
    const output = recording.tensors.length - 1;
    const lines = [];
    const touched = recording.tensors.map((_, tensor) => recording.element(tensor, selected, frame));
    const macs = recording.macs(selected, frame);
    if (touched[output] === null || macs === 0) {
      lines.push("MAC: idle in this frame");
    } else {
      const [result, ...factors] = [output, ...recording.tensors.map((_, i) => i).slice(0, -1)].map((tensor) =>
        touched[tensor] === null ? "0 (padding)" : `${recording.tensors[tensor].name}[${recording.words(tensor, touched[tensor])}]`
      );
      const many = recording.everyStep ? "" : `; ${count(macs)} MACs in this frame, the last one shown`;
      lines.push(`MAC: ${result} += ${factors.join(" \u00d7 ")}${many}`);
    }
    recording.places.forEach((record, i) => {
      if (record.level === "" || !recording.isInside(i)) {
        return;
      }
      const tile = recording.held(i, recording.cells[i][selected], frame);
      const what = tile === null ? "nothing" : recording.words(record.tensor, tile);
      lines.push(`${record.level}, ${recording.tensors[record.tensor].name}: ${what}`);
    });
    return lines;
  }

  /* The link to the level above: words of one tensor that come down and go up in a frame. */
  function drawLink(link, moved, place, isOutermost) {
    const [down, up] = moved === null || isOutermost ? [0, 0] : [moved[4 * place + 1], moved[4 * place + 3]];
    link.classList.toggle("busy", down + up > 0);
    link.textContent = [down > 0 ? `\u2193 ${count(down)}` : "", up > 0 ? `\u2191 ${count(up)}` : ""].filter(Boolean).join(" ");
  }

  /* A box per level outside the array, with a bar that says how full it is of what. */
  function levels(recording) {
    return recording.levels
      .filter((level) => !level.inside)
      .map((level) => {
        const mine = recording.places.map((_, i) => i).filter((i) => recording.places[i].level === level.name);
        const parts = mine.map((i) =>
          element("span", { class: "part", style: `background:${recording.tensors[recording.places[i].tensor].color}` })
        );
        const room = Object.values(level.private).reduce((sum, words) => sum + words, level.capacity || 0);
        const bar = element("div", { class: "bar", hidden: room === 0 }, ...parts);
        const text = element("p", {});
        const links = mine.map((i) =>
          element("span", { class: "link", style: `--color:${recording.tensors[recording.places[i].tensor].color}` })
        );
        const above = element("div", { class: "links", "aria-hidden": "true" }, ...links);
        const box = element("div", {}, above, element("div", { class: "level" }, text, bar));
        return { level, mine, parts, links, room, text, box };
      });
  }

  function drawLevels(recording, boxes, frame) {
    const moved = frame < 0 ? null : recording.movesOf(frame);
    for (const { level, mine, parts, links, room, text } of boxes) {
      links.forEach((link, k) => drawLink(link, moved, mine[k], recording.places[mine[k]].parent === null));
      const words = mine.map((i) => (frame < 0 || recording.held(i, 0, frame) === null ? 0 : recording.note("held", i, 0, frame)));
      const used = words.map((n, k) => (n * level.buffers * recording.places[mine[k]].bits) / level.bits);
      const said = mine.map((i, k) => `${recording.tensors[recording.places[i].tensor].name} ${count(words[k])}`).join(", ");
      const total = used.reduce((sum, n) => sum + n, 0);
      const copies = level.buffers > 1 ? ` x ${level.buffers} buffers` : "";
      const share = room === 0 ? "words" : `of ${count(room)} words of ${level.bits} b${copies}, ${((100 * total) / room).toFixed(1)} % full`;
      text.replaceChildren(element("strong", {}, level.name), ` holds ${said} ${share}`);
      parts.forEach((part, k) => {
        part.style.width = room === 0 ? "0" : `${(100 * used[k]) / room}%`;
      });
    }
  }

  return { nest, drawNest, where, moves, cell, levels, drawLevels };
})();
