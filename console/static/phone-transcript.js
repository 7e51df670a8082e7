// The call as it is spoken: a line a caller's turn with what was understood and how long the answer took, a line a sentence of the bot's.
// What comes is a "words" event of calls/live.py; one of a line that is there says more of it, or the same again.

export class Transcript {
  constructor(list, topics) {
    this.list = list;
    this.topics = topics;
    this.clear();
  }

  clear() {
    this.list.replaceChildren();
    this.callers = new Map();
    this.said = new Set();
  }

  add({ number, speaker, ...told }) {
    if (speaker === "caller") this.caller(number, told);
    else if (told.text) this.bot(number, told.text, told.language);
  }

  caller(number, told) {
    const known = this.callers.get(number) || { line: this.line("caller", "You", told.text || "", told.language) };
    this.callers.set(number, Object.assign(known, Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null))));
    known.line.querySelector("span").textContent = known.text || "";
    this.explain(known);
  }

  bot(number, text, language) {
    const key = `${number} ${text}`;
    if (this.said.has(key)) return; // told, and journalled
    this.said.add(key);
    this.line("bot", "Bot", text, language);
  }

  // The answer to what the caller said last was heard here after `ms`.
  replied(ms) {
    const last = [...this.callers.values()].at(-1);
    if (!last || last.heard_ms !== undefined) return;
    last.heard_ms = ms;
    this.explain(last);
  }

  explain(known) {
    const parts = [];
    if (known.intent) parts.push(`${this.topics[known.intent] || known.intent.replaceAll("_", " ")} (${Math.round((known.confidence || 0) * 100)} %)`);
    if (known.reply_ms !== undefined) parts.push(`answered after ${known.reply_ms} ms`);
    if (known.heard_ms !== undefined) parts.push(`heard here after ${known.heard_ms} ms`);
    known.line.querySelector("small").textContent = parts.join(" · ");
    Object.assign(known.line.dataset, { intent: known.intent || "", replyMs: known.reply_ms ?? "", heardMs: known.heard_ms ?? "" });
  }

  // What the page itself has to say.
  note(text) {
    const line = this.line("note muted", "", text);
    line.querySelector("b").remove();
  }

  line(kind, who, text, language) {
    const line = document.createElement("li");
    line.className = kind;
    const [name, words, more] = ["b", "span", "small"].map((tag) => document.createElement(tag));
    name.textContent = who;
    words.textContent = text;
    if (language) words.lang = language;
    more.className = "muted";
    line.append(name, " ", words, " ", more);
    this.list.append(line);
    line.scrollIntoView({ block: "nearest" });
    return line;
  }
}
