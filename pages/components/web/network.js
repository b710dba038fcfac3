// A network as blocks, one for each layer: the face is as large as its maps, the depth grows with their number; a list
// is a thin column. Each block is a button. The DOM is updated in place, so the keyboard focus is never lost.
const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [96, 84];
const LARGEST = 56; // pixels of the face of the picture itself

const make = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

function drawn(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const corners = (points) => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

// The face is scaled by the square root, or maps of 4 x 4 would be a dot beside a picture of 64 x 64.
function block(tile, input) {
  const face = Math.max(5, LARGEST * Math.sqrt(tile.side / input));
  const deep = 3 + 2.6 * Math.log2(tile.maps);
  const [left, bottom] = [(WIDTH - face - deep) / 2, HEIGHT - 3];
  const [right, top, up] = [left + face, bottom - face, deep * 0.55];
  return [
    drawn("polygon", { class: "roof", points: corners([[left, top], [left + deep, top - up], [right + deep, top - up], [right, top]]) }),
    drawn("polygon", { class: "flank", points: corners([[right, top], [right + deep, top - up], [right + deep, bottom - up], [right, bottom]]) }),
    drawn("rect", { class: "face", x: left, y: top, width: face, height: face }),
  ];
}

function column(tile) {
  const high = Math.min(HEIGHT - 8, 10 + 5 * Math.log2(tile.maps));
  return [drawn("rect", { class: "face", x: WIDTH / 2 - 5, y: HEIGHT - 3 - high, width: 10, height: high, rx: 3 })];
}

function unknown() {
  const text = drawn("text", { x: WIDTH / 2, y: HEIGHT - 20, "text-anchor": "middle" });
  text.textContent = "?";
  return [text];
}

function makeTile(index) {
  const button = Object.assign(make("button", "layer"), { type: "button" });
  button.dataset.index = index;
  const picture = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
  button.append(picture, make("span", "title"), make("span", "detail"), make("span", "gives num"), make("span", "weights num"));
  return button;
}

function fill(button, tile, data, place) {
  const [picture, title, detail, gives, weights] = button.children;
  const parts = !tile.maps ? unknown() : tile.side ? block(tile, data.input) : column(tile);
  picture.replaceChildren(...parts);
  title.textContent = (tile.fault ? "⚠ " : "") + tile.title;
  detail.textContent = tile.detail;
  gives.textContent = tile.gives;
  weights.textContent = tile.weights;
  const chosen = place === data.selected;
  button.className = ["layer", tile.tint, tile.fault && "fault", !tile.maps && "unknown", chosen && "chosen"].filter(Boolean).join(" ");
  button.setAttribute("aria-pressed", String(chosen));
  button.setAttribute("aria-label", tile.words);
  button.title = tile.words;
  button.dataset.number = tile.number;
  button.tabIndex = chosen ? 0 : -1;
}

function step(event, place, last) {
  const steps = { ArrowRight: place + 1, ArrowDown: place + 1, ArrowLeft: place - 1, ArrowUp: place - 1, Home: 0, End: last };
  return event.key in steps ? Math.max(0, Math.min(last, steps[event.key])) : null;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".network");
  const strip = root.querySelector(".strip");
  strip.setAttribute("aria-label", data.label);
  root.querySelector(".key").textContent = data.key;
  const focused = strip.contains(root.getRootNode().activeElement);
  while (strip.children.length > data.tiles.length) strip.lastChild.remove();
  data.tiles.forEach((tile, index) => {
    if (!strip.children[index]) strip.append(makeTile(index));
    fill(strip.children[index], tile, data, index);
  });
  if (focused) strip.children[data.selected]?.focus({ preventScroll: true });
  root.onclick = (event) => {
    const button = event.target.closest("button");
    if (button) setTriggerValue("pick", Number(button.dataset.index));
  };
  root.onkeydown = (event) => {
    const button = event.target.closest("button");
    if (!button || event.ctrlKey || event.metaKey) return;
    const place = Number(button.dataset.index);
    const moves = { ArrowLeft: "earlier", ArrowRight: "later" };
    const what = event.key === "Delete" ? "remove" : event.altKey && moves[event.key];
    if (what) {
      event.preventDefault();
      setTriggerValue("act", { what, index: place });
      return;
    }
    const next = event.altKey ? null : step(event, place, data.tiles.length - 1);
    if (next === null) return;
    event.preventDefault();
    button.tabIndex = -1;
    strip.children[next].tabIndex = 0;
    strip.children[next].focus();
  };
}
