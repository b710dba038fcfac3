// The drop zone and what it turns into while something is sent. What is going on is kept per slot beside the page, so a
// rerun, another page and coming back change nothing; the view is drawn from it alone.
const slots = (globalThis.__studioUploads ??= new Map());
const TICK = 120; // milliseconds; the view is drawn no more often
const ASK_AGAIN = 3_000; // milliseconds until the page is told again what has arrived

const MARKS = { lost: "!", failed: "!", ask: "?", done: "✓", paused: "Ⅱ" };

function size(bytes) {
  const unit = bytes >= 1e9 ? ["GB", 1e9] : bytes >= 1e6 ? ["MB", 1e6] : ["KB", 1e3];
  const value = bytes / unit[1];
  return `${value.toLocaleString("en-GB", { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit[0]}`;
}

function span(seconds) {
  if (seconds < 1.5) return "1 second";
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} minutes` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const sentence = (text) => (text && !/[.?!]$/.test(text) ? `${text}.` : text || "");

// What a slot shows: { phase, name, share, figures, list, first, second } with the buttons as [words, action].
function view(slot) {
  const { sending, given } = slot;
  if (given) return { phase: "done", name: given.name, figures: `${size(given.size)}, all here`, first: ["Remove", slot.remove] };
  if (slot.reading) return { phase: "reading", name: "Looking through what you gave", figures: `${words(slot.seen)} files so far` };
  if (slot.unread) {
    return { phase: "ask", name: `${words(slot.unread.length)} could not be read by the browser`, list: slot.unread.slice(0, 100),
      figures: "They will be missing. The others can be sent without them.", first: ["Send the others", slot.sendOthers], second: ["Cancel", slot.reset] };
  }
  if (slot.problem) {
    const { what, why, remedy } = slot.problem;
    return { phase: "failed", name: sentence(what), figures: [why, remedy].map(sentence).filter(Boolean).join(" "),
      first: slot.sending ? ["Try again", slot.again] : null, second: ["Choose something else", slot.reset] };
  }
  if (!sending) return { phase: "idle" };
  const share = Math.floor((100 * sending.sent) / sending.size);
  const amount = `${size(sending.sent)} of ${size(sending.size)}`;
  const base = { phase: sending.phase, name: sending.name, share, second: ["Cancel", slot.cancel] };
  if (sending.phase === "lost") return { ...base, figures: `Connection lost, trying again. ${amount} are safe.` };
  if (sending.phase === "paused") return { ...base, figures: `Paused at ${amount}`, first: ["Go on", slot.resume] };
  if (sending.phase === "done") return { phase: "done", name: sending.name, figures: `${size(sending.size)}, all here` };
  const speed = sending.speed;
  const left = speed ? ` · ${size(speed)}/s · ${span((sending.size - sending.sent) / speed)} left` : "";
  return { ...base, figures: amount + left, first: ["Pause", slot.pause] };
}

function draw(slot) {
  const { root } = slot;
  globalThis.__studioUploadsChanged?.(); // underway.js shows what has no zone in sight
  if (!root) return;
  const now = view(slot);
  root.querySelector(".zone").hidden = now.phase !== "idle";
  root.querySelector(".zone").style.display = now.phase === "idle" ? "" : "none";
  const card = root.querySelector(".card");
  card.style.display = now.phase === "idle" ? "none" : "";
  card.className = `card ${now.phase}`;
  card.querySelector(".mark").textContent = MARKS[now.phase] || "";
  card.querySelector(".name").textContent = now.name || "";
  card.querySelector(".share").textContent = now.share === undefined ? "" : `${now.share} %`;
  card.querySelector(".figures").textContent = now.figures || "";
  const bar = card.querySelector(".bar");
  bar.setAttribute("aria-label", now.name || "");
  bar.setAttribute("aria-valuetext", now.figures || "");
  if (now.share === undefined) bar.removeAttribute("aria-valuenow");
  else bar.setAttribute("aria-valuenow", String(now.share));
  bar.firstElementChild.style.width = now.share === undefined ? "" : `${now.share}%`;
  const list = card.querySelector(".list");
  list.style.display = now.list ? "" : "none";
  list.replaceChildren(...(now.list || []).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  for (const which of ["first", "second"]) {
    const button = card.querySelector(`button.${which}`);
    const [label, action] = now[which] || ["", null];
    button.style.display = label ? "" : "none";
    if (button.textContent !== label) button.textContent = label;
    button.onclick = action;
  }
  card.querySelector(".choose").style.display = now.first || now.second ? "" : "none";
  speak(root, now);
  keepFocus(slot);
}

const inSight = (element) => element.getClientRects().length > 0;

// Where the button that had the focus is hidden, the one that stands in its place has it: who uses the keyboard alone
// would begin at the top of the page otherwise. Whoever went elsewhere meanwhile is left there.
function keepFocus(slot) {
  const { root, at } = slot;
  if (!at || inSight(at)) return;
  const { activeElement: active, body } = document;
  const buttons = [...root.querySelectorAll("button")].filter(inSight);
  if (active && active !== body && active !== root.getRootNode().host) slot.at = null;
  else (buttons.find((button) => button.className === at.className) || buttons[0])?.focus({ preventScroll: true });
}

// Said aloud when something begins, ends or goes wrong, and at every quarter: not at every tick.
function speak(root, now) {
  const key = `${now.phase} ${Math.floor((now.share || 0) / 25)} ${now.name}`;
  if (now.phase === "idle" || root.dataset.spoken === key) return;
  root.dataset.spoken = key;
  const share = now.phase === "sending" ? `${now.share} percent sent. ` : "";
  root.querySelector(".spoken").textContent = `${now.name}. ${share}${now.phase === "sending" ? "" : now.figures}`;
}

function makeSlot() {
  const slot = { root: null, at: null, sending: null, given: null, reading: false, unread: null, problem: null, seen: 0, rest: null, due: 0, server: {} };
  const now = () => draw(slot);
  const soon = () => {
    if (slot.due) return;
    slot.due = setTimeout(() => { slot.due = 0; settled(); draw(slot); }, TICK);
  };
  const settled = () => {
    if (slot.sending?.phase === "failed") slot.problem = slot.sending.words;
    if (!slot.sending?.reported) report(slot);
  };
  slot.reset = () => {
    Object.assign(slot, { sending: null, reading: false, unread: null, problem: null, rest: null, seen: 0 });
    now();
  };
  slot.pause = () => slot.sending.pause();
  slot.resume = () => slot.sending.resume();
  slot.again = () => {
    slot.problem = null;
    slot.sending.resume();
  };
  slot.cancel = () => {
    slot.sending.cancel();
    slot.reset();
  };
  slot.remove = () => slot.trigger("remove", slot.given.id);
  slot.sendOthers = () => slot.send(slot.rest);
  slot.send = (files) => {
    slot.reset();
    try {
      slot.sending = new Sending(load(files, slot.limits), slot.server, soon);
      slot.sending.run();
    } catch (problem) {
      slot.problem = problem;
    }
    now();
  };
  slot.take = async (gathering) => {
    slot.reset();
    slot.reading = true;
    now();
    const { files, unread } = await gathering;
    slot.reading = false;
    if (!unread.length) return slot.send(files);
    Object.assign(slot, { unread, rest: files });
    return now();
  };
  slot.told = (seen) => {
    slot.seen = seen;
    soon();
  };
  slot.entered = (event) => { slot.at = event.target; };
  slot.left = () => setTimeout(() => {
    const { at } = slot; // a button that was hidden has not been left by the person
    if (at && inSight(at) && at.getRootNode().activeElement !== at) slot.at = null;
  });
  return slot;
}

// Tell the page that everything is here, until it says so itself: what is told while the connection to the page's server
// is down is lost. Without a page at hand, the next one is told.
function report(slot) {
  const { sending } = slot;
  clearTimeout(slot.asking);
  if (!slot.root || sending?.phase !== "done" || slot.noted === sending.turn) return;
  sending.reported = true;
  slot.trigger("done", { id: sending.id, turn: sending.turn, ...sending.given });
  slot.asking = setTimeout(() => report(slot), ASK_AGAIN);
}

function listen(root, slot) {
  root.addEventListener("focusin", slot.entered);
  root.addEventListener("focusout", slot.left);
  const zone = root.querySelector(".zone");
  for (const kind of ["files", "folder"]) {
    const input = zone.querySelector(`input.${kind}`);
    zone.querySelector(`button.${kind}`).onclick = (event) => {
      event.stopPropagation();
      input.click();
    };
    input.onclick = (event) => event.stopPropagation();
    input.onchange = () => {
      if (input.files.length) slot.take(chosen(input.files));
      input.value = "";
    };
  }
  zone.onclick = () => zone.querySelector("input.files").click();
  const over = (on) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", on);
  };
  zone.ondragenter = zone.ondragover = over(true);
  zone.ondragleave = (event) => { if (!zone.contains(event.relatedTarget)) over(false)(event); };
  zone.ondrop = (event) => {
    over(false)(event);
    slot.take(dropped(event.dataTransfer, slot.told));
  };
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".upload");
  if (!slots.has(data.slot)) slots.set(data.slot, makeSlot());
  const slot = slots.get(data.slot);
  slot.root = root;
  slot.trigger = setTriggerValue;
  slot.limits = data.limits;
  Object.assign(slot.server, { address: data.address, token: data.token, renew: () => setTriggerValue("renew", Date.now()) });
  const taken = slot.given && !data.given; // imported or removed: the zone is free again
  slot.given = data.given;
  slot.noted = data.seen;
  // What the page has seen and does not keep is over, too: it is being imported.
  if (taken || (slot.sending && slot.sending.turn === data.seen && !data.given)) slot.reset();
  root.setAttribute("aria-label", data.lead);
  root.classList.toggle("compact", data.compact);
  root.querySelector(".lead").textContent = data.lead;
  root.querySelector(".hint").textContent = data.hint;
  listen(root, slot);
  report(slot);
  draw(slot);
  return () => {
    if (slot.root === root) slot.root = slot.at = null;
    draw(slot);
  };
}
