// --- the embedded data, and questions about a row ---

const DATA = JSON.parse(document.getElementById("data").textContent);
const LABELS = DATA.task.labels;
const NEGATIVE = LABELS.indexOf(DATA.task.negative);
const KINDS = {
  all: "all",
  errors: "errors",
  correct: "correct",
  relation_for_none: `errors: relation instead of ${DATA.task.negative}`,
  none_for_relation: `errors: ${DATA.task.negative} instead of relation`,
  wrong_relation: "errors: another relation",
};

for (const part of Object.values(DATA.parts)) {
  part.size = part.guid.length;
  part.labelled = part.gold.some(gold => gold >= 0);
  part.top = part.size && Object.values(part.predictions)[0].top.length / part.size;
}

const predictedOf = (part, model, row) => part.predictions[model].top[row * part.top];
const confidenceOf = (part, model, row) => part.predictions[model].thousandths[row * part.top];

// the likeliest relations of a row: [{label, probability in percent}]
function topOf(part, model, row) {
  const {top, thousandths} = part.predictions[model];
  return Array.from({length: part.top}, (_, rank) => ({
    label: top[row * part.top + rank],
    percent: thousandths[row * part.top + rank] / 10,
  }));
}

// one of KINDS below "correct", or "none" for a row without a label
function kindOf(gold, predicted) {
  if (gold < 0) return "none";
  if (gold === predicted) return "correct";
  if (gold === NEGATIVE) return "relation_for_none";
  return predicted === NEGATIVE ? "none_for_relation" : "wrong_relation";
}

const isError = kind => kind !== "none" && kind !== "correct";

const TYPE = {subject: 0, object: 1};
const typeOf = (part, row, role) => DATA.task.types[part.types[2 * row + TYPE[role]]];

// lower-case text that a search looks through, made at the first search
function searchable(part) {
  part.searchable ??= part.sentence.map((text, row) => `${part.guid[row]} ${text}`.toLowerCase());
  return part.searchable;
}

// the rows of a part that pass the filters, in the wanted order
function select(part, model, filters) {
  const tests = [];
  const {kind, actual, predicted, subject, object, source, sure, q} = filters;
  const id = name => LABELS.indexOf(name);
  if (actual) tests.push(row => part.gold[row] === id(actual));
  if (predicted) tests.push(row => predictedOf(part, model, row) === id(predicted));
  if (subject) tests.push(row => typeOf(part, row, "subject") === subject);
  if (object) tests.push(row => typeOf(part, row, "object") === object);
  if (source) tests.push(row => part.source[row] === source);
  if (sure) tests.push(row => confidenceOf(part, model, row) >= 10 * sure);
  if (kind !== "all") {
    tests.push(row => {
      const own = kindOf(part.gold[row], predictedOf(part, model, row));
      return kind === "errors" ? isError(own) : own === kind;
    });
  }
  const wanted = q.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length) {
    const texts = searchable(part);
    tests.push(row => wanted.every(word => texts[row].includes(word)));
  }
  const rows = [];
  for (let row = 0; row < part.size; row++) {
    if (tests.every(test => test(row))) rows.push(row);
  }
  return ordered(rows, part, model, filters.sort);
}

const ORDERS = {
  surest: "surest first",
  unsure: "least sure first",
  missed: "label's probability, lowest first",
  file: "as in the file",
};

function ordered(rows, part, model, order) {
  const keys = {
    surest: row => -confidenceOf(part, model, row),
    unsure: row => confidenceOf(part, model, row),
    missed: row => part.predictions[model].gold[row],
  };
  const key = keys[order];
  return key ? rows.sort((a, b) => key(a) - key(b) || a - b) : rows;
}
