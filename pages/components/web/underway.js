// What is being sent while its drop zone is out of sight: on another page, or in a part of the page that is closed.
const NOTES = { sending: "Being sent", lost: "Connection lost, trying again", paused: "Paused", failed: "Could not be sent", done: "Has arrived" };

function draw(root, show) {
  const slots = [...(globalThis.__studioUploads ?? new Map())];
  const [key, slot] = slots.find(([, one]) => one.sending && !one.root && !one.sending.reported && NOTES[one.sending.phase]) || [];
  root.hidden = !slot;
  if (!slot) return;
  const { name, phase, sent, size } = slot.sending;
  const share = Math.floor((100 * sent) / size);
  root.className = `part underway ${phase}`;
  root.querySelector(".name").textContent = name;
  root.querySelector(".name").title = name;
  root.querySelector(".share").textContent = `${share} %`;
  root.querySelector(".note").textContent = NOTES[phase];
  const bar = root.querySelector(".bar");
  bar.setAttribute("aria-label", name);
  bar.setAttribute("aria-valuenow", String(share));
  bar.firstElementChild.style.width = `${share}%`;
  root.querySelector("button").onclick = () => show(key);
  root.querySelector("button").setAttribute("aria-label", `Show ${name}`);
}

export default function ({ parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".underway");
  const redraw = () => draw(root, (key) => setTriggerValue("show", key));
  globalThis.__studioUploadsChanged = redraw;
  redraw();
}
