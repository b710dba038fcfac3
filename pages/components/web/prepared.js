// One picture before and after it was made ready. Boxes come as shares of the frame; the frame's shape is data.ratio.
const place = (element, box) => {
  const [left, top, width, height] = box.map((share) => `${share * 100}%`);
  Object.assign(element.style, { left, top, width, height });
};

const caption = (figure, words) => {
  const text = figure.querySelector("figcaption");
  text.textContent = words.text;
  text.prepend(Object.assign(document.createElement("b"), { textContent: words.title }));
};

const show = (figure, words) => {
  const image = figure.querySelector("img");
  if (image.getAttribute("src") !== words.src) image.src = words.src;
  image.alt = words.alt;
  caption(figure, words);
};

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".prepared");
  const [before, after, values] = ["before", "after", "values"].map((name) => root.querySelector(`.${name}`));
  const frame = before.querySelector(".frame");
  root.style.setProperty("--bars", data.bars);
  // At most as high as it would be were it square, so that a tall picture does not push the page down.
  frame.style.aspectRatio = String(data.ratio);
  frame.style.width = data.ratio < 1 ? `${data.ratio * 100}%` : "100%";
  show(before, data.before);
  place(before.querySelector("img"), data.picture);
  place(before.querySelector(".seen"), data.seen);
  show(after, data.after);
  show(values, data.values);
}
