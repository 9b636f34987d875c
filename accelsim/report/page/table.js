/* A table that sorts by any column and filters by every one. Columns: {label, value(row), text(row), isText, link(row),
   best}. */
const PAGE = 200;
const NUMBER = "-?\\d[\\d,]*(?:\\.\\d*)?(?:e[+-]?\\d+)?";

/* The test that a filter's text asks of a column's values; null where it cannot be read. */
function filterOf(text, isText) {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return () => true;
  if (isText) return (value) => String(value ?? "").toLowerCase().includes(wanted);
  const number = (digits) => Number(digits.replace(/,/g, ""));
  const range = wanted.match(new RegExp(`^(${NUMBER})\\s*\\.\\.\\s*(${NUMBER})$`));
  if (range) return (value) => value !== null && value >= number(range[1]) && value <= number(range[2]);
  const bound = wanted.match(new RegExp(`^(<=|>=|<|>|=)?\\s*(${NUMBER})$`));
  if (!bound) return null;
  const limit = number(bound[2]);
  const tests = {
    "<=": (value) => value <= limit, ">=": (value) => value >= limit, "<": (value) => value < limit,
    ">": (value) => value > limit, "=": (value) => value === limit,
  };
  const test = tests[bound[1] || "="];
  return (value) => value !== null && test(value);
}

function compared(one, other) {
  if (typeof one === "string" && typeof other === "string") return one.localeCompare(other, "en", { numeric: true });
  return one < other ? -1 : one > other ? 1 : 0;
}

class Grid {
  constructor(caption, columns, rows) {
    this.columns = columns;
    this.rows = rows;
    this.sorted = null;
    this.tests = columns.map(() => () => true);
    this.most = PAGE;
    this.body = accelsim.element("tbody", {});
    this.state = accelsim.element("p", { class: "quiet", role: "status" });
    this.more = accelsim.element("button", { type: "button", class: "controls" }, "Show all rows");
    this.more.addEventListener("click", () => {
      this.most = Infinity;
      this.draw();
    });
    this.heads = columns.map((column, index) => this.head(column, index));
    const filters = columns.map((column, index) => accelsim.element("td", {}, this.filter(column, index)));
    const table = accelsim.element(
      "table", { class: "grid" }, accelsim.element("caption", {}, caption),
      accelsim.element(
        "thead", {}, accelsim.element("tr", {}, ...this.heads), accelsim.element("tr", { class: "controls" }, ...filters)
      ),
      this.body
    );
    const scroll = accelsim.element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, table);
    this.element = accelsim.element("div", {}, this.state, scroll, this.more);
    this.draw();
  }

  head(column, index) {
    const button = accelsim.element("button", { type: "button", class: "sort" }, column.label);
    button.addEventListener("click", () => this.sort(index));
    return accelsim.element("th", { scope: "col", class: column.isText ? null : "number" }, button);
  }

  filter(column, index) {
    const field = accelsim.element("input", {
      type: "search", "aria-label": `Filter ${column.label}`, placeholder: column.isText ? "contains" : ">1, 2..5",
      size: column.isText ? 8 : 6,
    });
    field.addEventListener("input", () => {
      const test = filterOf(field.value, column.isText);
      field.toggleAttribute("aria-invalid", test === null);
      if (test === null) field.setAttribute("aria-invalid", "true");
      this.tests[index] = test || (() => true);
      this.draw();
    });
    return field;
  }

  /* Ascending, then descending, then as the rows come. */
  sort(index) {
    const before = this.sorted;
    if (before === null || before.index !== index) this.sorted = { index, sign: 1 };
    else this.sorted = before.sign === 1 ? { index, sign: -1 } : null;
    this.draw();
  }

  /* The rows that pass every filter, in order; what has no value comes last whatever the direction. */
  shown() {
    const kept = this.rows.filter((row) => this.columns.every((column, i) => this.tests[i](column.value(row) ?? null)));
    if (this.sorted === null) return kept;
    const { index, sign } = this.sorted;
    const value = (row) => this.columns[index].value(row) ?? null;
    return kept
      .map((row, place) => ({ row, place, value: value(row) }))
      .sort((one, other) => {
        if (one.value === null || other.value === null) return (one.value === null) - (other.value === null);
        return sign * compared(one.value, other.value) || one.place - other.place;
      })
      .map((entry) => entry.row);
  }

  draw() {
    const rows = this.shown();
    this.heads.forEach((head, index) => {
      const mine = this.sorted !== null && this.sorted.index === index;
      head.setAttribute("aria-sort", mine ? (this.sorted.sign > 0 ? "ascending" : "descending") : "none");
    });
    const best = this.columns.map((column) => this.best(column, rows));
    this.body.replaceChildren(...rows.slice(0, this.most).map((row) => this.line(row, best)));
    const drawn = Math.min(rows.length, this.most);
    this.state.textContent = `${count(drawn)} of ${count(this.rows.length)} rows` + (drawn < rows.length ? ` (${count(rows.length)} match)` : "");
    this.more.hidden = drawn === rows.length;
  }

  /* The best value of a column, where rows differ; sums that lack a layer do not take part. */
  best(column, rows) {
    if (!column.best) return null;
    const values = rows.filter((row) => !column.partial || !column.partial(row)).map((row) => column.value(row));
    const whole = [...new Set(values.filter((value) => value !== null && value !== undefined))];
    return whole.length > 1 ? whole.reduce((one, other) => (column.best(one, other) === one ? one : other)) : null;
  }

  line(row, best) {
    const cells = this.columns.map((column, i) => {
      const value = column.value(row) ?? null;
      const partial = column.partial && value !== null && column.partial(row);
      const isBest = value !== null && !partial && value === best[i];
      const text = column.text(row) + (partial ? "!" : isBest ? "*" : "");
      const link = column.link && column.link(row);
      const inside = link ? accelsim.element("a", { href: link }, text) : text;
      const tag = i === 0 ? "th" : "td";
      const kind = [column.isText ? "" : "number", isBest ? "best" : ""].join(" ").trim();
      return accelsim.element(tag, { class: kind || null, scope: i === 0 ? "row" : null }, inside);
    });
    return accelsim.element("tr", {}, ...cells);
  }
}
