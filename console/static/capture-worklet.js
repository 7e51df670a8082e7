// The microphone's side of a telephone line: frames of 20 ms, 16-bit at 16 kHz, with their level. The context's rate is 16 kHz.
// Frames come whether or not a microphone is connected, as a telephone line's do: without one they are silent.

const FRAME = 320;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.frame = new Int16Array(FRAME);
    this.filled = 0;
    this.power = 0;
    this.muted = false;
    this.port.onmessage = ({ data }) => { this.muted = data.muted; };
  }

  process([input]) {
    const samples = input[0];
    const count = samples ? samples.length : 128;
    for (let i = 0; i < count; i += 1) this.take(samples && !this.muted ? samples[i] : 0);
    return true;
  }

  take(sample) {
    const within = Math.max(-1, Math.min(1, sample));
    this.frame[this.filled] = Math.round(within * 32767);
    this.power += within * within;
    this.filled += 1;
    if (this.filled === FRAME) this.handOver();
  }

  handOver() {
    const frame = this.frame;
    this.port.postMessage({ pcm: frame.buffer, rms: Math.sqrt(this.power / FRAME), at: currentTime }, [frame.buffer]);
    this.frame = new Int16Array(FRAME);
    this.filled = 0;
    this.power = 0;
  }
}

registerProcessor("capture", Capture);
