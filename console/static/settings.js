// /admin/settings: the text area becomes an editor, and what the server finds in the draft is marked beside its lines.
// CodeMirror 5 lays out Devanagari and Tamil as the browser does; all of it works without scripts as a plain form.
"use strict";
(() => {
  const LOOKS_AFTER_MS = 700;
  const form = document.getElementById("draft"), area = document.getElementById("text"), heard = document.getElementById("heard");
  const first = area.value;
  let editor = null, timer = 0, leaving = false;

  if (window.CodeMirror) edit();

  function edit() {
    editor = CodeMirror.fromTextArea(area, {
      mode: { name: "javascript", json: true }, lineNumbers: true, lineWrapping: true, matchBrackets: true, indentUnit: 2, tabSize: 2,
      inputStyle: "contenteditable", spellcheck: false, screenReaderLabel: "jambonz-app.json", gutters: ["faults-gutter", "CodeMirror-linenumbers"],
      extraKeys: { Tab: false, "Shift-Tab": false, "Ctrl-S": check, "Cmd-S": check, "Alt-G": "jumpToLine" },
    });
    const field = editor.getInputField();
    field.setAttribute("role", "textbox");
    field.setAttribute("aria-multiline", "true");
    field.setAttribute("aria-describedby", "findings-title");
    document.getElementById("keys").hidden = false;
    editor.on("change", () => {
      area.value = editor.getValue();
      clearTimeout(timer);
      timer = setTimeout(check, LOOKS_AFTER_MS);
    });
    mark();
  }

  function check() { document.getElementById("check").click(); }

  // -- beside the lines ---------------------------------------------------------------
  function mark() {
    if (!editor) return;
    editor.clearGutter("faults-gutter");
    editor.eachLine((line) => { for (const kind of ["fault", "doubt"]) editor.removeLineClass(line, "background", `CodeMirror-line-${kind}`); });
    for (const found of [...document.querySelectorAll("#findings [data-line]")].reverse()) {
      const kind = found.classList.contains("fault") ? "fault" : "doubt", line = Number(found.dataset.line) - 1;
      const sign = document.createElement("div");
      sign.className = `marker ${kind}`;
      sign.textContent = kind === "fault" ? "✗" : "!";
      sign.title = found.querySelector("[data-says]").textContent;
      editor.setGutterMarker(line, "faults-gutter", sign);
      editor.addLineClass(line, "background", `CodeMirror-line-${kind}`);
    }
  }

  function goTo(line, column) {
    if (editor) {
      editor.setCursor(line - 1, column - 1);
      editor.scrollIntoView(null, 120);
      editor.focus();
      return;
    }
    const at = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0) + column - 1;
    area.focus();
    area.setSelectionRange(at, at);
  }

  document.addEventListener("click", (event) => {
    const found = event.target.closest("[data-goes-to]")?.closest("[data-line]");
    if (found) goTo(Number(found.dataset.line), Number(found.dataset.column));
  });
  document.addEventListener("htmx:afterSwap", (event) => { if (event.target.id === "findings") mark(); });

  // -- keys, and leaving ----------------------------------------------------------------
  heard.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    document.getElementById("try").click();
  });
  form.addEventListener("submit", () => { leaving = true; });
  window.addEventListener("beforeunload", (event) => { if (!leaving && area.value !== first) event.preventDefault(); });
})();
