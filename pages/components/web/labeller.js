// A page of pictures to label, with the keyboard or the mouse. What is changed is kept here as marks on the tiles,
// told to the server for safe keeping, and becomes one new version when the person saves.
// Names are only ever written as text. Tiles are reused, so scrolling position and focus survive an update.
const CLASS_KEYS = "123456789abcdefghijlmnopquwz"; // x r t v s y k mean something of their own
const SPLIT_KEYS = { t: "train", v: "val", s: "test" };
const TELL_MS = 400;

const make = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
const press = (className, text) => Object.assign(make("button", className, text), { type: "button" });
const counted = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

function makeTile() {
  const tile = make("div", "tile");
  tile.setAttribute("role", "gridcell");
  const image = Object.assign(make("img"), { loading: "lazy", decoding: "async", alt: "" });
  const tick = make("span", "tick", "✓");
  tick.setAttribute("aria-hidden", "true");
  const open = press("open", "⤢");
  open.title = "Look closer (Enter)";
  const words = make("div", "words");
  words.append(make("span", "title"), make("span", "note"));
  const [accept, right] = [press("accept", ""), press("right", "It is right")];
  right.title = "The class is right: do not ask again (K)";
  for (const button of [open, accept, right]) button.tabIndex = -1; // Enter, Y and K do the same from the tile
  tile.append(image, tick, open, words, accept, right);
  return tile;
}

class Labeller {
  constructor(root) {
    this.root = root;
    this.marks = new Map(); // picture number -> { label, split, excluded, was: the same three before }
    this.before = []; // marks as they were, for Ctrl+Z
    this.selected = new Set();
    this.active = this.anchor = 0;
    this.epoch = null;
    this.find = (selector) => root.querySelector(selector);
    this.grid = this.find(".gallery");
    this.guard = (event) => { if (this.marks.size) event.preventDefault(); };
    this.listen();
  }

  listen() {
    this.grid.onclick = (event) => this.click(event);
    this.grid.ondblclick = (event) => { if (this.indexOf(event) >= 0) this.open(this.indexOf(event)); };
    this.grid.onkeydown = (event) => this.key(event);
    this.grid.addEventListener("focusin", (event) => { if (this.indexOf(event) >= 0) this.activate(this.indexOf(event), false); });
    const doing = { all: () => this.selectAll(), none: () => this.selectNone(), out: () => this.put({ excluded: this.data.reason }),
      back: () => this.put({ excluded: "" }), give: () => this.giveTyped(),
      save: () => this.save(), discard: () => this.discard() };
    for (const [name, act] of Object.entries(doing)) this.find(`[data-do="${name}"]`).onclick = act;
    this.find(".typed").onkeydown = (event) => {
      if (event.key === "Enter") this.giveTyped();
      if (event.key === "Escape") this.focus(this.active);
      event.stopPropagation();
    };
    const splits = this.find(".splits");
    splits.onchange = () => { if (splits.value) this.put({ split: splits.value }); splits.value = ""; };
  }

  // --- what the server sends -----------------------------------------------------------------------------------
  update(data, setStateValue, setTriggerValue) {
    Object.assign(this, { data, setStateValue, setTriggerValue, saving: false });
    this.byName = new Map(data.classes.map(([name, shown]) => [name, shown]));
    if (this.epoch !== data.epoch) {
      this.epoch = data.epoch;
      this.marks = new Map(data.marks.map((mark) => [mark.id, mark]));
      this.before = [];
      this.selected.clear();
    }
    const page = JSON.stringify(data.items.map((item) => item.id));
    if (page !== this.page) {
      if (this.page !== undefined) this.active = this.anchor = 0;
      this.page = page;
      this.selected.clear();
    }
    this.active = Math.max(0, Math.min(this.active, data.items.length - 1));
    this.grid.setAttribute("aria-label", data.label);
    this.drawClasses();
    this.draw();
  }

  drawClasses() {
    const signature = JSON.stringify(this.data.classes);
    if (this.drawn === signature) return;
    this.drawn = signature;
    const [chips, list] = [this.find(".chips"), this.find("datalist")];
    const letters = this.data.classes.slice(0, CLASS_KEYS.length);
    chips.replaceChildren(...letters.map(([name, shown], index) => {
      const chip = press("chip", "");
      chip.append(make("kbd", "", CLASS_KEYS[index]), make("span", "name", shown));
      chip.title = `Give the class ${shown} (${CLASS_KEYS[index]})`;
      chip.onclick = () => this.put({ label: name });
      return chip;
    }));
    const more = this.data.classes.length - letters.length;
    if (more > 0) chips.prepend(make("span", "quiet", `${more.toLocaleString("en")} classes have no key: type the name (/)`));
    list.replaceChildren(...this.data.classes.map(([, shown]) => Object.assign(make("option"), { value: shown })));
  }

  draw() {
    const { items } = this.data;
    const row = this.grid.firstElementChild;
    while (row.children.length > items.length) row.lastChild.remove();
    items.forEach((item, index) => {
      if (!row.children[index]) row.append(makeTile());
      this.fill(row.children[index], item, index);
    });
    this.drawBars();
  }

  fill(tile, item, index) {
    const mark = this.marks.get(item.id) || {};
    const now = { label: mark.label ?? item.label, split: mark.split ?? item.split, excluded: mark.excluded ?? item.excluded };
    const [image, , , words, accept, right] = tile.children;
    if (image.getAttribute("src") !== item.src) image.src = item.src;
    const chosen = this.selected.has(item.id);
    tile.className = ["tile", chosen && "chosen", this.marks.has(item.id) && "changed", now.excluded && "out"].filter(Boolean).join(" ");
    tile.setAttribute("aria-selected", String(chosen));
    tile.tabIndex = index === this.active ? 0 : -1;
    const title = mark.label === undefined ? this.shown(item.label) : `${this.shown(item.label)} → ${this.shown(mark.label)}`;
    const moved = mark.split && mark.split !== item.split ? `→ ${this.data.splits[mark.split]}` : this.data.splits[now.split];
    const note = mark.excluded === "" ? "will be restored" : mark.excluded ? "will be left out" : mark.checked ? "found right" : now.excluded ? "left out" : moved;
    words.children[0].textContent = title;
    words.children[1].textContent = note;
    words.title = [title, note, item.name, now.excluded].filter(Boolean).join(" · ");
    const offered = item.suggestion && item.suggestion !== now.label;
    accept.hidden = !offered;
    right.hidden = !offered || Boolean(mark.checked) || mark.label !== undefined;
    if (offered) {
      accept.textContent = `Looks like ${this.shown(item.suggestion)}`;
      accept.title = `Give the class ${this.shown(item.suggestion)} (Y)`;
    }
    const state = [this.marks.has(item.id) && "changed", offered && `looks like ${this.shown(item.suggestion)}`].filter(Boolean);
    tile.setAttribute("aria-label", [title, note, item.name, ...state].join(", "));
    tile.children[2].setAttribute("aria-label", `Look closer at ${item.name}`);
  }

  drawBars() {
    const [chosen, changes] = [this.selected.size, this.marks.size];
    this.find(".count").textContent = chosen ? `${counted(chosen, "picture")} selected` : "Nothing selected";
    this.find('[data-do="none"]').hidden = !chosen;
    this.find('[data-do="all"]').hidden = Boolean(chosen);
    for (const button of this.root.querySelectorAll(".needs")) button.disabled = !chosen;
    for (const chip of this.find(".chips").querySelectorAll("button")) chip.disabled = !chosen;
    const bar = this.find(".savebar");
    bar.hidden = !changes;
    this.find(".unsaved").textContent = `${counted(changes, "change")} not saved yet`;
    const save = this.find('[data-do="save"]');
    save.textContent = this.saving ? "Saving" : `Save ${counted(changes, "change")}`;
    save.disabled = this.saving;
  }

  shown(name) { return this.byName.get(name) ?? name; }

  // --- choosing pictures ---------------------------------------------------------------------------------------
  indexOf(event) { return [...this.grid.firstElementChild.children].indexOf(event.target.closest(".tile")); }
  tile(index) { return this.grid.firstElementChild.children[index]; }

  activate(index, scroll = true) {
    if (this.tile(this.active)) this.tile(this.active).tabIndex = -1;
    this.active = index;
    this.tile(index).tabIndex = 0;
    if (scroll) this.tile(index).scrollIntoView({ block: "nearest" });
  }

  focus(index) {
    if (!this.data.items.length) return;
    this.activate(Math.max(0, Math.min(this.data.items.length - 1, index)));
    this.tile(this.active).focus();
  }

  selectRange(to) {
    const [low, high] = [Math.min(this.anchor, to), Math.max(this.anchor, to)];
    this.selected = new Set(this.data.items.slice(low, high + 1).map((item) => item.id));
  }

  toggle(index) {
    const { id } = this.data.items[index];
    if (!this.selected.delete(id)) this.selected.add(id);
    this.anchor = index;
  }

  selectAll() { this.selected = new Set(this.data.items.map((item) => item.id)); this.draw(); }
  selectNone() { this.selected.clear(); this.draw(); }

  click(event) {
    const index = this.indexOf(event);
    if (index < 0) return;
    const item = this.data.items[index];
    if (event.target.closest(".open")) return this.open(index);
    if (event.target.closest(".accept")) return this.put({ label: item.suggestion }, [item.id]);
    if (event.target.closest(".right")) return this.put({ checked: true }, [item.id]);
    const only = this.selected.size === 1 && this.selected.has(item.id);
    if (event.shiftKey) this.selectRange(index);
    else if (event.ctrlKey || event.metaKey || event.pointerType === "touch" || event.target.closest(".tick") || only) this.toggle(index);
    else { this.selected = new Set([item.id]); this.anchor = index; }
    this.focus(index);
    this.draw();
  }

  open(index) {
    const item = this.data.items[index];
    if (item) this.setTriggerValue("open", item.id);
  }

  // --- the keyboard --------------------------------------------------------------------------------------------
  key(event) {
    if (event.target.closest(".tile") !== event.target || event.altKey) return;
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const handled = control ? this.controlKey(key) : this.moveKey(key, event.shiftKey) || this.actionKey(key) || this.labelKey(key);
    if (!handled) return;
    event.preventDefault();
    event.stopPropagation();
  }

  controlKey(key) {
    if (key === "a") this.selectAll();
    else if (key === "z") this.takeBack();
    else return false;
    return true;
  }

  columns() {
    const tiles = [...this.grid.firstElementChild.children];
    const next = tiles.findIndex((tile) => tile.offsetTop !== tiles[0].offsetTop);
    return next < 0 ? tiles.length : next;
  }

  moveKey(key, shift) {
    const across = this.columns();
    const steps = { ArrowLeft: this.active - 1, ArrowRight: this.active + 1, ArrowUp: this.active - across,
      ArrowDown: this.active + across, Home: 0, End: this.data.items.length - 1 };
    if (key === "PageDown" || key === "PageUp") { this.setTriggerValue("turn", key === "PageDown" ? 1 : -1); return true; }
    if (!(key in steps)) return false;
    const to = steps[key];
    if (to < 0 || to >= this.data.items.length) return true;
    if (shift) this.selectRange(to);
    else this.anchor = to;
    this.focus(to);
    if (shift) this.draw();
    return true;
  }

  actionKey(key) {
    if (key === " ") { this.toggle(this.active); this.draw(); }
    else if (key === "Enter") this.open(this.active);
    else if (key === "Escape" && this.selected.size) this.selectNone();
    else if (key === "/") this.find(".typed").focus();
    else return false;
    return true;
  }

  labelKey(key) {
    const place = CLASS_KEYS.indexOf(key);
    if (key === "x") this.putByKey({ excluded: this.data.reason });
    else if (key === "r") this.putByKey({ excluded: "" });
    else if (key in SPLIT_KEYS) this.putByKey({ split: SPLIT_KEYS[key] });
    else if (key === "y") this.acceptAll();
    else if (key === "k") this.keepAll();
    else if (place >= 0 && key.length === 1 && this.data.classes[place]) this.putByKey({ label: this.data.classes[place][0] });
    else return false;
    return true;
  }

  // --- marks ---------------------------------------------------------------------------------------------------
  targets() { return this.selected.size ? [...this.selected] : [this.data.items[this.active].id]; }

  // With one picture at a time the next one comes by itself: look, press, look, press.
  putByKey(change) {
    const single = this.selected.size <= 1;
    this.put(change, this.targets());
    if (!single) return;
    this.selected.clear();
    this.anchor = Math.min(this.active + 1, this.data.items.length - 1);
    this.focus(this.anchor);
    this.draw();
  }

  acceptAll() {
    const wanted = new Set(this.targets());
    this.remember();
    for (const item of this.data.items) if (wanted.has(item.id) && item.suggestion) this.mark(item, { label: item.suggestion });
    this.changed();
  }

  keepAll() {
    const wanted = new Set(this.targets());
    const asked = this.data.items.filter((item) => wanted.has(item.id) && item.suggestion).map((item) => item.id);
    if (asked.length) this.put({ checked: true }, asked);
  }

  put(change, ids = this.targets()) {
    const wanted = new Set(ids);
    this.remember();
    for (const item of this.data.items) if (wanted.has(item.id)) this.mark(item, change);
    this.changed();
  }

  mark(item, change) {
    const mark = { ...this.marks.get(item.id), id: item.id, ...change };
    if (change.checked) delete mark.label; // the class it has is right, and not another
    if (change.label !== undefined) delete mark.checked;
    for (const field of ["label", "split", "excluded"]) if (mark[field] === item[field] || (field === "excluded" && mark[field] && item[field])) delete mark[field];
    if (Object.keys(mark).length > 1) this.marks.set(item.id, mark);
    else this.marks.delete(item.id);
  }

  giveTyped() {
    const field = this.find(".typed");
    const typed = field.value.trim();
    if (!typed) return field.focus();
    const known = this.data.classes.find(([, shown]) => shown === typed);
    this.put({ label: known ? known[0] : typed });
    field.value = "";
    this.focus(this.active);
  }

  remember() { this.before.push(new Map(this.marks)); if (this.before.length > 200) this.before.shift(); }
  takeBack() { if (this.before.length) { this.marks = this.before.pop(); this.changed(); } }
  discard() { this.remember(); this.marks = new Map(); this.changed(); this.focus(this.active); }

  changed() {
    this.draw();
    // Safe keeping: another tab of the page may be opened and this part taken away with what was marked.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.setStateValue("marks", { epoch: this.epoch, marks: [...this.marks.values()] }), TELL_MS);
  }

  save() {
    clearTimeout(this.timer);
    this.saving = true;
    this.drawBars();
    this.setTriggerValue("save", { epoch: this.epoch, marks: [...this.marks.values()] });
  }
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".labeller");
  root.labeller ??= new Labeller(root);
  const { labeller } = root;
  labeller.update(data, setStateValue, setTriggerValue);
  window.addEventListener("beforeunload", labeller.guard);
  return () => window.removeEventListener("beforeunload", labeller.guard);
}
