// The phone's page. Names of classes arrive as JSON and are written as text only.
const POLL_MILLISECONDS = 2000;
const SENT_SIDE = 1600; // pixels; a chosen picture is made smaller before it travels
const STRIP = 5;
const WHY_FILES = "Over plain HTTP browsers do not open the live camera. The phone's own camera app takes the pictures instead, one at a time.";

class PhonePage {
  constructor(root) {
    this.find = (name) => root.querySelector(`.${name}`);
    const base = location.pathname.replace(/\/phone\/[^/]*$/, "");
    this.client = new CaptureClient(`${base}/capture/${location.pathname.split("/").pop()}`);
    this.camera = new LiveCamera(root.querySelector("video"), () => this.offerCamera("The camera was disconnected."));
    this.canvas = document.createElement("canvas");
    this.chosen = null;
    this.held = false;
    this.front = false;
    this.find("camera").addEventListener("click", () => this.turnOn());
    this.find("turn").addEventListener("click", () => {
      this.front = !this.front;
      this.turnOn();
    });
    this.letGo = whenHeld(this.find("hold"), () => this.begin(), () => this.end());
    this.find("undo").addEventListener("click", () => this.change(this.client.undo(this.chosen)));
    for (const input of root.querySelectorAll("input[type=file]")) {
      input.addEventListener("change", () => this.sendFiles(input));
    }
    document.addEventListener("visibilitychange", () => this.comeAndGo());
    this.offerCamera("");
    this.look();
    setInterval(() => this.look(), POLL_MILLISECONDS);
  }

  // A page in the background keeps no camera.
  comeAndGo() {
    if (!document.hidden) return;
    this.letGo();
    if (this.camera.on) this.offerCamera("");
  }

  offerCamera(words) {
    this.letGo();
    this.camera.stop();
    const live = window.isSecureContext && Boolean(navigator.mediaDevices);
    this.find("live").hidden = true;
    this.find("hold").hidden = true;
    this.find("camera").hidden = !live;
    this.find("shoot").hidden = live;
    this.find("why").textContent = live ? "" : WHY_FILES;
    this.find("why").hidden = live;
    this.say(words);
  }

  async turnOn() {
    this.say("");
    try {
      await this.camera.start("", this.front ? "user" : "environment");
    } catch (error) {
      this.offerCamera(cameraWords(error));
      this.find("shoot").hidden = false; // the camera app still works
      return;
    }
    this.find("live").hidden = false;
    this.find("hold").hidden = false;
    this.find("camera").hidden = true;
    this.find("shoot").hidden = true;
    this.find("turn").hidden = (await this.camera.devices()).length < 2;
  }

  begin() {
    const [id, burst] = [this.chosen, newBurst()];
    this.held = true;
    this.find("hold").classList.add("held");
    this.find("hold").textContent = "Taking pictures";
    this.find("stage").classList.add("taking");
    this.say("");
    const failed = (error) => {
      this.letGo();
      this.say(error.message);
    };
    takeWhile(() => this.held, this.camera, async (picture) => this.draw(await this.client.add(id, burst, picture)), failed);
  }

  end() {
    this.held = false;
    this.find("hold").classList.remove("held");
    this.find("hold").textContent = "Hold to capture";
    this.find("stage").classList.remove("taking");
  }

  async sendFiles(input) {
    const [files, id, burst] = [[...input.files], this.chosen, newBurst()];
    input.value = ""; // the same picture may be chosen again
    this.say("");
    let sent = 0;
    for (const file of files) {
      this.find("sent").textContent = `Sending ${sent + 1} of ${files.length}`;
      try {
        this.draw(await this.client.add(id, burst + sent, await this.smaller(file)));
        sent += 1;
      } catch (error) {
        this.say(error.message);
        break;
      }
    }
    this.find("sent").textContent = sent ? `${pictures(sent)} sent` : "";
  }

  // Large pictures are made smaller; one that this browser cannot draw goes as it is.
  async smaller(file) {
    try {
      const bitmap = await createImageBitmap(file);
      return await asJpeg(this.canvas, bitmap, bitmap.width, bitmap.height, SENT_SIDE);
    } catch {
      return file;
    }
  }

  async change(work) {
    try {
      this.say("");
      this.draw(await work);
    } catch (error) {
      this.say(error.message);
    }
  }

  async look() {
    if (this.held || document.hidden) return;
    try {
      this.draw(await this.client.state());
    } catch (error) {
      this.say(error.message);
      this.find("classes").hidden = this.find("actions").hidden = this.find("strip").hidden = true;
    }
  }

  draw(state) {
    const choices = this.find("choices");
    const rows = new Map([...choices.children].map((row) => [Number(row.dataset.id), row]));
    const wanted = state.classes.map((one) => rows.get(one.id) || this.makeChoice(one.id));
    for (const row of rows.values()) if (!wanted.includes(row)) row.remove();
    if (!state.classes.some((one) => one.id === this.chosen)) this.chosen = state.classes[0].id;
    wanted.forEach((row, index) => {
      if (choices.children[index] !== row) choices.insertBefore(row, choices.children[index] || null);
      const one = state.classes[index];
      row.querySelector("input").checked = one.id === this.chosen;
      row.querySelector(".name").textContent = one.name;
      row.querySelector(".num").textContent = pictures(one.count);
    });
    const chosen = state.classes.find((one) => one.id === this.chosen);
    this.find("undo").disabled = !chosen.count;
    fillStrip(this.find("strip"), chosen.latest.slice(0, STRIP), (number) => this.client.preview(number));
    this.state = state;
    this.find("classes").hidden = this.find("actions").hidden = this.find("strip").hidden = false;
  }

  makeChoice(id) {
    const row = Object.assign(document.createElement("label"), { className: "choice" });
    row.dataset.id = id;
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "class" });
    radio.addEventListener("change", () => {
      this.chosen = id;
      this.draw(this.state);
    });
    row.append(radio, Object.assign(document.createElement("span"), { className: "name" }), Object.assign(document.createElement("span"), { className: "num" }));
    return row;
  }

  say(words) {
    this.find("told").textContent = words;
    this.find("told").hidden = !words;
  }
}

new PhonePage(document.querySelector(".phone"));
