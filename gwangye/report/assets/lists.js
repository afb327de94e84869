// --- lists of sentences from other tables: suspected label errors, disagreements, changed predictions ---

const STEP = 5;

// an ordered list that shows the first rows and, on a press, the next ones
function growing(rows, line, total) {
  const list = element("ol", {class: "rows"});
  const more = element("button", {type: "button", onclick: () => grow()});
  let shown = 0;
  function grow() {
    list.append(...rows.slice(shown, shown + STEP).map(line));
    shown = Math.min(shown + STEP, rows.length);
    more.hidden = shown === rows.length;
    more.textContent = `Show ${Math.min(STEP, rows.length - shown)} more of ${whole(rows.length)}`;
  }
  grow();
  const cut = total > rows.length
    ? [notice(`The page holds the first ${whole(rows.length)} of ${whole(total)}; the table has all.`)]
    : [];
  return [list, more, ...cut];
}

// rows of a table with their entity positions
function withSpans({columns}) {
  const {spans, ...rest} = columns;
  return records(rest).map((row, at) => ({...row, spans: spans.slice(4 * at, 4 * at + 4)}));
}

const percentOf = (value, digits = 0) => known(value) ? `${decimal(100 * value, digits)} %` : DASH;

const line = (head, row, ...rest) => element("li", {class: "row"},
  element("div", {class: "head"}, head, element("span", {class: "guid"}, row.guid)),
  sentence(row.sentence ?? "", row.spans), rest);

const suspectedLabel = row => line([
  "labelled ", relation(row.label, "doubted"), ` ${percentOf(row.probability_of_label)} `,
  "· models say ", relation(row.suggested, "gold"), ` ${percentOf(row.probability_of_suggested)} `,
  element("span", {class: "measure"}, `label quality ${decimal(row.quality, 2)}`),
], row);

function disagreement(row, voters) {
  const votes = voters.map(model => element("span", {class: "vote"}, `${model} `,
    relation(row[model], row[model] === row.actual ? "gold" : "")));
  return line([
    row.actual ? ["label ", relation(row.actual, "gold")] : "no label ",
    element("span", {class: "measure"}, `divergence ${decimal(row.divergence, 2)}`),
  ], row, element("p", {class: "votes"}, votes));
}

const changedPrediction = row => line([
  element("span", {class: "change"}, words(row.perturbation)), " ",
  relation(row.before, row.before === row.actual ? "gold" : ""), ` ${percentOf(row.confidence_before)} `,
  "→ ", relation(row.after, row.after === row.actual ? "gold" : ""),
  ` ${percentOf(row.confidence_after)}`,
], row);
