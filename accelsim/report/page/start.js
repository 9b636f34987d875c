/* Puts the sections to life. */
function saved(name, base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const text = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(text).blob().then((blob) => {
    const link = element("a", { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}

function downloads(report, box) {
  const items = Object.entries(report.data.files).map(([name, content]) => {
    const button = element("button", { type: "button" }, name);
    button.addEventListener("click", () => saved(name, content));
    return element("li", {}, button);
  });
  box.append(element("ul", { class: "inline" }, ...items));
}

/* A table that is made anew when what it shows changes, and only then. */
function table(report, box, make, key) {
  let before = null;
  report.watch(() => {
    const now = key();
    if (now !== before) clear(box, make(report).element);
    before = now;
  });
}

accelsim.register("report", (root, data) => {
  const report = new Report(data);
  const indexOf = indexer(report);
  root.append(patterns(data.colors));
  const inside = (id) => document.getElementById(id).querySelector(".live");
  const filtered = () => JSON.stringify([report.chosen.group, [...report.hidden], report.layerText]);
  controls(report, inside("overview"));
  const summary = element("div", {});
  inside("overview").append(
    summary,
    element("div", { class: "figures" }, machineChart(report, indexOf), layerChart(report, indexOf), pointFigure(report, indexOf))
  );
  table(report, summary, summaryGrid, () => JSON.stringify([report.chosen.group, [...report.hidden]]));
  table(report, inside("layers"), layerGrid, filtered);
  detail(report, inside("detail"));
  downloads(report, inside("downloads"));
  const follow = () => {
    if (report.follow(location.hash)) {
      const section = document.getElementById("detail");
      section.querySelector("h2").setAttribute("tabindex", -1);
      section.querySelector("h2").focus({ preventScroll: true });
      section.scrollIntoView({ block: "start" });
    }
  };
  window.addEventListener("hashchange", follow);
  report.changed();
  follow();
});
