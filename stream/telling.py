"""What the people who watch are told of a call: the parts of its row that changed, and the words as they come (calls/live.py)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from calls.call import Call, Intent, Say, Turn
from calls.live import Tell

log = logging.getLogger(__name__)


class Telling:
    """One per call. Nothing of the call hangs on it: what fails here is logged once and then left."""

    def __init__(self, tell: Tell, call: Call) -> None:
        self._tell, self._call, self._failed = tell, call, False
        self._row: dict[str, Any] = {}

    def state(self, state: str) -> None:
        """One of calls.live.STATES; may be told as often as one likes."""
        if self._row.get("state") != state:
            self._changed(state=state)

    def began(self, turns: Sequence[Turn]) -> None:
        """`turns`: those of an earlier stream of the same call."""
        caller = {"caller": self._call.caller} if self._call.caller else {}
        self._changed(**caller, language=self._call.language, turns=_answered(turns))

    def heard(self, turns: Sequence[Turn]) -> None:
        """The last turn has begun with words of the caller's."""
        turn = turns[-1]
        self._changed(language=turn.language, last_words=turn.heard, turns=_answered(turns))
        self._words(turn)

    def understood(self, turn: Turn, intent: Intent, *, is_wish: bool) -> None:
        """The row keeps what the caller wants; a yes or a goodbye does not change it."""
        if is_wish:
            self._changed(intent=intent.name, confidence=intent.confidence)
        self._words(turn)

    def reply_began(self, turn: Turn) -> None:
        self._changed(reply_ms=turn.timings.reply)
        self._words(turn)

    def said(self, turn: Turn, say: Say) -> None:
        """A sentence of ours, as far as the caller heard it."""
        self._send("words", {"number": turn.number, "speaker": "bot", "text": say.text, "language": say.language})

    def _words(self, turn: Turn) -> None:
        """The caller's words with what is known of them by now; told again they replace those of the same number."""
        if turn.heard:
            self._send("words", {"number": turn.number, "speaker": "caller", "text": turn.heard, **_known(turn)})

    def _changed(self, **parts: Any) -> None:
        new = {name: value for name, value in parts.items() if name not in self._row or self._row[name] != value}
        if new:
            self._row |= new
            self._send("call", new)

    def _send(self, kind: str, data: Mapping[str, Any]) -> None:
        try:
            self._tell(kind, self._call.sid, data)
        except Exception:
            if not self._failed:
                log.exception("a live event could not be told", extra={"call_sid": self._call.sid})
            self._failed = True


def _known(turn: Turn) -> dict[str, Any]:
    intent = {"intent": turn.intent.name, "confidence": turn.intent.confidence} if turn.intent else {}
    reply = {} if turn.timings.reply is None else {"reply_ms": turn.timings.reply}
    return {"language": turn.language, **intent, **reply}


def _answered(turns: Sequence[Turn]) -> int:
    return sum(bool(turn.heard) for turn in turns)
