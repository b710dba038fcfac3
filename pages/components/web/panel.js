// Validation pictures at fixed places; only what is said of them changes. Nothing is rebuilt, so nothing jumps.
const MARKS = { right: "✓", wrong: "✕", "": "" };
const make = (tag, className) => Object.assign(document.createElement(tag), { className });

function makePlace() {
  const place = document.createElement("figure");
  const frame = make("div", "frame");
  const image = document.createElement("img");
  image.decoding = "async";
  const mark = make("span", "mark");
  mark.setAttribute("aria-hidden", "true");
  frame.append(image, mark);
  const bar = make("div", "bar");
  bar.append(document.createElement("span"));
  place.append(frame, make("div", "said"), bar, make("div", "sure"));
  return place;
}

function fill(place, item) {
  const image = place.querySelector("img");
  image.hidden = !item.src;
  if (item.src && image.getAttribute("src") !== item.src) image.src = item.src;
  image.alt = item.alt;
  const said = place.querySelector(".said");
  const changed = said.textContent && item.said && said.textContent !== item.said;
  place.className = item.tone;
  if (changed) {
    void place.offsetWidth; // so that the same animation can start again
    place.classList.add("fresh");
  }
  place.querySelector(".mark").textContent = MARKS[item.tone] || "";
  said.textContent = item.said;
  said.title = item.said;
  const sure = place.querySelector(".sure");
  sure.textContent = item.sure;
  sure.title = item.sure;
  place.querySelector(".bar span").style.width = item.share;
}

export default function ({ data, parentElement }) {
  const grid = parentElement.querySelector(".panel");
  grid.setAttribute("aria-label", data.label);
  while (grid.children.length > data.items.length) grid.lastChild.remove();
  data.items.forEach((item, index) => {
    if (!grid.children[index]) grid.append(makePlace());
    fill(grid.children[index], item);
  });
}
