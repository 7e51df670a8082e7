"""The line of JSON that a language model's answer begins with: what the caller wants, and what the answer asks. Nothing in it is believed
that jambonz-app.json does not know."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from calls.call import Intent, Question
from calls.settings import Settings
from calls.urgency import Signal
from nlu import everyday
from nlu.form import DETAILS, slot_settings
from nlu.slots import check
from nlu.wishes import OTHER

ASKS = (Question.NONE, Question.OPEN, Question.AGAIN, Question.ANYTHING_ELSE, Question.OFFER_HUMAN, Question.SOLVED)
SLOT = "slot:"
_UNSAID = 0.5  # the confidence of a model that gives none
_MOST_ALSO = 3
_LONGEST_VALUE = 64  # characters of a slot


@dataclass(frozen=True, slots=True)
class Header:
    intent: Intent
    asks: Question = Question.NONE
    slot: str = ""  # which one it asks for


@dataclass(frozen=True, slots=True)
class HeaderReader:
    """`read` takes the parsed JSON object, whatever is in it."""

    settings: Settings
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset({*self.settings.intents, *everyday.INTENTS, everyday.LANGUAGE, DETAILS}))

    def read(self, told: Mapping[str, Any]) -> Header:
        name = told.get("intent")
        name = name if isinstance(name, str) and name in self.names else OTHER
        faq = told.get("faq")
        intent = Intent(
            name,
            confidence_of(told.get("confidence")),
            self._slots(told.get("slots"), name),
            also=tuple(other for other in _texts(told.get("also")) if other in self.settings.intents and other not in (name, OTHER))[
                :_MOST_ALSO
            ],
            signals=tuple(signal for signal in _texts(told.get("signals")) if signal in {*Signal}),
            faq=faq if isinstance(faq, str) and faq in self.settings.faq else "",
        )
        return Header(intent, *self._asks(told.get("asks")))

    def _slots(self, told: Any, intent: str) -> dict[str, str]:
        """Those that exist and can be right."""
        if not isinstance(told, Mapping):
            return {}
        if intent == everyday.LANGUAGE:
            language = told.get("language")
            return {"language": language} if language in self.settings.languages else {}
        values = {}
        for name, value in told.items():
            slot = slot_settings(self.settings, name, intent)
            if slot and isinstance(value, str) and 0 < len(value) <= _LONGEST_VALUE and not check(slot, value):
                values[name] = value
        return values

    def _asks(self, told: Any) -> tuple[Question, str]:
        if not isinstance(told, str):
            return Question.NONE, ""
        if told.startswith(SLOT):
            slot = told.removeprefix(SLOT)
            return (Question.SLOT, slot) if slot_settings(self.settings, slot) else (Question.OPEN, "")
        return (Question(told), "") if told in {*ASKS} else (Question.NONE, "")


def header_line(intent: Intent | None, asks: Question, slot: str = "") -> str:
    """As the model shall write it: for the examples in its memory."""
    intent = intent or Intent(OTHER)
    told: dict[str, Any] = {"intent": intent.name, "confidence": round(intent.confidence, 2)}
    told |= {"slots": dict(intent.slots)} if intent.slots else {}
    told |= {"also": list(intent.also)} if intent.also else {}
    told |= {"faq": intent.faq} if intent.faq else {}
    if asks in (Question.SLOT, Question.CONFIRM_SLOT) and slot:
        told["asks"] = SLOT + slot
    else:
        told["asks"] = str(asks if asks in ASKS else Question.OPEN)
    return json.dumps(told, ensure_ascii=False, separators=(", ", ": "))


def confidence_of(told: Any) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told):
        return _UNSAID
    return min(max(float(told), 0.0), 1.0)


def _texts(told: Any) -> list[str]:
    return [text for text in told if isinstance(text, str)] if isinstance(told, list) else []
