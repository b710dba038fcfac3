// Shared by the capture form and the phone's page: the camera, a button that is held, and talking to the studio.
const FRAME_MILLISECONDS = 200; // five pictures a second
const LONGEST_SIDE = 640; // pixels; models look at less
const JPEG_QUALITY = 0.88;
const MOST_UNDER_WAY = 3; // a slow network gets fewer pictures, not a queue of them
const INSECURE = "Browsers allow the camera only on this machine or over HTTPS.";

function cameraWords(error) {
  if (!window.isSecureContext) return INSECURE;
  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return "This browser cannot use a camera.";
  switch (error && error.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "The browser does not let this page use the camera. Allow it beside the address, then try again.";
    case "NotFoundError":
    case "OverconstrainedError":
      return "No camera was found. Connect one, then try again.";
    case "NotReadableError":
    case "AbortError":
      return "The camera is in use by another program, or did not start. Close that program, then try again.";
    default:
      return "The camera did not start. Try again.";
  }
}

// One camera shown in a video element.
class LiveCamera {
  constructor(video, onLost) {
    this.video = video;
    this.onLost = onLost;
    this.stream = null;
    this.canvas = document.createElement("canvas");
  }

  async start(device, facing) {
    this.stop();
    if (!window.isSecureContext || !navigator.mediaDevices) throw new Error("insecure");
    const size = { width: { ideal: 1280 }, height: { ideal: 960 } };
    const which = device ? { deviceId: { exact: device } } : facing ? { facingMode: facing } : {};
    this.stream = await navigator.mediaDevices.getUserMedia({ video: { ...size, ...which }, audio: false });
    this.stream.getVideoTracks()[0].addEventListener("ended", () => this.onLost());
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  stop() {
    if (this.stream) for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  get on() {
    return Boolean(this.stream);
  }

  get device() {
    return this.stream ? this.stream.getVideoTracks()[0].getSettings().deviceId : "";
  }

  async devices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter((one) => one.kind === "videoinput" && one.deviceId);
  }

  // The present picture as a JPEG, not mirrored; null while there is none yet.
  frame() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!this.on || !width || this.video.readyState < 2) return Promise.resolve(null);
    return asJpeg(this.canvas, this.video, width, height, LONGEST_SIDE);
  }
}

function asJpeg(canvas, picture, width, height, longest) {
  const scale = Math.min(1, longest / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
}

// Mouse, touch and keyboard: begin() while the button is pressed, end() when it is let go or lost.
function whenHeld(button, begin, end) {
  let held = false;
  const start = () => {
    if (held || button.disabled) return;
    held = true;
    begin();
  };
  const stop = () => {
    if (!held) return;
    held = false;
    end();
  };
  const isKey = (event) => event.key === " " || event.key === "Enter";
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    start();
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) button.addEventListener(name, stop);
  button.addEventListener("keydown", (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    if (!event.repeat) start();
  });
  button.addEventListener("keyup", (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    stop();
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch
  button.addEventListener("click", (event) => {
    // A click without a pointer or key comes from assistive technology: one picture.
    if (event.detail === 0 && !held) {
      start();
      stop();
    }
  });
  return stop;
}

// What was taken in one hold shares a number; two devices never draw the same one.
function newBurst() {
  return Date.now() * 1000 + Math.floor(Math.random() * 1000);
}

// Take pictures and send them for as long as held() says so; at least one.
async function takeWhile(held, camera, send, failed) {
  let underWay = 0;
  let next = performance.now();
  do {
    const picture = underWay < MOST_UNDER_WAY ? await camera.frame() : null;
    if (picture) {
      underWay += 1;
      send(picture).catch(failed).finally(() => (underWay -= 1));
    }
    next = Math.max(next + FRAME_MILLISECONDS, performance.now());
    await new Promise((resolve) => setTimeout(resolve, next - performance.now()));
  } while (held());
}

// Requests about one capture. Refusals come as an Error whose message is meant to be read.
class CaptureClient {
  constructor(address) {
    this.address = address;
  }

  async ask(method, query = "", body = undefined) {
    let answer;
    try {
      answer = await fetch(this.address + query, { method, body, cache: "no-store" });
    } catch {
      throw new Error("The studio does not answer. What has arrived there is safe; try again in a moment.");
    }
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.error || `The studio refused this (${answer.status}).`);
    return told;
  }

  state() { return this.ask("GET"); }
  add(id, burst, picture) { return this.ask("POST", `?class=${id}&burst=${burst}`, picture); }
  classes(list) { return this.ask("PUT", "", JSON.stringify({ classes: list })); }
  undo(id) { return this.ask("DELETE", `?class=${id}&last=1`); }
  clear(id) { return this.ask("DELETE", `?class=${id}`); }
  preview(number) { return `${this.address}/${number}`; }
}

function pictures(count) {
  return `${count.toLocaleString("en")} ${count === 1 ? "picture" : "pictures"}`;
}

// Pictures by number, the newest first; those that are there already stay.
function fillStrip(strip, numbers, addressOf) {
  const present = new Map([...strip.children].map((image) => [Number(image.dataset.number), image]));
  const images = numbers.map((number) => {
    if (present.has(number)) return present.get(number);
    const image = Object.assign(document.createElement("img"), { alt: "", src: addressOf(number) });
    image.dataset.number = number;
    return image;
  });
  strip.replaceChildren(...images);
}
