// --- the page's state, in its address, and what each section shows of it ---

const PARTS = Object.keys(DATA.parts);
const NO_FILTERS = {actual: "", predicted: "", subject: "", object: "", source: "", sure: "0", q: "",
  sort: "surest", page: 0};
const START = {model: DATA.models[0], part: PARTS[0]};
const state = {...START, ...NO_FILTERS, kind: "errors"};

const currentPart = () => DATA.parts[state.part];
// a link to rows of the browser; as an address, it can be copied and opened beside
const rowsLink = (filters, text) => element("a", {class: "link",
  href: address({...NO_FILTERS, kind: "all", ...filters}),
  onclick: event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(filters);
  }}, text);

const table = name => DATA.tables[name][`${state.model}_${state.part}`];
const usualKind = () => currentPart()?.labelled ? "errors" : "all";
const defaults = () => ({...START, ...NO_FILTERS, kind: usualKind()});

function address(changes) {
  const usual = defaults();
  const own = Object.entries({...state, ...changes})
    .filter(([name, value]) => String(value) !== String(usual[name]));
  return `#${new URLSearchParams(own)}`;
}

function readAddress() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  Object.assign(state, START, NO_FILTERS);
  if (DATA.models.includes(given.model)) state.model = given.model;
  if (PARTS.includes(given.part)) state.part = given.part;
  state.kind = usualKind();
  if (currentPart().labelled && KINDS[given.kind]) state.kind = given.kind;
  if (ORDERS[given.sort]) state.sort = given.sort;
  for (const name of TEXTS) state[name] = given[name] ?? "";
  state.sure = String(Number(given.sure) || 0);
  state.page = Math.max(0, Math.floor(Number(given.page)) || 0);
  return Object.keys(given).some(name => TEXTS.has(name) || name === "kind" || name === "page");
}

// --- sections ---

const put = (section, selector, children) =>
  within(section, selector).replaceChildren(...[children].flat(Infinity).filter(known));

function card(column, title) {
  const score = DATA.scores[state.model]?.[column]?.all;
  if (!score) return null;
  const {micro_f1: value, micro_f1_low: low, micro_f1_high: high} = score;
  const rows = known(score.effective_rows)
    ? `${counted(score.rows, "row")}, worth ${Math.round(score.effective_rows)}`
    : counted(score.rows, "row");
  return element("div", {class: "card"}, element("h3", {}, title),
    element("p", {class: "big"}, decimal(value), element("small", {}, " micro-F1")),
    intervalBar(null, low, high, `95 % interval ${range(low, high)}`),
    element("p", {}, `${range(low, high)} · AUPRC ${decimal(score.auprc)} · ${rows}`),
    score.note ? element("p", {class: "notice"}, score.note) : null);
}

function drawSummary() {
  put("summary", "#cards", Object.entries(DATA.columns).map(([column, title]) => card(column, title)));
  const groups = Object.entries(DATA.findings[`${state.model}_${state.part}`] ?? {});
  put("summary", "#findings", groups.map(([heading, lines]) =>
    element("div", {}, element("h3", {}, heading), element("ul", {}, lines.map(finding)))));
}

function finding([words, show]) {
  const filters = "type_pair" in show ? sliceFilters("type_pair", show.type_pair) : show;
  if (!filters || !Object.keys(filters).length) return element("li", {}, words);
  return element("li", {}, rowsLink(filters, words));
}

const unlabelled = () => notice(`The ${state.part} rows have no labels: nothing to compare with. `
  + "Their predictions are below, under Sentences.");

// a section that needs labels and maybe a table
function drawLabelled(section, selector, value, show) {
  const nothing = currentPart().labelled ? notice("The run has no such table.") : unlabelled();
  put(section, selector, value && currentPart().labelled ? show(value) : nothing);
}

function drawConfidence(bins) {
  const coverage = table("risk_coverage");
  const scores = coverage && lineChart({title: "Score of the surest predictions",
    x: [0, 100], y: [0, 100], xTitle: "rows kept (%)", yTitle: "%", lines: [
      {name: "micro-F1", colour: colour(0), x: coverage.coverage, y: coverage.micro_f1},
      {name: "accuracy", colour: colour(1), x: coverage.coverage, y: coverage.accuracy}]});
  return [reliabilityChart(records(bins)), scores];
}

function drawCurves() {
  const variants = DATA.models.slice(1);
  const charts = DATA.curves.map(curve => lineChart({title: curve.title, xTitle: "step", yTitle: "",
    lines: curve.lines.map(line => ({name: line.name,
      group: line.variant, colour: colour(variants.indexOf(line.variant)),
      x: line.step, y: line.value}))}));
  put("curves", ".charts", charts.length ? charts : notice("The run has no learning curves."));
}

function drawRobustness() {
  const found = Object.entries(DATA.robustness);
  if (!found.length) put("robustness", ".content", notice("Robustness was not measured in this run."));
  else put("robustness", ".content", found.map(([variant, {rates, changed}]) => [
    element("h3", {}, variant), robustnessTable(rates),
    element("details", {}, element("summary", {}, `${variant}: by relation`), robustnessByRelation(rates)),
    changed?.columns.guid.length ? element("details", {},
      element("summary", {}, `${variant}: ${counted(changed.total, "changed prediction")}`),
      growing(withSpans(changed), changedPrediction, changed.total)) : null]));
}

function drawLabels() {
  const found = DATA.label_noise;
  if (!found) return put("labels", ".content", notice("Label errors were not searched for in this run."));
  if (!found.total) return put("labels", ".content", notice("No label error is suspected."));
  return put("labels", ".content", [
    element("p", {class: "about"}, `${counted(found.total, "row")} whose label the models doubt, by `
      + "predictions of models that were not trained on them. For people to check: nothing is "
      + "changed by itself."),
    growing(withSpans(found), suspectedLabel, found.total)]);
}

const NO_VOTE = new Set(["guid", "actual", "divergence", "sentence", "spans"]);

function drawDisagreements() {
  const found = currentPart().disagreements;
  if (!found?.total) {
    return put("disagreements", ".content", notice(found
      ? "None: the ensemble has one member, or there are no rows." : "The run has no such table."));
  }
  // a member may be one seed of a variant: "bigru/2"
  const voters = Object.keys(found.columns).filter(name => !NO_VOTE.has(name));
  return put("disagreements", ".content", [
    element("p", {class: "about"}, "The rows on which the ensemble's members are furthest apart. "
      + "Divergence: 0 where all say the same, 1 where each is sure of something else."),
    growing(withSpans(found), row => disagreement(row, voters), found.total)]);
}

function drawBrowser() {
  const part = currentPart();
  const rows = select(part, state.model, state);
  const pages = Math.ceil(rows.length / PAGE);
  state.page = Math.min(state.page, Math.max(0, pages - 1));
  const shown = rows.slice(state.page * PAGE, (state.page + 1) * PAGE);
  put("sentences", ".rows", shown.map(row => rowCard(part, state.model, row,
    `#${new URLSearchParams({model: state.model, part: state.part, kind: "all", q: part.guid[row]})}`)));
  put("sentences", "output", `${whole(rows.length)} of ${counted(part.size, "row")}`);
  for (const place of document.querySelectorAll(".pager")) {
    place.replaceChildren(...pager(state.page, pages, page => {
      update({page});
      within("sentences", "h2").scrollIntoView();
    }));
  }
  setControls(document.getElementById("filters"), state);
}

function drawFilters() {
  document.getElementById("filters").replaceChildren(
    ...filterControls(currentPart(), (name, value) => update(name === null
      ? {...NO_FILTERS, kind: usualKind()} : {page: 0, [name]: value})).filter(known));
}

function drawModelAndPart() {
  document.getElementById("model").value = state.model;
  document.getElementById("part").value = state.part;
  for (const place of document.querySelectorAll(".which")) {
    const model = place.classList.contains("part-only") ? "" : `${state.model}, `;
    place.textContent = `${model}${state.part} rows`;
  }
  drawSummary();
  drawLabelled("confusions", ".content", true, () => matrix(currentPart(), state.model, openFromMatrix));
  drawLabelled("relations", ".content", table("per_relation"), relationTable);
  drawLabelled("confidence", ".charts", table("reliability"), drawConfidence);
  drawLabelled("slices", ".content", table("slices"), sliceTables);
  drawDisagreements();
  drawFilters();
  drawBrowser();
}

// --- what people do ---

function update(changes) {
  const again = "model" in changes || "part" in changes;
  Object.assign(state, changes);
  history.replaceState(null, "", address({}));
  if (again) drawModelAndPart();
  else drawBrowser();
}

// show rows in the browser, and go there
function open(filters) {
  update({...NO_FILTERS, kind: "all", ...filters});
  document.getElementById("back").hidden = true;
  const heading = within("sentences", "h2");
  heading.focus({preventScroll: true});
  heading.scrollIntoView();
}

function openFromMatrix(filters) {
  const cell = document.activeElement;
  open(filters);
  const back = document.getElementById("back");
  back.hidden = false;
  back.onclick = () => {
    cell.focus({preventScroll: true});
    cell.scrollIntoView({block: "center", inline: "center"});
  };
}

function start() {
  const choose = (name, options) => {
    const select = document.getElementById(name);
    select.append(...options);
    select.addEventListener("change", () => {
      const part = name === "part" ? {...NO_FILTERS, kind: DATA.parts[select.value].labelled ? "errors" : "all"} : {};
      update({...part, [name]: select.value});
    });
  };
  choose("model", DATA.models.map(name => option(name)));
  choose("part", PARTS.map(name => option(name, `${name} (${counted(DATA.parts[name].size, "row")}`
    + `${DATA.parts[name].labelled ? "" : ", no labels"})`)));
  // an anchor would replace the state that the address holds
  document.querySelector(".links").addEventListener("click", event => {
    if (!event.target.hash) return;
    event.preventDefault();
    document.querySelector(event.target.hash).scrollIntoView();
  });
  const showAddress = () => {
    const filtered = readAddress();
    drawModelAndPart();
    if (filtered) within("sentences", "h2").scrollIntoView();
  };
  document.getElementById("filters").addEventListener("submit", event => event.preventDefault());
  addEventListener("hashchange", showAddress);
  addEventListener("beforeprint", () =>
    document.querySelectorAll("details").forEach(details => { details.open = true; }));
  drawCurves();
  drawRobustness();
  drawLabels();
  showAddress();
}

start();
