"use strict";
/* All views of a page in step: their arrays side by side, one set of controls for them and for the views below. */
accelsim.register("together", (function () {
  const element = accelsim.element;

  /* Words of a tensor that the array's networks have carried to or from it so far. */
  function sent(recording, totals, tensor) {
    const rows = recording.counters.networks.filter((row) => row.tensor === tensor);
    return rows.flatMap((row) => row.sent).reduce((sum, counter) => sum + totals[counter], 0);
  }

  function panel(view, name) {
    const picture = new accelsim.viewer.ArrayPicture(view.recording, (cell) => view.select(cell));
    const said = element("p", { class: "said" });
    const link = element("a", { href: `#${view.root.id}` }, name);
    const figure = element("figure", {}, element("figcaption", {}, link), picture.svg, said);
    return { view, picture, said, figure };
  }

  function draw({ view, picture, said }, done) {
    const recording = view.recording;
    const at = Math.min(done, recording.frames);
    const working = picture.draw(at - 1, -1);
    const totals = recording.counts(at);
    const words = recording.tensors.map((tensor, i) => `${tensor.name} ${accelsim.count(sent(recording, totals, i))}`);
    const macs = accelsim.count(totals[recording.counters.steps + 1]);
    const isDone = at === recording.frames;
    said.textContent = `${isDone ? "Done" : `${working} MACs work`}; so far ${macs} MACs and, sent to or from the array, ${words.join(", ")} words.`;
    view.player.go(at);
  }

  return (root, data) => {
    /* Views stand below this fragment and start after it. */
    window.setTimeout(() => {
      const { Player, views } = accelsim.viewer;
      const panels = views.map((view, i) => panel(view, data.names[i]));
      root.querySelector(".part-arrays").append(...panels.map((each) => each.figure));
      const player = new Player(root, Math.max(...views.map((view) => view.recording.frames)), (done) => {
        panels.forEach((each) => draw(each, done));
        return `After ${accelsim.count(done)} ${done === 1 ? "frame" : "frames"}.`;
      });
      root.classList.add("ready");
      player.go(1);
    }, 0);
  };
})());
