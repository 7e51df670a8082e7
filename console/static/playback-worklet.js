// The loudspeaker's side of a telephone line, with Jambonz's buffers: the first sound is held until 160 ms have come, what follows
// moves on in pieces of at least 80 ms. `kill` empties everything at once. `most_s`: more than that is never kept waiting (a talk
// between people must not lag behind); 0: everything is kept, as the bot may send ahead.

const FIRST_S = 0.16;
const NEXT_S = 0.08;
const REPORT = 320;

class Playback extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.most = processorOptions.most_s * sampleRate;
    this.threshold = FIRST_S * sampleRate;
    this.reported = { power: 0, samples: 0 };
    this.heard = 0; // sum of squares of all that was played: 0 means that nothing sounded
    this.kill();
    this.port.onmessage = ({ data }) => { if (data.kill) this.kill(); else this.take(new Int16Array(data.pcm)); };
  }

  kill() {
    this.waiting = [];
    this.held = 0; // samples in `waiting`
    this.queue = [];
    this.queued = 0;
    this.at = 0; // in the first piece of the queue
  }

  take(pcm) {
    this.waiting.push(pcm);
    this.held += pcm.length;
    if (this.held < this.threshold) return;
    this.threshold = NEXT_S * sampleRate;
    this.queue.push(...this.waiting);
    this.queued += this.held;
    this.waiting = [];
    this.held = 0;
    while (this.most && this.queued > this.most && this.queue.length > 1) this.drop();
  }

  drop() {
    this.queued -= this.queue.shift().length - this.at;
    this.at = 0;
  }

  process(inputs, [output]) {
    const samples = output[0];
    for (let i = 0; i < samples.length; i += 1) {
      samples[i] = this.next();
      this.reported.power += samples[i] * samples[i];
    }
    this.reported.samples += samples.length;
    if (this.reported.samples >= REPORT) this.report();
    return true;
  }

  next() {
    if (!this.queue.length) return 0;
    const piece = this.queue[0];
    const sample = piece[this.at] / 32768;
    this.at += 1;
    this.queued -= 1;
    if (this.at === piece.length) {
      this.queue.shift();
      this.at = 0;
    }
    return sample;
  }

  report() {
    const { power, samples } = this.reported;
    this.heard += power;
    this.port.postMessage({ rms: Math.sqrt(power / samples), energy: this.heard, at: currentTime });
    this.reported = { power: 0, samples: 0 };
  }
}

registerProcessor("playback", Playback);
