// Makes the heads of a table sort its rows, where the caption says so; lets arrow keys move wide ones.

function value(row, column) {
  const text = row.cells[column].textContent.trim();
  const number = Number.parseFloat(text.replaceAll(",", "").replace("−", "-").replace("∞", "Infinity"));
  return Number.isNaN(number) ? text : number;
}

function sort(table, column, ascending) {
  const rows = [...table.tBodies[0].rows];
  const sign = ascending ? 1 : -1;
  rows.sort((one, other) => {
    const [a, b] = [value(one, column), value(other, column)];
    const words = (typeof a === "string") - (typeof b === "string");
    if (words) return words; // what is no number, as "–", comes last in both directions
    return sign * (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b || 0);
  });
  table.tBodies[0].append(...rows);
}

for (const table of document.querySelectorAll(".bd-article table")) {
  if (!table.caption?.textContent.includes("head sorts by it")) continue;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      sort(table, column, ascending);
    });
  });
}

// A table that is wider than its page scrolls: whoever has no mouse comes to it by the tab key.
function reach() {
  for (const frame of document.querySelectorAll(".pst-scrollable-table-container")) {
    if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  }
}

reach();
for (const change of ["load", "resize"]) window.addEventListener(change, reach);
