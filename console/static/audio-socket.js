// The caller's end of an audio socket (subprotocol audio.jambonz.org), as Jambonz's media server holds it: a first text frame that
// introduces the call, then 16-bit sound both ways in binary frames; killAudio and disconnect as text from the bot.
//
//   const socket = new AudioSocket(path, firstFrame, sound);
//   socket.onkill = () => ...                  // the bot was silenced
//   socket.onmessage = (message) => ...        // text that is not the protocol's own: {"type": "joined"} ...
//   const how = await socket.over;             // "disconnect" (the bot let the line go), "left" (we did), "refused", "lost"
//   socket.press("5"); socket.leave();

const SUBPROTOCOL = "audio.jambonz.org";

export class AudioSocket {
  constructor(path, firstFrame, sound) {
    this.sound = sound;
    this.how = "";
    this.onmessage = () => {};
    this.onkill = () => {};
    this.over = new Promise((resolve) => { this.resolve = resolve; });
    const address = new URL(path, window.location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.ws = new WebSocket(address, SUBPROTOCOL);
    this.ws.binaryType = "arraybuffer";
    this.ws.onopen = () => this.begin(firstFrame);
    this.ws.onmessage = ({ data }) => (typeof data === "string" ? this.told(data) : sound.play(data));
    this.ws.onclose = () => this.end(this.begun ? "lost" : "refused");
  }

  begin(firstFrame) {
    this.begun = true;
    this.ws.send(JSON.stringify(firstFrame));
    this.sound.onsend = (pcm) => { if (this.ws.readyState === WebSocket.OPEN) this.ws.send(pcm); };
  }

  told(text) {
    const message = JSON.parse(text);
    if (message.type === "killAudio") this.kill();
    else if (message.type === "disconnect") this.end("disconnect");
    else this.onmessage(message);
  }

  kill() {
    this.sound.kill();
    this.onkill();
  }

  press(digit) {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify({ event: "dtmf", dtmf: digit, duration: "1280" }));
  }

  leave() { this.end("left"); }

  // Sound that was not played yet is thrown away, as Jambonz does.
  end(how) {
    if (this.how) return;
    this.how = how;
    this.sound.onsend = () => {};
    this.sound.kill();
    this.ws.close(1000);
    this.resolve(how);
  }
}
