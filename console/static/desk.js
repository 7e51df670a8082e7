// The desk's page, where htmx alone is not enough: a call that rings is heard and announced, single keys press buttons, drafts are kept.
"use strict";
(() => {
  const settings = {
    get: (name, otherwise) => { try { return localStorage.getItem(`desk.${name}`) ?? otherwise; } catch { return otherwise; } },
    set: (name, value) => { try { localStorage.setItem(`desk.${name}`, value); } catch { /* a browser that keeps nothing */ } },
  };
  const isOn = (name) => settings.get(name, name === "notify" ? "off" : "on") === "on";
  const title = document.title;
  let audio = null, ringing = "", tone = 0;

  // -- a call that rings ------------------------------------------------------------
  function look() {
    const call = document.querySelector("[data-rings]");
    say(document.querySelector("[data-says]")?.dataset.says || "");
    document.title = call ? `☎ ${call.dataset.says}` : title;
    if (call && call.dataset.rings !== ringing) announce(call.dataset.says);
    ringing = call ? call.dataset.rings : "";
    if (ringing && !tone) tone = setInterval(beep, 3000);
    if (!ringing && tone) tone = clearInterval(tone) ?? 0;
  }

  // For who does not see the page: once, when it changes.
  function say(text) {
    const place = document.getElementById("desk-says");
    if (place && place.textContent !== text) place.textContent = text;
  }

  function announce(says) {
    beep();
    if (isOn("notify") && window.Notification && Notification.permission === "granted" && document.hidden) {
      const note = new Notification("A call rings", { body: says, tag: "desk-call" });
      note.onclick = () => { window.focus(); note.close(); };
    }
  }

  // Two short notes. A browser lets a page sound only after it was touched once; until then this does nothing.
  function beep() {
    if (!isOn("ring") || !audio || audio.state !== "running") return;
    [[0, 740], [0.22, 880]].forEach(([after, hertz]) => {
      const note = audio.createOscillator(), volume = audio.createGain(), at = audio.currentTime + after;
      note.frequency.value = hertz;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
      note.connect(volume).connect(audio.destination);
      note.start(at);
      note.stop(at + 0.21);
    });
  }

  function wake() {
    if (window.AudioContext) audio = audio || new AudioContext();
    if (audio && audio.state === "suspended") audio.resume();
  }
  ["pointerdown", "keydown"].forEach((kind) => document.addEventListener(kind, wake));

  // -- single keys --------------------------------------------------------------------
  const typing = (element) => element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);
  document.addEventListener("keydown", (event) => {
    if (!isOn("keys") || event.ctrlKey || event.altKey || event.metaKey || event.repeat || typing(event.target)) return;
    const wanted = document.querySelector(`[data-shortcut="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!wanted) return;
    event.preventDefault();
    if (wanted.tagName === "TEXTAREA") wanted.focus(); else wanted.click();
  });

  // -- settings -------------------------------------------------------------------------
  document.querySelectorAll("[data-setting]").forEach((box) => {
    box.checked = isOn(box.dataset.setting);
    box.addEventListener("change", () => {
      settings.set(box.dataset.setting, box.checked ? "on" : "off");
      if (box.dataset.setting === "notify" && box.checked && window.Notification) Notification.requestPermission();
    });
  });

  // -- drafts: a note that is half written outlives the next call, a reload, and a form that was refused --------------
  const drafts = (form) => `desk.draft.${form.dataset.draft}`;
  document.addEventListener("input", ({ target }) => {
    const form = target.closest("form[data-draft]");
    if (form) sessionStorage.setItem(drafts(form), JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrf_token")));
  });
  function restore() {
    document.querySelectorAll("form[data-draft]:not([data-restored])").forEach((form) => {
      form.dataset.restored = "";
      JSON.parse(sessionStorage.getItem(drafts(form)) || "[]").forEach(([name, value]) => {
        if (form.elements[name]) form.elements[name].value = value;
      });
    });
  }

  // -- what htmx tells -------------------------------------------------------------------
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if ([409, 422, 503].includes(detail.xhr?.status) && detail.requestConfig?.elt.matches("form[data-draft]")) {
      detail.shouldSwap = true; // the form again, with what was typed and what is wrong with it
      detail.isError = false;
    }
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.successful && detail.elt.matches("form[data-draft]")) sessionStorage.removeItem(drafts(detail.elt));
  });
  document.addEventListener("htmx:sseClose", ({ detail }) => { if (detail.type === "message") location.reload(); });
  ["htmx:afterSettle", "htmx:sseMessage"].forEach((kind) => document.addEventListener(kind, () => { look(); restore(); keepBottom(); }));

  function keepBottom() {
    const words = document.getElementById("words");
    if (words && !words.matches(":focus")) words.scrollTop = words.scrollHeight;
  }
  look(); restore(); keepBottom();
})();
