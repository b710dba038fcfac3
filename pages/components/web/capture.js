// Taking pictures class by class. The studio's answer to each request says what is there; this only draws it.
const POLL_MILLISECONDS = 1000; // pictures may come from a phone meanwhile
const STRIP = 8;
const SURE_MILLISECONDS = 4000;
const GRACE_MILLISECONDS = 500; // an update takes the part down and puts it up again
const [NARROW, SLIM] = [720, 440]; // pixels of the part itself, which may stand in a column

class CaptureForm {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`.${name}`);
    this.camera = new LiveCamera(root.querySelector("video"), () => this.turnOff("The camera was disconnected."));
    this.mine = new Map(); // number -> address of a picture taken here, so that it need not be fetched
    this.held = false;
    this.timers = [];
    this.find("turn").addEventListener("click", () => this.turnOn());
    this.find("stop").addEventListener("click", () => this.turnOff());
    this.find("add").addEventListener("click", () => this.addClass());
    const select = root.querySelector("select");
    select.addEventListener("change", () => this.turnOn(select.value));
    const mirror = root.querySelector(".mirror input");
    const mirrored = () => this.camera.video.classList.toggle("mirrored", mirror.checked);
    mirror.addEventListener("change", mirrored);
    mirrored();
    new ResizeObserver(() => this.fit()).observe(root);
    this.hidden = () => {
      if (document.hidden) this.release();
    };
    document.addEventListener("visibilitychange", this.hidden);
    this.turnOff();
    this.turnOnIfAllowed();
  }

  fit() {
    this.root.classList.toggle("narrow", this.root.clientWidth < NARROW);
    this.root.classList.toggle("slim", this.root.clientWidth < SLIM);
  }

  // Called at every update from the studio's page.
  update(data, report) {
    this.report = report;
    if (!this.client || this.client.address !== data.address) {
      this.client = new CaptureClient(data.address);
      this.reported = data.state.total;
      this.draw(data.state);
    }
    if (!this.poll) this.poll = setInterval(() => this.look(), POLL_MILLISECONDS);
  }

  close() {
    clearInterval(this.poll);
    this.poll = null;
    this.release();
    this.camera.stop();
    document.removeEventListener("visibilitychange", this.hidden);
    for (const address of this.mine.values()) URL.revokeObjectURL(address);
  }

  async turnOn(device) {
    this.find("words").textContent = "Waiting for the camera";
    try {
      await this.camera.start(device);
    } catch (error) {
      this.turnOff(cameraWords(error));
      return;
    }
    this.find("off").hidden = true;
    this.find("tools").style.visibility = "visible";
    this.enable();
    await this.listCameras();
  }

  turnOff(words = "") {
    this.release();
    this.camera.stop();
    this.find("words").textContent = words || (window.isSecureContext ? "Pictures go to the studio's machine and nowhere else." : INSECURE);
    this.find("turn").hidden = this.find("how").hidden = !window.isSecureContext;
    this.find("turn").textContent = words ? "Try again" : "Turn on the camera";
    this.find("off").hidden = false;
    this.find("tools").style.visibility = "hidden";
    this.enable();
  }

  async turnOnIfAllowed() {
    try {
      const allowed = await navigator.permissions.query({ name: "camera" });
      if (allowed.state === "granted") await this.turnOn();
    } catch {
      // Firefox does not tell; the person presses the button.
    }
  }

  async listCameras() {
    const select = this.root.querySelector("select");
    const cameras = await this.camera.devices();
    select.replaceChildren(...cameras.map((one, index) => new Option(one.label || `Camera ${index + 1}`, one.deviceId)));
    select.value = this.camera.device;
    this.find("which").hidden = cameras.length < 2;
  }

  enable() {
    for (const button of this.root.querySelectorAll(".hold")) {
      button.disabled = !this.camera.on;
      if (!button.classList.contains("held")) button.textContent = this.camera.on ? "Hold to capture" : "Camera is off";
    }
  }

  draw(state) {
    this.state = state;
    const list = this.find("classes");
    const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
    const wanted = state.classes.map((one) => rows.get(String(one.id)) || this.makeRow(one.id));
    for (const row of rows.values()) if (!wanted.includes(row)) row.remove();
    wanted.forEach((row, index) => {
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] || null);
      this.fillRow(row, state.classes[index], state.classes.length);
    });
    this.enable();
  }

  makeRow(id) {
    const row = document.createElement("li");
    row.className = "class";
    row.dataset.id = id;
    const make = (tag, className, words = "") => Object.assign(document.createElement(tag), { className, textContent: words });
    const button = (className, words) => Object.assign(make("button", className, words), { type: "button" });
    const head = make("div", "head");
    const name = Object.assign(make("input", "name"), { type: "text", maxLength: 100, autocomplete: "off", spellcheck: false });
    head.append(name, make("span", "count num"));
    const body = make("div", "body");
    const hold = button("hold", "Hold to capture");
    const strip = make("div", "strip");
    strip.setAttribute("role", "img");
    body.append(hold, strip);
    const acts = make("div", "acts");
    acts.append(button("plain undo", "Undo last"), button("plain clear", "Clear"), button("plain remove", "Remove class"));
    row.append(head, body, acts);
    this.listen(row, id, name, hold);
    return row;
  }

  listen(row, id, name, hold) {
    name.addEventListener("change", () => this.rename(id, name));
    name.addEventListener("focus", () => name.select());
    name.addEventListener("keydown", (event) => {
      if (event.key === "Enter") name.blur();
      if (event.key === "Escape") {
        name.value = this.classOf(id).name;
        name.blur();
      }
    });
    this.letGo = this.letGo || new Map();
    this.letGo.set(id, whenHeld(hold, () => this.begin(id, hold), () => this.end(hold)));
    row.querySelector(".undo").addEventListener("click", () => this.change(() => this.client.undo(id)));
    const clear = row.querySelector(".clear");
    clear.addEventListener("click", () => {
      const words = `Clear ${pictures(this.classOf(id).count)}`;
      this.whenSure(clear, words, () => this.change(() => this.client.clear(id)));
    });
    const remove = row.querySelector(".remove");
    remove.addEventListener("click", () => {
      const others = () => this.named().filter((one) => one.id !== id);
      const act = () => this.change(() => this.client.classes(others()));
      if (!this.classOf(id).count) act();
      else this.whenSure(remove, `Remove with ${pictures(this.classOf(id).count)}`, act);
    });
  }

  fillRow(row, one, count) {
    const name = row.querySelector(".name");
    if (this.root.getRootNode().activeElement !== name && name.getAttribute("aria-invalid") !== "true") name.value = one.name;
    name.setAttribute("aria-label", `Name of the class ${one.name}`);
    row.querySelector(".count").textContent = pictures(one.count);
    row.querySelector(".hold").setAttribute("aria-label", `Hold to capture ${one.name}`);
    for (const act of ["undo", "clear"]) row.querySelector(`.${act}`).disabled = !one.count;
    row.querySelector(".remove").disabled = count < 2;
    const strip = row.querySelector(".strip");
    strip.setAttribute("aria-label", one.count ? `The latest pictures of ${one.name}` : `No picture of ${one.name} yet`);
    fillStrip(strip, one.latest.slice(0, STRIP), (number) => this.mine.get(number) || this.client.preview(number));
  }

  classOf(id) {
    return this.state.classes.find((one) => one.id === id) || { name: "", count: 0, latest: [] };
  }

  named() {
    return this.state.classes.map(({ id, name }) => ({ id, name }));
  }

  begin(id, hold) {
    const burst = newBurst();
    this.held = true;
    this.find("told").textContent = "";
    hold.classList.add("held");
    hold.textContent = "Taking pictures";
    this.find("stage").classList.add("taking");
    const send = async (picture) => {
      const state = await this.client.add(id, burst, picture);
      this.mine.set(state.number, URL.createObjectURL(picture));
      if (this.mine.size > 200) this.forgetOldest();
      if (state.total >= this.state.total) this.draw(state); // answers may overtake each other
    };
    const failed = (error) => {
      this.release();
      this.find("told").textContent = error.message;
    };
    takeWhile(() => this.held && hold.classList.contains("held"), this.camera, send, failed).then(() => this.look());
  }

  end(hold) {
    this.held = false;
    hold.classList.remove("held");
    this.find("stage").classList.remove("taking");
    this.enable();
  }

  release() {
    if (this.letGo) for (const stop of this.letGo.values()) stop();
  }

  forgetOldest() {
    const [number, address] = this.mine.entries().next().value;
    URL.revokeObjectURL(address);
    this.mine.delete(number);
  }

  async rename(id, name) {
    const wanted = name.value;
    const renamed = () => this.named().map((one) => (one.id === id ? { id, name: wanted } : one));
    name.setAttribute("aria-invalid", String(!(await this.change(() => this.client.classes(renamed())))));
  }

  async addClass() {
    const taken = new Set(this.state.classes.map((one) => one.name.toLowerCase()));
    let number = this.state.classes.length + 1;
    while (taken.has(`class ${number}`)) number += 1;
    if (!(await this.change(() => this.client.classes([...this.named(), { name: `Class ${number}` }])))) return;
    const names = this.root.querySelectorAll(".name");
    names[names.length - 1].focus();
  }

  // Ask once more, in place: the button's words change for a few seconds, and a second press does it.
  whenSure(button, question, act) {
    if (button.classList.contains("sure")) {
      button.ask();
      act();
      return;
    }
    const words = button.textContent;
    button.textContent = question;
    button.classList.add("sure");
    button.ask = () => {
      clearTimeout(timer);
      button.textContent = words;
      button.classList.remove("sure");
    };
    const timer = setTimeout(button.ask, SURE_MILLISECONDS);
  }

  // Do something on the server, draw its answer; true if it was done. One after the other: each begins from the
  // answer to the last.
  change(work) {
    this.changing = (this.changing || Promise.resolve()).then(() => this.doChange(work));
    return this.changing;
  }

  async doChange(work) {
    const told = this.find("told");
    told.textContent = "";
    this.changes = (this.changes || 0) + 1;
    try {
      this.draw(await work());
    } catch (error) {
      told.textContent = error.message;
      return false;
    }
    this.tell();
    return true;
  }

  // See what has come, from here or from a phone, and let the studio's page know once the hand rests.
  async look() {
    if (this.held || document.hidden) return;
    const changes = this.changes;
    try {
      const state = await this.client.state();
      if (!this.held && changes === this.changes) this.draw(state); // else it may be older than what is drawn
    } catch (error) {
      this.find("told").textContent = error.message;
      return;
    }
    this.tell();
  }

  tell() {
    if (this.state.total === this.reported) return;
    this.reported = this.state.total;
    this.find("counted").textContent = `${pictures(this.state.total)} so far`;
    this.report(this.state.total);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".capture");
  if (!root.form) root.form = new CaptureForm(root);
  clearTimeout(root.closing);
  root.form.update(data, (total) => setTriggerValue("changed", total));
  return () => {
    root.closing = setTimeout(() => {
      root.form.close();
      root.form = null;
    }, GRACE_MILLISECONDS);
  };
}
