// One thing on its way to the server: in pieces, one after the other. It lives outside any page element, so it goes on
// while the person looks at another page, and finds its place again after a dropped connection or a restarted server.
const PIECE = 8 * 2 ** 20; // bytes of one request
const STALLED = 30_000; // milliseconds without a byte moving before a request is given up
const LONGEST_WAIT = 8_000; // milliseconds between two tries
const WINDOW = 5_000; // milliseconds over which the speed is measured

class Lost extends Error {} // no connection: worth trying again
class Refused extends Error { // the server says no, in words
  constructor(words) {
    super(words.what);
    this.words = words;
  }
}

class Sending {
  // server: { address, token, renew } of the latest page; changed: called whenever there is something new to show.
  constructor(load, server, changed) {
    Object.assign(this, load); // blob, name, fingerprint, given: what the server's page is told at the end
    this.size = load.blob.size;
    this.server = server;
    this.changed = changed;
    this.phase = "sending"; // sending, lost, paused, done, failed
    this.id = "";
    this.turn = `${Date.now()}-${Math.random()}`; // the same file may be given again later
    this.received = 0;
    this.inFlight = 0;
    this.samples = [];
    this.request = null;
    this.running = false;
  }

  get sent() { return Math.min(this.size, this.received + this.inFlight); }

  // Bytes a second over the last seconds; 0 while not known.
  get speed() {
    const [first, last] = [this.samples[0], this.samples[this.samples.length - 1]];
    if (!first || last.at - first.at < 400) return 0;
    return Math.max(0, (last.sent - first.sent) / ((last.at - first.at) / 1000));
  }

  show(phase) {
    if (phase) this.phase = phase;
    this.changed();
  }

  async run() {
    if (this.running) return;
    this.running = true;
    this.samples = [];
    let tries = 0;
    while (this.phase === "sending" || this.phase === "lost") {
      try {
        await this.sendAll(() => { tries = 0; });
      } catch (problem) {
        this.inFlight = 0;
        this.samples = [];
        if (this.phase === "paused" || this.phase === "gone") break;
        if (problem instanceof Refused) {
          this.words = problem.words;
          this.show("failed");
        } else {
          this.show("lost");
          await this.wait(Math.min(LONGEST_WAIT, 500 * 2 ** tries++));
        }
      }
    }
    this.running = false;
  }

  // Ask how much is there, then send the rest. Asking is beginning: the server knows the file by its fingerprint.
  async sendAll(moved) {
    const description = JSON.stringify({ name: this.name, size: this.size, fingerprint: this.fingerprint });
    let stands = await this.ask("POST", "", description);
    this.id = stands.id;
    while (this.phase === "sending" || this.phase === "lost") {
      this.received = stands.received;
      this.inFlight = 0;
      if (this.received >= this.size) return this.show("done");
      this.show("sending");
      const piece = this.blob.slice(this.received, this.received + PIECE);
      try {
        stands = await this.ask("PUT", `/${this.id}?offset=${this.received}`, piece);
      } catch (problem) {
        if (problem instanceof Lost) await readable(piece);
        throw problem;
      }
      moved();
    }
    return undefined;
  }

  ask(method, path, body) {
    return new Promise((resolve, reject) => {
      const request = (this.request = new XMLHttpRequest());
      let watch = 0;
      const alive = () => {
        clearTimeout(watch);
        watch = setTimeout(() => request.abort(), STALLED);
      };
      request.open(method, this.server.address + path);
      request.setRequestHeader("x-upload-token", this.server.token);
      request.upload.onprogress = (event) => {
        alive();
        if (method !== "PUT") return;
        this.inFlight = event.loaded;
        this.sample();
        this.show();
      };
      request.onloadend = () => {
        clearTimeout(watch);
        this.request = null;
        const answer = parsed(request.responseText);
        if (request.status >= 200 && request.status < 300) resolve(answer);
        else if (answer.code === "token") {
          this.server.renew();
          reject(new Lost("the page is renewed"));
        } else if (answer.what && !(method === "PUT" && [404, 409].includes(request.status))) reject(new Refused(answer));
        else reject(new Lost("no answer"));
      };
      alive();
      request.send(body);
    });
  }

  sample() {
    const at = performance.now();
    this.samples.push({ at, sent: this.sent });
    while (this.samples.length > 2 && at - this.samples[0].at > WINDOW) this.samples.shift();
  }

  wait(milliseconds) {
    return new Promise((resolve) => {
      this.wake = () => {
        clearTimeout(timer);
        window.removeEventListener("online", this.wake);
        resolve();
      };
      const timer = setTimeout(this.wake, milliseconds);
      window.addEventListener("online", this.wake);
    });
  }

  stop(phase) {
    this.show(phase);
    if (this.request) this.request.abort();
    if (this.wake) this.wake();
  }

  pause() { this.stop("paused"); }

  resume() {
    this.show("sending");
    this.run();
  }

  async cancel() {
    this.stop("gone");
    const id = this.id;
    if (id) await this.ask("DELETE", `/${id}`).catch(() => {}); // an upload left behind is removed by the server in time
  }
}

// Tell a file that changed or went away from a connection that did: reading it fails on this machine already.
async function readable(piece) {
  try {
    await piece.arrayBuffer();
  } catch {
    throw new Refused({
      what: "A file has changed or is gone since you gave it",
      why: "What was sent so far would not fit to the rest",
      remedy: "Give it again",
    });
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
