// --- tables that sort by a press on their heading ---

// columns: [{title, value(row): what it is sorted by, show(row): what stands there, number, class}]
function sortable(label, columns, rows, {sortBy = null, down = true} = {}) {
  const body = element("tbody");
  const heads = columns.map((column, at) => {
    const button = element("button", {type: "button", onclick: () => sort(at)}, column.title);
    return element("th", {scope: "col", class: column.number ? "number" : ""}, button);
  });
  const lines = rows.map(row => ({row, line: element("tr", {}, columns.map((column, at) => {
    const shown = column.show ? column.show(row) : text(column, row);
    const kind = `${column.number ? "number " : ""}${column.class ?? ""}`;
    return at ? element("td", {class: kind}, shown) : element("th", {scope: "row"}, shown);
  }))}));

  function sort(at, wanted) {
    const was = heads[at].getAttribute("aria-sort");
    const falling = wanted ?? (was ? was === "ascending" : Boolean(columns[at].number));
    heads.forEach(head => head.removeAttribute("aria-sort"));
    heads[at].setAttribute("aria-sort", falling ? "descending" : "ascending");
    const key = columns[at].value;
    lines.sort((first, second) => {
      const a = key(first.row), b = key(second.row);
      if (!known(a) || !known(b)) return known(b) - known(a);  // nothing stands last
      const order = typeof a === "number" ? a - b : String(a).localeCompare(b, "en", {numeric: true});
      return falling ? -order : order;
    });
    body.append(...lines.map(({line}) => line));
  }

  if (sortBy === null) body.append(...lines.map(({line}) => line));
  else sort(columns.findIndex(column => column.title === sortBy), down);
  return element("div", {class: "wide", tabindex: 0, role: "region", "aria-label": label},
    element("table", {}, element("thead", {}, element("tr", {}, heads)), body));
}

function text(column, row) {
  const value = column.value(row);
  if (!column.number) return value ?? DASH;
  return Number.isInteger(column.number) ? decimal(value, column.number) : whole(value);
}

const number = (title, value, digits = 1) => ({title, value, number: digits || true});

const scoreColumns = (title, key) => [
  number(title, row => row[key]),
  {title: "95 % interval", value: row => row[`${key}_low`], class: "chart",
    show: row => {
      const [low, high] = [row[`${key}_low`], row[`${key}_high`]];
      const interval = range(low, high);
      return [intervalBar(row[key], low, high, `${decimal(row[key])} ${interval && `(${interval})`}`),
        element("small", {}, interval)];
    }},
];

function relationTable(columns) {
  const link = row => rowsLink({actual: row.relation}, row.relation);
  return sortable("Scores of each relation", [
    {title: "relation", value: row => row.relation, show: link},
    number("rows", row => row.support, 0),
    ...scoreColumns("F1", "f1"),
    number("precision", row => row.precision),
    number("recall", row => row.recall),
    number("AUPRC", row => row.auprc),
  ], records(columns), {sortBy: "rows"});
}

const ERROR_KINDS = {
  relation_for_none: "relation for none",
  none_for_relation: "none for relation",
  wrong_relation: "wrong relation",
};

function sliceTables(columns) {
  const groups = grouped(records(columns), row => row.slice);
  return [...groups].map(([name, rows]) => {
    const shown = row => {
      const filters = sliceFilters(name, row.value);
      return filters ? rowsLink(filters, row.value) : words(row.value);
    };
    return element("div", {class: "slice"}, sortable(words(name), [
      {title: words(name), value: row => row.value, show: shown},
      number("rows", row => row.rows, 0),
      ...scoreColumns("micro-F1", "micro_f1"),
      ...Object.entries(ERROR_KINDS).map(([key, title]) => number(title, row => row[key], 0)),
    ], rows));
  });
}

// the row browser's filters that select a slice, or null
function sliceFilters(name, value) {
  if (name === "source") return {source: value};
  if (name !== "type_pair") return null;
  const [subject, object] = value.split(/[^A-Z]+/);
  return object ? {subject, object} : null;
}

function robustnessTable(columns) {
  const overall = records(columns).filter(row => row.relation === "all");
  return sortable("Predictions that change", [
    {title: "change of the sentence", value: row => words(row.perturbation)},
    number("rows", row => row.rows, 0),
    ...scoreColumns("changed (%)", "changed"),
    number("correct before (%)", row => row.correct_before),
    number("correct after (%)", row => row.correct_after),
    number("changed to none (%)", row => row.to_negative),
  ], overall);
}

function robustnessByRelation(columns) {
  const rows = records(columns).filter(row => row.relation !== "all");
  const names = [...new Set(rows.map(row => row.perturbation))];
  const byRelation = [...grouped(rows, row => row.relation)].map(([name, own]) => ({
    relation: name, rows: own[0].rows,
    ...Object.fromEntries(own.map(row => [row.perturbation, row.changed])),
  }));
  return sortable("Predictions that change, by relation", [
    {title: "relation", value: row => row.relation},
    number("rows", row => row.rows, 0),
    ...names.map(name => number(words(name), row => row[name])),
  ], byRelation, {sortBy: "rows"});
}
