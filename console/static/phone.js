// The telephone of /phone: plays Jambonz's part. It carries out the verbs that our hooks answer, and shows what happens in the call.

import { AudioSocket } from "./audio-socket.js";
import { ReplyClock } from "./reply-clock.js";
import { Transcript } from "./phone-transcript.js";
import { NoSound, Sound, decibels } from "./sound.js";

const page = document.querySelector("#phone");
const part = (name) => page.querySelector(`[data-part="${name}"]`);
const STATES = {
  greeting: "The bot greets you",
  listening: "The bot listens",
  thinking: "The bot thinks",
  speaking: "The bot speaks",
  ringing: "Ringing an agent",
  with_agent: "You talk with an agent",
  ended: "The call has ended",
};
const SILENT_DB = -70;
const LAST_WORDS_S = 1; // they are still recognised, and shown
const NO_SIP_S = 2; // a dial "rings" so long, so that it can be seen

let call = null;

class Call {
  constructor(sound) {
    this.sound = sound;
    this.over = false;
    this.gone = new Promise((resolve) => { this.leave = resolve; });
    this.actionHook = "";
    this.clock = new ReplyClock((ms) => transcript.replied(ms));
    sound.onframe = (rms, at) => {
      this.clock.caller(decibels(rms), at);
      meter("caller", rms);
    };
    sound.onheard = (rms, energy, at) => {
      this.clock.bot(decibels(rms), at);
      meter("bot", rms);
      part("bot-meter").dataset.heardEnergy = energy.toFixed(6);
    };
  }

  async run() {
    const answer = await post("/phone/call", {});
    this.sid = answer.call_sid;
    this.began = Date.now();
    page.dataset.callSid = this.sid;
    this.listenToEvents();
    await this.carryOut(answer.verbs);
  }

  // An answered array replaces the list; an empty one goes on with the next verb; the list's end is a hang-up.
  async carryOut(verbs) {
    let list = [...verbs];
    while (list.length && !this.over) {
      const verb = list.shift();
      const told = VERBS[verb.verb] ? await VERBS[verb.verb](this, verb) : skipped(verb);
      if (!this.over && verb.actionHook && VERBS[verb.verb]) {
        const answer = await post(`/phone/${this.sid}/hook`, { hook: verb.actionHook, facts: told || {} });
        if (answer.verbs.length) list = answer.verbs;
      }
    }
    if (!this.over) await this.end("jambonz");
  }

  listenToEvents() {
    this.events = new EventSource(`${page.dataset.base}/phone/${this.sid}/events`);
    this.events.addEventListener("so-far", ({ data }) => JSON.parse(data).forEach((line) => transcript.add(line)));
    this.events.addEventListener("words", ({ data }) => transcript.add(JSON.parse(data)));
    this.events.addEventListener("call", ({ data }) => state(JSON.parse(data).state));
  }

  // Waits, unless the caller leaves before.
  pause(seconds) { return Promise.race([this.gone, after(seconds)]); }

  async end(by) {
    if (this.over) return;
    this.over = true;
    this.leave();
    if (this.socket) this.socket.leave();
    if (this.sid) {
      const duration_s = Math.round((Date.now() - this.began) / 1000);
      const left = post(`/phone/${this.sid}/hangup`, { by, hook: by === "caller" ? this.actionHook : "", duration_s }, { keepalive: true });
      await left.catch((error) => notice(error.message, "bad"));
    }
    state("ended");
    await after(LAST_WORDS_S);
    if (this.events) this.events.close();
    await this.sound.close();
    if (call === this) idle();
  }
}

const VERBS = {
  say(_, verb) { transcript.note(`Jambonz says: ${verb.text}`); },

  async stream(of, verb) {
    const began = Date.now();
    of.actionHook = verb.actionHook;
    of.socket = new AudioSocket(page.dataset.base + verb.url, verb.first_frame, of.sound);
    of.socket.onkill = () => of.clock.hushed();
    controls(true);
    const how = await of.socket.over;
    controls(false);
    of.socket = null;
    if (!of.over) of.actionHook = "";
    if (how === "refused") transcript.note("The bot refused the audio socket.");
    return how === "refused" ? {} : { dial_call_duration: Math.round((Date.now() - began) / 1000) };
  },

  redirect() { return {}; },

  async dial(of, verb) {
    state("ringing");
    of.actionHook = verb.actionHook || "";
    transcript.note("The bot has an agent's telephone rung. A browser can't: it says that nobody could be reached.");
    await of.pause(NO_SIP_S);
    if (!of.over) of.actionHook = "";
    return { dial_call_status: "failed", dial_sip_status: 503 };
  },

  async play(of, verb) {
    try {
      const answer = await fetch(page.dataset.base + verb.url);
      const source = new AudioBufferSourceNode(of.sound.context, { buffer: await of.sound.context.decodeAudioData(await answer.arrayBuffer()) });
      source.connect(of.sound.context.destination);
      source.start();
      await of.pause(source.buffer.duration);
    } catch {
      transcript.note("A sound could not be played.");
    }
  },

  pause(of, verb) { return of.pause(verb.length).then(() => ({})); },

  hangup(of) { return of.end("jambonz"); },

  tag() {},
};

function after(seconds) { return new Promise((done) => { setTimeout(done, seconds * 1000); }); }

function skipped(verb) { transcript.note(`The verb ${verb.verb} means nothing to a browser.`); }

async function post(path, body, more = {}) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": page.dataset.csrf };
  const answer = await fetch(page.dataset.base + path, { method: "POST", headers, body: JSON.stringify(body), ...more });
  if (!answer.ok) throw new Error((await answer.text()).trim() || `The bot answered ${answer.status}.`);
  return answer.status === 204 ? {} : answer.json();
}

// -- what is shown ------------------------------------------------------------------
const transcript = new Transcript(part("transcript"), JSON.parse(page.dataset.topics));

function state(name) {
  part("state").textContent = STATES[name] || part("state").textContent;
  page.dataset.state = name || page.dataset.state;
}

function notice(text, kind = "") {
  part("notice").textContent = text;
  part("notice").className = `notice ${kind}`;
  part("notice").hidden = !text;
}

function meter(name, rms) {
  const db = Math.round(decibels(rms));
  part(`${name}-meter`).value = db;
  part(`${name}-level`).textContent = db <= SILENT_DB ? "silent" : `${db} dB`;
}

function controls(talking) {
  for (const key of page.querySelectorAll("[data-digit]")) key.disabled = !talking;
}

function idle() {
  call = null;
  controls(false);
  state("ended");
  for (const name of ["caller", "bot"]) meter(name, 0);
  part("call").hidden = false;
  part("hang-up").hidden = true;
  part("call").focus();
}

function tick() {
  if (!call || !call.began) return;
  const seconds = Math.round((Date.now() - call.began) / 1000);
  part("length").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// -- what the person does -------------------------------------------------------------
async function begin() {
  notice("");
  transcript.clear();
  part("call").hidden = true;
  part("hang-up").hidden = false;
  part("hang-up").focus();
  part("state").textContent = "Calling";
  part("length").textContent = "0:00";
  part("pressed").textContent = "none";
  try {
    const sound = await Sound.open();
    call = new Call(sound);
    const trouble = await sound.listen();
    if (trouble) notice(`${trouble} Until then the bot can't hear you; the keypad works.`, "bad");
    part("wake").hidden = !sound.asleep;
    await call.run();
  } catch (error) {
    notice(error instanceof NoSound ? error.message : `The call broke off: ${error.message}`, "bad");
    if (call) await call.end("caller");
    else idle();
  }
}

function press(digit) {
  if (!call || !call.socket) return;
  call.socket.press(digit);
  part("pressed").textContent = part("pressed").textContent.replace("none", "") + digit;
}

part("call").addEventListener("click", begin);
part("hang-up").addEventListener("click", () => call && call.end("caller"));
part("wake").addEventListener("click", async () => {
  if (call) await call.sound.wake();
  part("wake").hidden = true;
});
page.addEventListener("click", ({ target }) => target.dataset.digit && press(target.dataset.digit));
document.addEventListener("keydown", ({ key, target, ctrlKey, altKey, metaKey }) => {
  const typing = target.matches("input, textarea, select, [contenteditable]");
  if (!typing && !ctrlKey && !altKey && !metaKey && /^[0-9*#]$/.test(key)) press(key);
});
window.addEventListener("pagehide", () => call && call.end("caller"));
setInterval(tick, 500);
