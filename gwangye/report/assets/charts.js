// --- charts: small SVG drawings whose every mark has a title ---

const FRAME = {width: 480, height: 250, left: 42, right: 12, top: 12, bottom: 38};

const colour = at => `var(--series-${at % 8})`;

// a score with its interval, on a scale from 0 to 100
function intervalBar(value, low, high, title) {
  const line = (kind, from, to) =>
    shape("line", {class: kind, x1: `${from}%`, x2: `${to}%`, y1: 7, y2: 7});
  const marks = known(value) ? [shape("rect", {class: "value", width: `${value}%`, y: 3, height: 8})] : [];
  if (known(low) && known(high)) marks.push(line("range", low, high));
  return shape("svg", {class: "interval", width: "100%", height: 14, role: "img", "aria-label": title},
    shape("title", {}, title), line("scale", 0, 100), marks);
}

function ticks(low, high) {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(size => size >= rough);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step) {
    found.push(Number(at.toPrecision(6)));
  }
  return found;
}

function axes({x, y, xTitle, yTitle}) {
  const {width, height, left, right, top, bottom} = FRAME;
  const toX = value => left + (value - x[0]) / (x[1] - x[0] || 1) * (width - left - right);
  const toY = value => height - bottom - (value - y[0]) / (y[1] - y[0] || 1) * (height - top - bottom);
  const text = (words, attributes) => shape("text", attributes, words);
  const marks = [
    ...ticks(...y).flatMap(at => [
      shape("line", {class: "grid", x1: left, x2: width - right, y1: toY(at), y2: toY(at)}),
      text(String(at), {x: left - 6, y: toY(at) + 4, "text-anchor": "end"})]),
    ...ticks(...x).map(at =>
      text(String(at), {x: toX(at), y: height - bottom + 15, "text-anchor": "middle"})),
    text(xTitle, {class: "axis", x: (left + width - right) / 2, y: height - 5, "text-anchor": "middle"}),
    text(yTitle, {class: "axis", x: 11, y: (top + height - bottom) / 2, "text-anchor": "middle",
      transform: `rotate(-90 11 ${(top + height - bottom) / 2})`}),
  ];
  return {toX, toY, marks};
}

function figure(title, label, marks, legend = null) {
  const {width, height} = FRAME;
  return element("figure", {}, element("figcaption", {}, title),
    shape("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label}, marks), legend);
}

// lines: [{name, colour, x: [...], y: [...]}]
function lineChart({title, lines, xTitle, yTitle, x, y, legend = true}) {
  const values = axis => lines.flatMap(line => line[axis]).filter(known);
  const bounds = axis => [Math.min(...values(axis)), Math.max(...values(axis))];
  const {toX, toY, marks} = axes({x: x ?? [0, bounds("x")[1]], y: y ?? padded(bounds("y")), xTitle, yTitle});
  for (const line of lines) {
    const points = line.x.map((at, i) => [at, line.y[i]]).filter(point => known(point[1]));
    const path = points.map(([a, b], i) => `${i ? "L" : "M"}${toX(a).toFixed(1)} ${toY(b).toFixed(1)}`);
    marks.push(shape("path", {class: "line", d: path.join(""), "--colour": line.colour}));
    if (points.length > 60) continue;
    marks.push(...points.map(([a, b]) => shape("circle", {class: "point", cx: toX(a), cy: toY(b),
      r: points.length > 12 ? 1.8 : 3, "--colour": line.colour},
      shape("title", {}, `${line.name}, ${xTitle} ${a}: ${b}`))));
  }
  const last = lines.map(line => `${line.name} ${line.y.filter(known).at(-1)}`).join(", ");
  return figure(title, `${title}. Last: ${last}`, marks, legend ? legendOf(lines) : null);
}

const padded = ([low, high]) => {
  const margin = (high - low || Math.abs(high) || 1) * 0.06;
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
};

function legendOf(lines) {
  const names = new Map(lines.map(line => [line.group ?? line.name, line.colour]));
  return element("p", {class: "legend"}, [...names].map(([name, own]) =>
    element("span", {"--colour": own}, name)));
}

// bins: rows of metrics/reliability
function reliabilityChart(bins) {
  const {toX, toY, marks} = axes({x: [0, 100], y: [0, 100],
    xTitle: "confidence (%)", yTitle: "accuracy (%)"});
  const most = Math.max(...bins.map(bin => bin.share));
  for (const bin of bins.filter(bin => bin.rows)) {
    const title = `confidence ${decimal(bin.lower)}–${decimal(bin.upper)} %: `
      + `${decimal(bin.accuracy)} % right, ${counted(bin.rows, "row")}`;
    const box = {x: toX(bin.lower) + 1, width: toX(bin.upper) - toX(bin.lower) - 2};
    marks.push(shape("rect", {class: "bin", ...box, y: toY(bin.accuracy),
      height: toY(0) - toY(bin.accuracy), opacity: 0.35 + 0.65 * bin.share / most},
      shape("title", {}, title)));
    marks.push(shape("circle", {class: "point", cx: toX(bin.confidence), cy: toY(bin.accuracy), r: 2.5,
      "--colour": "var(--ink)"}, shape("title", {}, title)));
  }
  marks.push(shape("line", {class: "diagonal", x1: toX(0), y1: toY(0), x2: toX(100), y2: toY(100)}));
  return figure("Reliability (the paler, the fewer rows)", "Accuracy by confidence", marks);
}
