// Pictures per class as stacked bars; lengths share one scale, so the eye sees imbalance at once.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".balance");
  const signature = JSON.stringify(data);
  if (root.dataset.signature === signature) return;
  root.dataset.signature = signature;
  const [legend, list] = root.children;
  legend.textContent = "";
  data.legend.forEach((text, index) => legend.append(Object.assign(document.createElement("span"), { className: `part${index}`, textContent: text })));
  list.textContent = "";
  list.setAttribute("aria-label", data.label);
  list.tabIndex = data.rows.length > 12 ? 0 : -1;
  const most = Math.max(1, ...data.rows.map((row) => row.total));
  for (const row of data.rows) {
    const item = document.createElement("li");
    const make = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text || "" });
    const track = make("div", "track");
    row.parts.forEach((value, index) => {
      const piece = make("div", `part${index}`);
      piece.style.width = `${(value / most) * 100}%`;
      piece.title = `${value} ${data.legend[index].split(":")[0]}`;
      if (value) track.append(piece);
    });
    item.append(Object.assign(make("span", "name", row.name), { title: row.name }), track, make("span", "total num", row.total.toLocaleString("en")));
    list.append(item);
  }
}
