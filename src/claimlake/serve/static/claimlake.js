// Progressive enhancement only: every page works without this file.
"use strict";

// Filters apply when a choice changes; without script the Apply button does.
for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  form.classList.add("is-live");
  form.addEventListener("change", () => form.requestSubmit());
  form.addEventListener("submit", () => {
    for (const field of form.querySelectorAll("select, input")) {
      if (field.value === "") field.disabled = true;
    }
  });
}
// A page that comes back from the browser's history must have its fields again.
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[data-submit-on-change] :disabled")) field.disabled = false;
});

// Tables sort by a click on a heading.
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const valueOf = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.sort ?? cell.textContent.trim();
};
const compare = (left, right) => {
  const [a, b] = [Number(left), Number(right)];
  if (left !== "" && right !== "" && !Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  return collator.compare(left, right);
};
const sort = (table, column, descending) => {
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => (descending ? -1 : 1) * compare(valueOf(a, column), valueOf(b, column)));
  table.tBodies[0].append(...rows);
};
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      const descending = was ? was === "ascending" : head.classList.contains("number");
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sort(table, column, descending);
    });
  });
}

// Marks of charts show their words at once instead of after the browser's delay.
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
tip.setAttribute("aria-hidden", "true");
document.body.append(tip);
const show = (mark) => {
  const title = mark.querySelector("title");
  if (title) title.remove();
  tip.textContent = mark.getAttribute("aria-label");
  tip.hidden = false;
  const box = (mark.querySelector(".dot, .bar, .heat") ?? mark).getBoundingClientRect();
  const left = Math.min(Math.max(box.left + box.width / 2 - tip.offsetWidth / 2, 8), innerWidth - tip.offsetWidth - 8);
  const above = box.top - tip.offsetHeight - 8;
  tip.style.setProperty("left", `${left + scrollX}px`);
  tip.style.setProperty("top", `${(above > 4 ? above : box.bottom + 8) + scrollY}px`);
};
for (const mark of document.querySelectorAll("svg.chart .mark")) {
  mark.addEventListener("pointerenter", () => show(mark));
  mark.addEventListener("focus", () => show(mark));
  mark.addEventListener("pointerleave", () => { tip.hidden = true; });
  mark.addEventListener("blur", () => { tip.hidden = true; });
}
addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
