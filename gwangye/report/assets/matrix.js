// --- the confusion matrix: a table whose cells open their sentences ---

function confusionCounts(part, model) {
  const counts = LABELS.map(() => new Array(LABELS.length).fill(0));
  for (let row = 0; row < part.size; row++) {
    if (part.gold[row] >= 0) counts[part.gold[row]][predictedOf(part, model, row)] += 1;
  }
  return counts;
}

function matrix(part, model, open) {
  const counts = confusionCounts(part, model);
  const support = counts.map(row => row.reduce((sum, count) => sum + count, 0));
  // all of them, also those that no row has or that are never predicted
  const shown = LABELS.map((_, at) => at);
  const readout = element("p", {class: "readout"}, "\u00a0");
  const head = element("tr", {}, element("th", {class: "corner", scope: "col"}, "label ↓ prediction →"),
    shown.map(at => element("th", {scope: "col", class: "column", "data-at": at},
      element("span", {}, LABELS[at]))),
    element("th", {scope: "col", class: "column"}, element("span", {}, "rows")));
  const body = shown.map(actual => element("tr", {},
    element("th", {scope: "row"}, LABELS[actual]),
    shown.map(other => cell(actual, other, counts[actual][other], support[actual], open)),
    element("td", {class: "support"}, whole(support[actual]))));
  const table = element("table", {class: "matrix"},
    element("caption", {}, "Rows by label and prediction"),
    element("thead", {}, head), element("tbody", {}, body));
  table.addEventListener("mouseover", event => describe(event.target, readout));
  table.addEventListener("focusin", event => describe(event.target, readout));
  table.addEventListener("keydown", moveByArrow);
  const first = table.querySelector("button");
  if (first) first.tabIndex = 0;
  return [readout, element("div", {class: "wide"}, table)];
}

function cell(actual, other, count, support, open) {
  if (!count) return element("td", {class: actual === other ? "same" : ""});
  const said = `${LABELS[actual]} → ${LABELS[other]}: ${whole(count)} of ${counted(support, "row")}`;
  const show = () => open({actual: LABELS[actual], predicted: LABELS[other], kind: "all"});
  return element("td", {class: `${actual === other ? "same" : ""} ${count / support > 0.6 ? "strong" : ""}`,
    "--share": (count / support).toFixed(3)},
    // one cell is in the order of the tab key; the arrows lead to the others
    element("button", {type: "button", tabindex: -1, "aria-label": said, "data-said": said,
      onclick: show}, whole(count)));
}

function describe(target, readout) {
  const said = target.dataset?.said;
  if (said) readout.textContent = said;
}

const ARROWS = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};

function moveByArrow(event) {
  const step = ARROWS[event.key];
  const from = event.target.closest("td");
  if (!step || !from) return;
  event.preventDefault();
  const table = event.currentTarget;
  let [row, column] = [from.parentNode.rowIndex + step[0], from.cellIndex + step[1]];
  while (table.rows[row]?.cells[column]) {
    const button = table.rows[row].cells[column].querySelector("button");
    if (button) {
      event.target.tabIndex = -1;
      button.tabIndex = 0;
      button.focus();
      return;
    }
    row += step[0];
    column += step[1];
  }
}
