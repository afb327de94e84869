"use strict";

// --- elements and numbers. Text becomes part of the page as text nodes only. ---

const SVG = "http://www.w3.org/2000/svg";
const DASH = "–";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) node.style.setProperty(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
  return node;
}

const element = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

const shape = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

const within = (section, selector) => document.querySelector(`#${section} ${selector}`);

const known = value => value !== null && value !== undefined;
const decimal = (value, digits = 1) => known(value) ? value.toFixed(digits) : DASH;
const whole = value => known(value) ? value.toLocaleString("en") : DASH;
const counted = (number, word) => `${whole(number)} ${word}${number === 1 ? "" : "s"}`;
const range = (low, high) => known(low) && known(high) ? `${decimal(low)}–${decimal(high)}` : "";
const words = name => name.replaceAll("_", " ");

const notice = text => element("p", {class: "notice"}, text);

// columns → one object per row
function records(columns) {
  const names = Object.keys(columns);
  return columns[names[0]].map((_, at) =>
    Object.fromEntries(names.map(name => [name, columns[name][at]])));
}

function grouped(rows, key) {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(key(row))) groups.set(key(row), []);
    groups.get(key(row)).push(row);
  }
  return groups;
}
