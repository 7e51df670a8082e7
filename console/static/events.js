// Shows what is marked data-when-offline while its page has no event stream: the connection is lost, or the bot lets no more pages in.
"use strict";

function tellOffline(event, offline) {
  for (const notice of event.target.querySelectorAll("[data-when-offline]")) notice.hidden = !offline;
}

document.addEventListener("htmx:sseOpen", (event) => tellOffline(event, false));
document.addEventListener("htmx:sseError", (event) => tellOffline(event, true));
