// Talking on the desk's page: the Take button (data-call-sid, data-key) opens the microphone and joins the caller.
// The button may come and go with the page's live pieces; the panel (desk_phone.html) stays.

import { AudioSocket } from "./audio-socket.js";
import { Sound, RATE, decibels } from "./sound.js";

const TAKE = "button[data-call-sid][data-key]";
const SILENT_DB = -70;
const MOST_S = 0.4; // a talk must not lag behind
const panel = document.querySelector("#desk-phone");
const part = (name) => panel.querySelector(`[data-part="${name}"]`);
const REFUSED = {
  taken: "Somebody else has taken the call.",
  gone: "The caller has gone.",
  not_rung: "The call does not ring here any more.",
  elsewhere: "The caller's sound is in another process of the bot, which this page does not reach. Talking on the page needs one web process.",
};
const OVER = { disconnect: "The call is over.", left: "You have hung up.", lost: "The connection broke off.", refused: "The call could not be opened: it has gone, or this page is too old. Load it again." };

let talk = null;

class Talk {
  constructor(sound, call_sid, key) {
    this.sound = sound;
    this.muted = false;
    this.why = "";
    sound.onframe = (rms) => level("you", rms);
    sound.onheard = (rms, energy) => {
      level("caller", rms);
      part("caller-meter").dataset.heardEnergy = energy.toFixed(6);
    };
    const hello = { sampleRate: RATE, mixType: "mono", callSid: call_sid, direction: "outbound", from: "desk", to: "" };
    const path = `${panel.dataset.base}/audio/agent/${encodeURIComponent(call_sid)}?key=${encodeURIComponent(key)}`;
    this.socket = new AudioSocket(path, hello, sound);
    this.socket.onmessage = (message) => this.told(message);
  }

  told({ type, why }) {
    if (type === "joined") {
      this.since = Date.now();
      state("talking", "You talk with the caller.");
      part("hang-up").focus({ preventScroll: true });
    }
    if (type === "refused") {
      this.why = REFUSED[why] || why;
      this.socket.leave();
    }
  }

  mute() {
    this.muted = !this.muted;
    this.sound.mute(this.muted);
    part("mute").setAttribute("aria-pressed", String(this.muted));
    part("mute").textContent = this.muted ? "Microphone is off" : "Mute";
  }

  async run() {
    const how = await this.socket.over;
    await this.sound.close();
    state("over", this.why || OVER[how]);
  }
}

function state(name, text) {
  panel.hidden = false;
  panel.dataset.state = name;
  part("state").textContent = text;
  for (const button of ["mute", "hang-up"]) part(button).disabled = name !== "talking";
  part("close").hidden = name !== "over";
  if (name === "over") part("close").focus({ preventScroll: true });
}

function level(name, rms) {
  const db = Math.round(decibels(rms));
  part(`${name}-meter`).value = db;
  part(`${name}-level`).textContent = db <= SILENT_DB ? "silent" : `${db} dB`;
}

async function take(button) {
  if (talk) return;
  const { callSid, key } = button.dataset;
  button.disabled = true;
  state("joining", "The microphone is opened.");
  part("length").textContent = "0:00";
  let sound = null;
  try {
    sound = await Sound.open({ most_s: MOST_S });
    const trouble = await sound.listen();
    if (trouble) throw new Error(`${trouble} You were not connected.`);
    talk = new Talk(sound, callSid, key);
    await talk.run();
  } catch (error) {
    if (sound) await sound.close();
    state("over", error.message);
  }
  talk = null;
  button.disabled = false;
}

function tick() {
  if (!talk || !talk.since || panel.dataset.state !== "talking") return;
  const seconds = Math.round((Date.now() - talk.since) / 1000);
  part("length").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest(TAKE);
  if (button) take(button);
});
part("mute").addEventListener("click", () => talk && talk.mute());
part("hang-up").addEventListener("click", () => talk && talk.socket.leave());
part("close").addEventListener("click", () => { panel.hidden = true; });
window.addEventListener("pagehide", () => talk && talk.socket.leave());
window.addEventListener("beforeunload", (event) => { if (talk && talk.since) event.preventDefault(); });
setInterval(tick, 500);
