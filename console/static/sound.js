// The computer's microphone and loudspeaker as a telephone line has them: 16 kHz, frames of 20 ms.
//
//   const sound = await Sound.open({ most_s: 0 });          // raises NoSound, whose message is for the person
//   const trouble = await sound.listen();                   // "" or why there is no microphone, and what helps
//   sound.onsend = (pcm) => ...                             // the microphone's frames, ArrayBuffers
//   sound.onframe = (level, at) => ...                      // their RMS, 0..1, and the sound's own time in seconds
//   sound.play(pcm); sound.kill(); sound.onheard = (level, energy, at) => ...
//   sound.mute(true); sound.close();

export const RATE = 16000;
const MICROPHONE = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const TROUBLES = {
  NotAllowedError: "The browser was not allowed to use the microphone. Allow it in the address bar (the camera or lock symbol), then call again.",
  NotFoundError: "No microphone was found. Plug one in, then call again.",
  NotReadableError: "Another program holds the microphone. Close it, then call again.",
  NotSupportedError: "This browser can't bring its microphone to 16 kHz. Chrome, Edge and Safari can.",
};

export class NoSound extends Error {}

export class Sound {
  static async open({ most_s = 0 } = {}) {
    if (!window.isSecureContext || !window.AudioWorkletNode) {
      throw new NoSound("A browser lends its microphone only to pages at https:// or http://localhost. Open this page at such an address.");
    }
    const context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    const worklets = ["capture-worklet.js", "playback-worklet.js"].map((name) => new URL(name, import.meta.url).href);
    await Promise.all(worklets.map((address) => context.audioWorklet.addModule(address)));
    return new Sound(context, most_s);
  }

  constructor(context, most_s) {
    this.context = context;
    this.onframe = () => {};
    this.onsend = () => {}; // the socket's
    this.onheard = () => {};
    this.capture = new AudioWorkletNode(context, "capture", { channelCount: 1, channelCountMode: "explicit" });
    this.playback = new AudioWorkletNode(context, "playback", { numberOfInputs: 0, outputChannelCount: [1], processorOptions: { most_s } });
    this.capture.port.onmessage = ({ data }) => this.took(data);
    this.playback.port.onmessage = ({ data }) => this.onheard(data.rms, data.energy, data.at);
    const nowhere = new GainNode(context, { gain: 0 }); // a node that leads nowhere is not run
    this.capture.connect(nowhere).connect(context.destination);
    this.playback.connect(context.destination);
  }

  took({ pcm, rms, at }) {
    this.onsend(pcm);
    this.onframe(rms, at);
  }

  // Whether the browser waits for a click before it makes any sound.
  get asleep() { return this.context.state === "suspended"; }

  wake() { return this.context.resume(); }

  async listen() {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: MICROPHONE });
      this.context.createMediaStreamSource(this.stream).connect(this.capture);
      return "";
    } catch (error) {
      return TROUBLES[error.name] || `The microphone can't be used (${error.name}).`;
    }
  }

  play(pcm) { this.playback.port.postMessage({ pcm }, [pcm]); }

  kill() { this.playback.port.postMessage({ kill: true }); }

  mute(muted) { this.capture.port.postMessage({ muted }); }

  close() {
    for (const track of this.stream ? this.stream.getTracks() : []) track.stop();
    return this.context.close();
  }
}

// RMS 0..1 as dBFS, not below -90.
export function decibels(rms) { return Math.max(-90, 20 * Math.log10(rms || 1e-9)); }
