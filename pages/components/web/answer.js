// The answer very large, then the probabilities, best first. Names are only ever written as text.
export default function ({ data, parentElement }) {
  const list = parentElement.querySelector("ol");
  for (const name of ["label", "sure", "took"]) {
    const place = parentElement.querySelector(`.${name}`);
    place.textContent = data[name];
    place.hidden = !data[name];
  }
  list.setAttribute("aria-label", data.title);
  while (list.children.length > data.rows.length) list.lastChild.remove();
  data.rows.forEach((row, index) => {
    let item = list.children[index];
    if (!item) {
      item = document.createElement("li");
      for (const name of ["name", "num", "track"]) item.append(Object.assign(document.createElement("span"), { className: name }));
      const fill = Object.assign(document.createElement("div"), { className: "fill" });
      item.lastChild.style.display = "block";
      item.lastChild.append(fill);
      list.append(item);
    }
    item.className = index === 0 ? "first" : "";
    item.children[0].textContent = row.name;
    item.children[0].title = row.name;
    item.children[1].textContent = row.text;
    item.children[2].firstChild.style.width = `${Math.max(0.5, row.value * 100)}%`;
  });
}
