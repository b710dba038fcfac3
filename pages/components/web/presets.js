// Cards to choose one of: a group of radio buttons, used with arrow keys as such groups are.
const CARD = ["top", "time", "what", "quality", "reason"];

function makeCard() {
  const card = Object.assign(document.createElement("button"), { type: "button", className: "preset" });
  card.setAttribute("role", "radio");
  for (const name of CARD) card.append(Object.assign(document.createElement("span"), { className: name }));
  const top = card.querySelector(".top");
  for (const name of ["ring", "name", "badge"]) top.append(Object.assign(document.createElement("span"), { className: name }));
  top.querySelector(".ring").setAttribute("aria-hidden", "true");
  card.querySelector(".time").append(document.createElement("span"), document.createElement("small"));
  return card;
}

function fill(card, item) {
  card.dataset.id = item.id;
  card.setAttribute("aria-label", [item.name, item.badge, item.time].filter(Boolean).join(", "));
  card.setAttribute("aria-description", [item.what, item.quality, item.reason].filter(Boolean).join(" "));
  const put = (selector, text) => {
    const place = card.querySelector(selector);
    if (place.textContent !== text) place.textContent = text;
    place.hidden = !text;
  };
  put(".name", item.name);
  put(".badge", item.badge);
  put(".time span", item.time);
  put(".time small", item.basis);
  put(".what", item.what);
  put(".quality", item.quality);
  put(".reason", item.reason);
}

function mark(group, id) {
  for (const card of group.children) {
    const chosen = card.dataset.id === id;
    card.setAttribute("aria-checked", String(chosen));
    card.tabIndex = chosen ? 0 : -1;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const group = parentElement.querySelector(".presets");
  group.setAttribute("aria-label", data.label);
  while (group.children.length > data.cards.length) group.lastChild.remove();
  const choose = (card) => {
    mark(group, card.dataset.id);
    setTriggerValue("choose", card.dataset.id);
  };
  data.cards.forEach((item, index) => {
    if (!group.children[index]) group.append(makeCard());
    const card = group.children[index];
    fill(card, item);
    card.onclick = () => choose(card);
    card.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = group.children[(index + step + data.cards.length) % data.cards.length];
      next.focus();
      choose(next);
    };
  });
  mark(group, data.chosen);
}
