"use strict";
const body = document.querySelector("tbody");
const box = document.querySelector("input");
const rows = [...body.rows];

function filter() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
  }
  const left = rows.filter(row => !row.hidden).length;
  document.querySelector("output").textContent = `${left} of ${rows.length}`;
}

const heads = [...document.querySelectorAll("th")];
heads.forEach((head, at) => head.querySelector("button").addEventListener("click", () => {
  const number = head.classList.contains("number");
  const was = head.getAttribute("aria-sort");
  const down = was ? was === "ascending" : number;  // the best scores first
  heads.forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = row => number ? row.cells[at].dataset.key ?? "" : row.cells[at].textContent;
  rows.sort((first, second) => {
    const a = key(first), b = key(second);
    if (a === "" || b === "") return (a === "") - (b === "");  // nothing stands last
    const order = number ? a - b : a.localeCompare(b, undefined, {numeric: true});
    return down ? -order : order;
  });
  body.append(...rows);
}));
box.addEventListener("input", filter);
filter();
