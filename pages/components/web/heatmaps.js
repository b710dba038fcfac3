// Small pictures under their heatmaps, with one slider for all of them; a click opens a picture at the top of the page.
const MARKS = { wrong: "✕", right: "✓" };
const make = (tag, className = "") => Object.assign(document.createElement(tag), { className });

function makeTile() {
  const tile = Object.assign(make("button", "tile"), { type: "button" });
  const stack = make("span", "stack");
  for (let layer = 0; layer < 2; layer += 1) {
    stack.append(Object.assign(document.createElement("img"), { loading: "lazy", decoding: "async", alt: "" }));
  }
  const words = make("span", "words");
  const title = make("span", "title");
  title.append(make("span", "mark"), document.createTextNode(""));
  words.append(title, make("span", "note"));
  tile.append(stack, words);
  return tile;
}

function fill(tile, item) {
  tile.className = `tile ${item.tone}`;
  tile.setAttribute("aria-label", item.label);
  const [stack, words] = tile.children;
  [item.picture, item.heat].forEach((source, layer) => {
    const image = stack.children[layer];
    if (image.getAttribute("src") !== source) image.src = source;
  });
  const [mark, name] = words.firstChild.childNodes;
  mark.textContent = MARKS[item.tone] || "";
  name.textContent = item.title;
  words.lastChild.textContent = item.note;
  words.title = `${item.title} · ${item.note}`;
}

function toTop() {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0, behavior: calm ? "auto" : "smooth" });
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".heatmaps");
  const grid = root.querySelector(".grid");
  const [slider, output] = [root.querySelector("input"), root.querySelector("output")];
  grid.setAttribute("aria-label", data.label);
  root.style.setProperty("--tile", `${data.tile}px`);
  const show = () => {
    root.style.setProperty("--opacity", String(slider.value / 100));
    output.textContent = `${slider.value} %`;
    slider.setAttribute("aria-valuetext", `${slider.value} percent`);
  };
  slider.oninput = show;
  show();
  while (grid.children.length > data.items.length) grid.lastChild.remove();
  data.items.forEach((item, index) => {
    if (!grid.children[index]) grid.append(makeTile());
    const tile = grid.children[index];
    fill(tile, item);
    tile.onclick = () => {
      setTriggerValue("open", item.id);
      toTop();
    };
  });
}
