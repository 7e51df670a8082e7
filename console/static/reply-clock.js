// How long a caller waits for the answer, measured at his own ear: from the end of his speech to the first of the bot's sound.
// Times are seconds of one clock (an AudioContext's), levels dBFS; a level comes every 20 ms.

const QUIETEST_DB = -50; // never taken for speech below this
const OVER_NOISE_DB = 15;
const OVER_BOT_DB = -35; // while the bot sounds: what is quieter may be its echo
const BOT_DB = -50;
const PAUSE_S = 0.4; // the bot has paused when it was silent for so long
const SPEECH_FRAMES = 3; // shorter sounds are clicks

export class ReplyClock {
  constructor(onreply) {
    this.onreply = onreply;
    this.floor = -60;
    this.loud = 0;
    this.spokeAt = null;
    this.botAt = -1;
  }

  caller(db, at) {
    this.floor = Math.min(db, this.floor + 0.05, -30);
    const least = at - this.botAt < PAUSE_S ? OVER_BOT_DB : Math.max(QUIETEST_DB, this.floor + OVER_NOISE_DB);
    this.loud = db > least ? this.loud + 1 : 0;
    if (this.loud >= SPEECH_FRAMES) this.spokeAt = at;
  }

  bot(db, at) {
    if (db <= BOT_DB) return;
    const begins = at - this.botAt > PAUSE_S;
    this.botAt = at;
    if (begins && this.spokeAt !== null) {
      this.onreply(Math.round((at - this.spokeAt) * 1000));
      this.spokeAt = null;
    }
  }

  // The bot was silenced.
  hushed() { this.botAt = -1; }
}
