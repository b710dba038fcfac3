// Pictures side by side. Nothing is rebuilt, so nothing jumps; names are only ever written as text.
const MARKS = { wrong: "✕", right: "✓" };
const FEW = 3; // up to so many fill the width; more keep their size
const make = (tag, className = "") => Object.assign(document.createElement(tag), { className });

function makePane() {
  const pane = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const title = make("span", "title");
  title.append(Object.assign(make("span", "mark"), { hidden: true }), document.createTextNode(""));
  caption.append(title, make("span", "note"));
  const scale = make("div", "scale");
  const strip = document.createElement("img");
  strip.alt = "";
  scale.append(make("span", "low"), strip, make("span", "high"));
  pane.append(Object.assign(document.createElement("img"), { decoding: "async" }), scale, caption);
  return pane;
}

function fill(pane, item) {
  pane.className = item.tone;
  pane.style.setProperty("--ratio", String(item.ratio));
  const [image, scale, caption] = pane.children;
  if (image.src !== item.src) image.src = item.src;
  image.alt = item.alt;
  scale.hidden = !item.legend;
  scale.style.display = item.legend ? "" : "none";
  if (item.legend) {
    scale.children[0].textContent = item.legend.low;
    scale.children[0].title = item.legend.low;
    scale.children[1].src = item.legend.src;
    scale.children[2].textContent = item.legend.high;
    scale.children[2].title = item.legend.high;
  }
  const [mark, words] = caption.querySelector(".title").childNodes;
  mark.hidden = !item.tone;
  mark.textContent = MARKS[item.tone] || "";
  words.textContent = item.title;
  caption.querySelector(".note").textContent = item.note;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".panes");
  root.setAttribute("aria-label", data.label);
  root.style.setProperty("--least", `${data.least}px`);
  root.style.setProperty("--count", String(data.items.length));
  root.classList.toggle("few", data.items.length <= FEW);
  while (root.children.length > data.items.length) root.lastChild.remove();
  data.items.forEach((item, index) => {
    if (!root.children[index]) root.append(makePane());
    fill(root.children[index], item);
  });
}
