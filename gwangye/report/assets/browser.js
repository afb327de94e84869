// --- the browser of all rows: filters, search, pages ---

const PAGE = 25;
const TEXTS = new Set(["actual", "predicted", "subject", "object", "source", "q"]);

function option(value, title = value) {
  return element("option", {value}, title);
}

// the controls; `change(name, value)` is called when one is used
function filterControls(part, change) {
  const choice = (name, title, options) => element("label", {}, title,
    element("select", {name, onchange: event => change(name, event.target.value)}, options));
  const any = values => [option("", "any"), ...values.map(value => option(value))];
  const sources = [...new Set(part.source.filter(known))].sort();
  const search = element("input", {type: "search", name: "q", placeholder: "sentence, entity or id",
    oninput: event => change("q", event.target.value)});
  const kinds = Object.entries(KINDS)
    .filter(([kind]) => NEGATIVE >= 0 || !kind.includes("none"))
    .map(([kind, title]) => option(kind, title));
  const gold = part.labelled ? [
    choice("kind", "Show", kinds), choice("actual", "Label", any(LABELS))] : [];
  return [
    element("label", {class: "search"}, "Search", search), ...gold,
    choice("predicted", "Prediction", any(LABELS)),
    choice("subject", "Subject", any(DATA.task.types)),
    choice("object", "Object", any(DATA.task.types)),
    sources.length ? choice("source", "Source", any(sources)) : null,
    choice("sure", "Confidence", [["0", "any"], ["50", "50 % or more"], ["80", "80 % or more"],
      ["90", "90 % or more"]].map(([value, title]) => option(value, title))),
    choice("sort", "Order", Object.entries(ORDERS)
      .filter(([order]) => part.labelled || order !== "missed")
      .map(([order, title]) => option(order, title))),
    element("button", {type: "button", id: "reset", onclick: () => change(null)}, "Reset"),
  ];
}

function setControls(form, filters) {
  for (const control of form.querySelectorAll("[name]")) {
    const wanted = String(filters[control.name]);
    if (control.value !== wanted) control.value = wanted;
  }
}

function rowCard(part, model, row, address) {
  const gold = part.gold[row];
  const predicted = predictedOf(part, model, row);
  const kind = kindOf(gold, predicted);
  const marks = {none: ["", "no label"], correct: ["✓", "correct"]};
  const [mark, said] = marks[kind] ?? ["✗", "wrong"];
  const verdict = gold < 0 ? [relation(LABELS[predicted])]
    : kind === "correct" ? [relation(LABELS[gold], "gold")]
    : [relation(LABELS[gold], "gold"), " taken for ", relation(LABELS[predicted], "predicted")];
  const types = ["subject", "object"].map(role => typeOf(part, row, role));
  return element("li", {class: `row ${isError(kind) ? "wrong" : kind}`},
    element("div", {class: "head"},
      element("span", {class: "mark", role: "img", "aria-label": said}, mark), verdict,
      element("span", {class: "measure"}, `${decimal(confidenceOf(part, model, row) / 10)} % sure`),
      element("a", {class: "guid", href: address, title: "address of this row"}, part.guid[row])),
    element("div", {class: "body"},
      element("div", {},
        sentence(part.sentence[row], part.spans.slice(4 * row, 4 * row + 4), types),
        otherModels(part, model, row)),
      probabilities(part, model, row)));
}

function otherModels(part, model, row) {
  const others = DATA.models.filter(name => name !== model);
  if (!others.length) return null;
  return element("p", {class: "votes"}, others.map(name => {
    const label = predictedOf(part, name, row);
    return element("span", {class: "vote"}, `${name} `,
      relation(LABELS[label], label === part.gold[row] ? "gold" : ""),
      ` ${Math.round(confidenceOf(part, name, row) / 10)} %`);
  }));
}

function pager(page, pages, turn) {
  if (pages < 2) return [];
  const to = (title, target, words) => element("button", {type: "button", title: words,
    "aria-label": words, disabled: target < 0 || target >= pages || target === page,
    onclick: () => turn(target)}, title);
  return [to("«", 0, "first page"), to("‹", page - 1, "previous page"),
    element("span", {}, `page ${whole(page + 1)} of ${whole(pages)}`),
    to("›", page + 1, "next page"), to("»", pages - 1, "last page")];
}
