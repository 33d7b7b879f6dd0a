"use strict";
// Sorting is the vendored library's: a click on a header's button. Here: filter, enlarged figures, print.
for (const box of document.querySelectorAll(".filter")) {
  const table = box.parentElement.querySelector("table");
  const said = box.querySelector("output");
  box.querySelector("input").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    said.textContent = words.length ? `${shown} of ${table.tBodies[0].rows.length} rows` : "";
  });
}

const zoom = document.getElementById("zoom");
const room = zoom.querySelector(".zoomed");
let home = null;
let size = 1;

function resize(factor) {
  size = Math.min(6, Math.max(1, size * factor));
  room.firstElementChild.style.width = `${size * 100}%`;
}

// The drawing itself is moved, not copied: its ids stay unique.
for (const button of document.querySelectorAll("button.picture")) {
  button.addEventListener("click", () => {
    home = button;
    button.style.minHeight = `${button.clientHeight}px`;
    room.append(button.firstElementChild);
    zoom.showModal();
    size = 1;
    resize(Math.max(1, 1000 / room.clientWidth));
  });
}
zoom.addEventListener("close", () => {
  room.firstElementChild.style.width = "";
  home.append(room.firstElementChild);
  home.style.minHeight = "";
  home.focus();
});
for (const button of zoom.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => resize(button.dataset.zoom === "+" ? 1.5 : 1 / 1.5));
}

// On a small screen the contents would hide the answer.
const contents = document.querySelector("nav details");
const isWide = matchMedia("(min-width: 1180px)");
const unfold = () => { contents.open = isWide.matches; };
isWide.addEventListener("change", unfold);
unfold();
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("main details")) details.open = true;
});
