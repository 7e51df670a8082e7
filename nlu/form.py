"""What the caller has told of what an intent needs to know. Gathered from the turns each time, kept nowhere. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from calls.call import ABOUT_A_SLOT, Intent, Question, Turn
from calls.settings import Settings
from calls.slots import SlotSettings
from calls.standing import standing_question, standing_slot
from nlu import everyday
from nlu.wishes import is_wish

DETAILS = "details"  # the intent of a turn that gives what was asked for
_SAID_AGAIN = frozenset({everyday.REPEAT, everyday.LANGUAGE, everyday.GREETING, "silence", "trouble", "no_recording"})  # the same question


@dataclass(slots=True)
class Form:
    wish: str = ""  # the intent that it is filled in for
    wanted: Intent = field(default_factory=lambda: Intent(""))  # as the caller said it, with what was said beside it
    values: dict[str, str] = field(default_factory=dict)  # slot -> the latest value, right or wrong
    confirmed: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)  # the caller does not have it
    asked: Counter[str] = field(default_factory=Counter)  # how often the bot asked for it, or read it back wrong

    def hear(self, settings: Settings, intent: Intent, asked: Question, slot: str) -> None:
        """The caller answered `asked` (about `slot`) with `intent`."""
        if is_wish(settings, (intent.name, intent.confidence)):
            self.wish, self.wanted = intent.name, intent
        elif asked in ABOUT_A_SLOT and slot not in required(settings, self.wish):
            self.wish = next((name for name in self.wanted.also if slot in required(settings, name)), self.wish)
        for name, value in intent.slots.items():
            if slot_settings(settings, name) and self.values.get(name) != value:
                self.values[name] = value
                self.confirmed.discard(name)
                self.refused.discard(name)
        if asked is Question.CONFIRM_SLOT and intent.name == everyday.YES:
            self.confirmed.add(slot)
        if asked is Question.CONFIRM_SLOT and intent.name == everyday.NO:
            self.values.pop(slot, None)
            self.asked[slot] += 1
        if asked is Question.SLOT and intent.name == everyday.NO:
            self.refused.add(slot)


def form_of(settings: Settings, history: Sequence[Turn], intent: Intent) -> Form:
    """As it is after the turns of `history`, and one more that was understood as `intent`."""
    form = Form()
    for number, turn in enumerate(history):
        before = history[:number]
        if turn.intent:
            form.hear(settings, turn.intent, standing_question(before), standing_slot(before))
        if turn.asked is Question.SLOT and not (turn.intent and turn.intent.name in _SAID_AGAIN):
            form.asked[turn.asked_slot] += 1
    form.hear(settings, intent, standing_question(history), standing_slot(history))
    return form


def required(settings: Settings, intent: str) -> dict[str, SlotSettings]:
    """The slots that the bot asks for before it answers, in the order of jambonz-app.json."""
    wish = settings.intents.get(intent)
    return {name: slot for name, slot in wish.slots.items() if slot.required} if wish else {}


def slot_settings(settings: Settings, name: str, intent: str = "") -> SlotSettings | None:
    """The slot of that name: of `intent` if it has one, else of any intent."""
    wish = settings.intents.get(intent)
    if wish and name in wish.slots:
        return wish.slots[name]
    return next((each.slots[name] for each in settings.intents.values() if name in each.slots), None)
