// Where a run stands. Every tick changes text and width only; nothing is rebuilt, so nothing jumps.
const STATES = { done: "done", now: "now", todo: "to come" };

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".stages");
  const strip = root.querySelector(".strip");
  strip.style.setProperty("--count", String(data.stages.length));
  root.querySelector(".step").textContent = data.step;
  while (strip.children.length > data.stages.length) strip.lastChild.remove();
  data.stages.forEach((stage, index) => {
    let item = strip.children[index];
    if (!item) {
      item = document.createElement("li");
      item.append(document.createElement("span"), Object.assign(document.createElement("span"), { className: "mark" }));
      strip.append(item);
    }
    item.className = stage.state;
    item.children[0].textContent = stage.name;
    item.children[1].textContent = STATES[stage.state];
    if (stage.state === "now") item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
  const eta = root.querySelector(".eta");
  if (eta.textContent !== data.headline) eta.textContent = data.headline;
  const bar = root.querySelector(".bar");
  bar.setAttribute("aria-label", data.label);
  bar.setAttribute("aria-valuenow", String(Math.round(data.share * 100)));
  bar.firstElementChild.style.width = `${data.share * 100}%`;
  const figures = root.querySelector(".figures");
  while (figures.children.length > data.figures.length) figures.lastChild.remove();
  data.figures.forEach((text, index) => {
    if (!figures.children[index]) figures.append(document.createElement("span"));
    figures.children[index].textContent = text;
  });
}
