// --- a sentence with its two entities marked ---

// spans: [subject start, subject end, object start, object end], half-open; negative: unknown.
// Where the two overlap, the shared part carries both marks.
function sentence(text, spans, types = []) {
  const roles = ["subject", "object"].map((role, at) => ({
    role, from: spans[2 * at], to: spans[2 * at + 1], type: types[at],
  })).filter(role => role.from >= 0);
  const inside = roles.flatMap(role => [role.from, role.to]);
  const cuts = [...new Set([0, ...inside, text.length])].sort((a, b) => a - b);
  const pieces = cuts.slice(1).map((to, at) => {
    const from = cuts[at];
    const over = roles.filter(role => role.from <= from && to <= role.to);
    const piece = text.slice(from, to);
    if (!over.length) return piece;
    // the type stands once, at the entity's end
    const ends = over.filter(role => role.to === to && role.type);
    return element("mark", {
      class: over.map(role => role.role).join(" "),
      title: over.map(role => role.type ? `${role.role}, ${role.type}` : role.role).join("; "),
      "data-type": ends.length ? ends.map(role => role.type).join(" ") : null,
    }, piece);
  });
  return element("p", {class: "sentence", lang: "ko"}, pieces);
}

const relation = (name, kind = "") => element("span", {class: `relation ${kind}`}, name ?? DASH);

// the relations of a row as bars; the label and the prediction are told apart
function probabilities(part, model, row) {
  const gold = part.gold[row];
  const top = topOf(part, model, row);
  const lines = top.map(({label, percent}) => ({name: LABELS[label], percent, gold: label === gold}));
  if (gold >= 0 && !lines.some(line => line.gold)) {
    lines.push({name: LABELS[gold], percent: part.predictions[model].gold[row] / 10, gold: true});
  }
  return element("ul", {class: "probabilities"}, lines.map(line =>
    element("li", {class: line.gold ? "gold" : "", "--share": `${line.percent}%`},
      element("span", {class: "name"}, line.name),
      element("span", {class: "percent"}, `${decimal(line.percent)} %`))));
}
