// The headline of an evaluation, with its interval drawn to scale.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".verdict");
  const put = (selector, text) => { root.querySelector(selector).textContent = text; };
  put(".said", data.said);
  put(".note", data.note);
  put(".legend", data.legend);
  root.querySelector(".note").hidden = !data.note;
  const line = root.querySelector(".whisker");
  line.setAttribute("aria-label", data.words);
  Object.assign(root.querySelector(".range").style, { left: `${data.low * 100}%`, width: `${(data.high - data.low) * 100}%` });
  root.querySelector(".dot").style.left = `${data.value * 100}%`;
  root.querySelector(".base").style.left = `${data.baseline * 100}%`;
}
