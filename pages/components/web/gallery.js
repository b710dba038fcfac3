// Thumbnails by address. Tiles are reused, so scrolling position and focus survive an update.
const MARKS = { wrong: "✕", right: "✓" };

function makeTile(clickable) {
  const tile = document.createElement(clickable ? "button" : "figure");
  tile.className = "tile";
  if (clickable) tile.type = "button";
  const frame = Object.assign(document.createElement("span"), { className: "frame" });
  frame.append(makeImage());
  const words = Object.assign(document.createElement(clickable ? "span" : "figcaption"), { className: "words" });
  for (const name of ["title", "note"]) words.append(Object.assign(document.createElement("span"), { className: name }));
  tile.append(frame, words);
  return tile;
}

function makeImage(className = "") {
  return Object.assign(document.createElement("img"), { className, loading: "lazy", decoding: "async", alt: "" });
}

// Where the model looked, laid over the picture while it is pointed at or has the focus.
function layHeat(frame, src) {
  let heat = frame.children[1];
  if (!src) return heat?.remove();
  if (!heat) frame.append((heat = makeImage("heat")));
  if (heat.getAttribute("src") !== src) heat.src = src;
}

function fillTile(tile, item) {
  tile.dataset.id = item.id;
  tile.className = `tile ${item.tone || ""}`;
  const [frame, words] = tile.children;
  const image = frame.firstChild;
  if (image.getAttribute("src") !== item.src) image.src = item.src;
  image.alt = item.alt;
  layHeat(frame, item.heat);
  const [title, note] = words.children;
  title.textContent = "";
  if (item.tone) title.append(Object.assign(document.createElement("span"), { className: "mark", textContent: MARKS[item.tone] || "" }));
  title.append(document.createTextNode(item.title || ""));
  note.textContent = item.note || "";
  words.title = [item.title, item.note].filter(Boolean).join(" · ");
  words.hidden = !item.title && !item.note;
  title.hidden = !item.title;
  note.hidden = !item.note;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector(".gallery");
  const clickable = Boolean(data.action);
  grid.classList.toggle("pairs", Boolean(data.pairs));
  grid.style.setProperty("--tile", `${data.tile}px`);
  grid.setAttribute("aria-label", data.label);
  while (grid.children.length > data.items.length) grid.lastChild.remove();
  data.items.forEach((item, index) => {
    let tile = grid.children[index];
    if (!tile) grid.append((tile = makeTile(clickable)));
    fillTile(tile, item);
    if (clickable) {
      tile.setAttribute("aria-label", `${data.action}: ${item.alt}`);
      tile.onclick = () => setTriggerValue("open", tile.dataset.id);
    }
  });
}
