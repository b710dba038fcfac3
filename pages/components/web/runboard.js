// Runs as rows: name, state, accuracy as a dot with its interval, and the way onward.
const make = (className, text) => Object.assign(document.createElement("div"), { className, textContent: text || "" });

function whisker(run, from) {
  const place = (share) => Math.max(0, (share - from) / (1 - from)) * 100;
  const score = run.score;
  const root = make("score");
  if (!score) {
    root.append(make("figure quiet", run.state === "done" ? "Not tested" : "No result"));
    return root;
  }
  const line = make("whisker");
  line.setAttribute("role", "img");
  line.setAttribute("aria-label", score.words);
  const range = make("range");
  range.style.left = `${place(score.low)}%`;
  range.style.width = `${place(score.high) - place(score.low)}%`;
  const dot = make("dot");
  dot.style.left = `${place(score.value)}%`;
  line.append(make("axis"), range, dot);
  root.append(make("figure num", score.text), line);
  if (run.note) root.append(make("what", run.note));
  return root;
}

function tickBox(run, setTriggerValue) {
  const cell = make("tick");
  if (!run.tickable) return cell;
  const box = Object.assign(document.createElement("input"), { type: "checkbox" });
  box.dataset.run = run.id;
  box.setAttribute("aria-label", `Compare: ${run.name}`);
  box.onchange = () => setTriggerValue("tick", { run: run.id, on: box.checked });
  cell.append(box);
  return cell;
}

// Boxes are set in place, so that the one just ticked keeps the focus.
function setTicks(root, ticking) {
  for (const box of root.querySelectorAll(".tick input")) {
    box.checked = ticking.ticked.includes(box.dataset.run);
    box.disabled = !box.checked && ticking.full;
    box.title = box.disabled ? ticking.fullText : "";
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".runboard");
  const signature = JSON.stringify([data.runs, data.from]);
  if (root.dataset.signature !== signature) {
    root.dataset.signature = signature;
    root.textContent = "";
    root.classList.toggle("ticking", Boolean(data.ticking));
    for (const run of data.runs) {
      const row = make("run");
      row.setAttribute("role", "group");
      row.setAttribute("aria-label", run.name);
      const title = make("title");
      const [name, what] = [make("name", run.name), make("what", run.what)];
      name.title = run.name;
      what.title = run.what;
      title.append(name, what);
      const state = make("");
      state.append(make(`state ${run.state}`, run.stateText), make("what num", run.time));
      const actions = make("actions");
      for (const action of run.actions) {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: action.text });
        button.setAttribute("aria-label", `${action.text}: ${run.name}`);
        button.onclick = () => setTriggerValue("go", { run: run.id, page: action.page });
        actions.append(button);
      }
      if (data.ticking) row.append(tickBox(run, setTriggerValue));
      row.append(title, state, whisker(run, data.from), actions);
      root.append(row);
    }
    if (data.legend) root.append(make("what legend", data.legend));
  }
  if (data.ticking) setTicks(root, data.ticking);
}
