// A grid of buttons: rows are the truth, columns what the model said. Arrow keys move, Enter or a click selects.
// The DOM is built once per set of classes and then only updated, so the keyboard focus is never lost.
const CROWDED = 12; // classes; beyond it an empty cell is a dot, so that the others stand out

const make = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

function build(root, classes) {
  root.textContent = "";
  const table = make("table");
  table.setAttribute("role", "grid");
  const axis = table.createTHead().insertRow();
  const above = Object.assign(make("th", "axis"), { colSpan: classes.length });
  above.append(make("span", "", "Model said"));
  axis.append(make("td"), above);
  const head = table.tHead.insertRow();
  head.append(make("th", "axis", "True"));
  for (const name of classes) {
    const cell = Object.assign(make("th", "column"), { scope: "col", title: name });
    cell.append(make("span", "", name));
    head.append(cell);
  }
  const body = table.createTBody();
  classes.forEach((name, row) => {
    const line = body.insertRow();
    line.append(Object.assign(make("th", "row", name), { scope: "row", title: name }));
    classes.forEach((_, column) => {
      const button = Object.assign(make("button"), { type: "button" });
      button.dataset.row = row;
      button.dataset.column = column;
      line.insertCell().append(button);
    });
  });
  const frame = make("div", "window");
  frame.append(table);
  root.append(frame, make("div", "key"));
  return table;
}

function paint(button, data, row, column) {
  const count = data.counts[row][column];
  const total = data.counts[row].reduce((sum, value) => sum + value, 0);
  const share = total ? count / total : 0;
  const kind = count === 0 ? "none" : row === column ? "hit" : "miss";
  const depth = count === 0 ? 0 : 0.18 + 0.82 * share;
  button.parentElement.className = `${kind} ${depth > 0.55 ? "strong" : ""}`;
  button.style.setProperty("--share", depth.toFixed(3));
  button.textContent = count === 0 && data.classes.length > CROWDED ? "·" : String(count);
  const [truth, said] = [data.classes[row], data.classes[column]];
  button.setAttribute("aria-label", row === column
    ? `${count} of ${total} ${truth} recognised as ${said}`
    : `${count} of ${total} ${truth} taken for ${said}`);
  button.title = button.getAttribute("aria-label");
}

// Cells are as large as the width allows, within reason; below the least size the grid scrolls sideways.
function fit(root) {
  const count = root.querySelectorAll("tbody tr").length;
  const header = root.querySelector("th.row").offsetWidth;
  const free = Math.floor((root.clientWidth - header - 14) / count) - 3;
  root.style.setProperty("--cell", `${Math.max(34, Math.min(count > 4 ? 52 : count > 3 ? 76 : 104, free))}px`);
}

// Bring a cell into the middle of the grid's own window; the page stays where it is.
function reveal(frame, cell) {
  const [around, inner] = [frame.getBoundingClientRect(), cell.getBoundingClientRect()];
  frame.scrollTop += inner.top - around.top - frame.clientHeight / 2;
  frame.scrollLeft += inner.left - around.left - frame.clientWidth / 2;
}

function target(key, row, column, last) {
  const steps = { ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
    Home: [row, 0], End: [row, last], PageUp: [0, column], PageDown: [last, column] };
  const step = steps[key];
  return step && step.map((value) => Math.min(last, Math.max(0, value)));
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".matrix");
  const last = data.classes.length - 1;
  const signature = JSON.stringify(data.classes);
  const fresh = root.dataset.classes !== signature;
  if (fresh) {
    build(root, data.classes);
    root.dataset.classes = signature;
    const longest = Math.max(...data.classes.map((name) => name.length));
    root.classList.toggle("upright", longest > (data.classes.length > 5 ? 4 : 12));
    if (!root.dataset.watched) new ResizeObserver(() => fit(root)).observe(root);
    root.dataset.watched = "1";
  }
  fit(root);
  root.querySelector("table").setAttribute("aria-label", data.label);
  root.querySelector(".key").textContent = data.key;
  const rows = root.querySelector("tbody").rows;
  const at = (row, column) => rows[row].cells[column + 1].firstChild;
  const select = (row, column) => {
    root.querySelectorAll("button").forEach((button) => {
      const chosen = Number(button.dataset.row) === row && Number(button.dataset.column) === column;
      button.setAttribute("aria-pressed", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    });
  };
  data.counts.forEach((line, row) => line.forEach((_, column) => paint(at(row, column), data, row, column)));
  select(...data.selected);
  if (fresh) reveal(root.querySelector(".window"), at(...data.selected));
  root.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const cell = [Number(button.dataset.row), Number(button.dataset.column)];
    select(...cell);
    button.focus();
    setStateValue("cell", cell);
  };
  root.onkeydown = (event) => {
    const button = event.target.closest("button");
    const next = button && target(event.key, Number(button.dataset.row), Number(button.dataset.column), last);
    if (!next) return;
    event.preventDefault();
    button.tabIndex = -1;
    at(...next).tabIndex = 0;
    at(...next).focus();
  };
}
