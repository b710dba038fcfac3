// The verdict: the headline with its interval to scale, the weakest classes, the most common mix-up as two pictures.
// Each figure opens to one sentence that says what it means.
const make = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

function place(line, item) {
  line.setAttribute("aria-label", item.words);
  Object.assign(line.querySelector(".range").style, { left: `${item.low * 100}%`, width: `${(item.high - item.low) * 100}%` });
  line.querySelector(".dot").style.left = `${item.value * 100}%`;
}

function whisker(item) {
  const line = make("div", "whisker small");
  line.setAttribute("role", "img");
  line.append(make("div", "axis"), make("div", "range"), make("div", "dot"));
  place(line, item);
  return line;
}

function fact(item) {
  const box = make("details", "why");
  const told = make("summary");
  told.append(make("span", "figure num", item.figure), make("span", "label", item.label));
  box.append(told, make("p", "", item.why));
  return box;
}

function weakClass(item, open) {
  const line = make("li");
  const name = make("button", "name", item.name);
  name.type = "button";
  name.title = item.name;
  name.setAttribute("aria-label", `Show what ${item.name} was taken for`);
  name.onclick = open;
  line.append(name, make("span", "found num", item.text), whisker(item));
  return line;
}

function picture(item) {
  const box = make("figure");
  const image = Object.assign(make("img"), { src: item.src, alt: item.alt, decoding: "async" });
  const words = make("figcaption");
  words.append(make("strong", "", item.title), make("span", "", item.note));
  box.append(image, words);
  return box;
}

function explain(section, item) {
  section.querySelector(".heading").textContent = item.title;
  section.querySelector(".why > p").textContent = item.why;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".verdict");
  const signature = JSON.stringify(data);
  if (root.dataset.signature === signature) return; // what is open stays open
  root.dataset.signature = signature;
  const put = (selector, text) => { root.querySelector(selector).textContent = text; };
  put(".said", data.said);
  put(".note", data.note);
  put(".legend", data.legend);
  root.querySelector(".note").hidden = !data.note;
  place(root.querySelector(".whisker"), data);
  root.querySelector(".base").style.left = `${data.baseline * 100}%`;
  root.querySelector(".facts").replaceChildren(...data.facts.map(fact));

  const [weak, pair] = [root.querySelector(".weak"), root.querySelector(".pair")];
  weak.hidden = !data.weak;
  if (data.weak) {
    explain(weak, data.weak);
    weak.querySelector("ul").replaceChildren(...data.weak.rows.map((item, place) => weakClass(item, () => setTriggerValue("open", { weak: place }))));
  }
  pair.hidden = !data.pair;
  if (data.pair) {
    explain(pair, data.pair);
    pair.querySelector(".pictures").replaceChildren(...data.pair.pictures.map(picture));
    const more = pair.querySelector(".more");
    more.textContent = data.pair.more;
    more.onclick = () => setTriggerValue("open", { pair: true });
  }
  root.querySelector(".points").hidden = !data.weak && !data.pair;
}
