// A grid of buttons: rows are the truth, columns what the model said. Arrow keys move, Enter or a click selects.
// The DOM is built once per set of classes and then only updated, so the keyboard focus is never lost.
const CROWDED = 12; // classes; beyond it an empty cell is a dot, so that the others stand out

const make = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

function head(table, data) {
  const axis = table.createTHead().insertRow();
  const above = Object.assign(make("th", "axis"), { colSpan: data.classes.length + (data.others ? 1 : 0) });
  above.append(make("span", "", "Model said"));
  axis.append(make("td"), above);
  const names = table.tHead.insertRow();
  names.append(make("th", "axis", "True"));
  for (const name of data.others ? [...data.classes, data.others] : data.classes) {
    const cell = Object.assign(make("th", "column"), { scope: "col", title: name });
    cell.append(make("span", "", name));
    names.append(cell);
  }
}

function build(root, data) {
  root.textContent = "";
  const table = make("table");
  table.setAttribute("role", "grid");
  head(table, data);
  const body = table.createTBody();
  data.classes.forEach((name, row) => {
    const line = body.insertRow();
    line.append(Object.assign(make("th", "row", name), { scope: "row", title: name }));
    data.classes.forEach((_, column) => {
      const button = Object.assign(make("button"), { type: "button" });
      button.dataset.row = row;
      button.dataset.column = column;
      line.insertCell().append(button);
    });
    if (data.others) line.append(make("td", "rest"));
  });
  if (data.others) {
    const line = table.createTFoot().insertRow();
    line.append(Object.assign(make("th", "row", data.others), { scope: "row" }), ...data.classes.map(() => make("td", "rest")), make("td"));
  }
  const frame = make("div", "window");
  frame.append(table);
  const key = Object.assign(make("div", "key"), { id: "matrix-key" });
  table.setAttribute("aria-describedby", key.id);
  const told = make("div", "hidden told");
  told.setAttribute("role", "status");
  root.append(frame, key, told);
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

// Never 0 or 100 for what is only nearly so.
function percent(part, whole) {
  const share = whole ? (100 * part) / whole : 0;
  if (part && share < 0.5) return "<1";
  if (part < whole && share > 99.5) return ">99";
  return String(Math.round(share));
}

function words(data, count, row, column) {
  const [truth, said, total, named] = [data.classes[row], data.classes[column], data.trueTotals[row], data.saidTotals[column]];
  if (data.shares === "column") return `${count} of ${named} called ${said} are ${truth}, ${percent(count, named)} %`;
  const what = `${count} of ${total} ${truth} ${row === column ? "recognised as" : "taken for"} ${said}`;
  return data.shares === "row" ? `${what}, ${percent(count, total)} %` : what;
}

function paint(button, data, row, column) {
  const count = data.counts[row][column];
  const whole = data.shares === "column" ? data.saidTotals[column] : data.trueTotals[row];
  const kind = count === 0 ? "none" : row === column ? "hit" : "miss";
  const depth = count === 0 ? 0 : 0.18 + (0.82 * count) / whole;
  button.parentElement.className = `${kind} ${depth > 0.55 ? "strong" : ""}`;
  button.style.setProperty("--share", depth.toFixed(3));
  button.textContent = count === 0 && data.classes.length > CROWDED ? "·" : data.shares === "count" ? String(count) : percent(count, whole);
  button.setAttribute("aria-label", words(data, count, row, column));
  button.title = button.getAttribute("aria-label");
}

// What the classes that are not shown were taken for, and what was taken for them: so that rows and columns add up.
function paintRest(root, data) {
  const text = (part, whole) => (data.shares === "count" ? part.toLocaleString("en") : percent(part, whole));
  root.querySelectorAll("tbody .rest").forEach((cell, row) => {
    const part = data.trueTotals[row] - sum(data.counts[row]);
    cell.textContent = data.shares === "column" ? "" : text(part, data.trueTotals[row]);
    cell.title = `${part} of ${data.trueTotals[row]} ${data.classes[row]} taken for other classes`;
  });
  root.querySelectorAll("tfoot .rest").forEach((cell, column) => {
    const part = data.saidTotals[column] - sum(data.counts.map((line) => line[column]));
    cell.textContent = data.shares === "row" ? "" : text(part, data.saidTotals[column]);
    cell.title = `${part} of ${data.saidTotals[column]} called ${data.classes[column]} are of other classes`;
  });
}

// Cells are as large as the width allows, within reason; below the least size the grid scrolls sideways.
function fit(root) {
  const count = root.querySelectorAll("thead th.column").length;
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
  const signature = JSON.stringify([data.classes, data.others]);
  const fresh = root.dataset.classes !== signature;
  if (fresh) {
    build(root, data);
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
  paintRest(root, data);
  select(...data.selected);
  if (fresh) reveal(root.querySelector(".window"), at(...data.selected));
  root.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const cell = [Number(button.dataset.row), Number(button.dataset.column)];
    select(...cell);
    button.focus();
    root.querySelector(".told").textContent = `Selected: ${button.getAttribute("aria-label")}. The pictures follow the matrix.`;
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
