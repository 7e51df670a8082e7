"""What the caller has told of what an intent needs to know. Gathered from the turns each time, kept nowhere. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from calls.call import Intent, Question, Turn
from calls.settings import Settings
from calls.slots import SlotSettings
from nlu import everyday
from nlu.standing import standing_question, standing_slot
from nlu.wishes import is_wish

DETAILS = "details"  # the intent of a turn that gives what was asked for


@dataclass(slots=True)
class Form:
    wish: str = ""  # the intent that it is filled in for
    values: dict[str, str] = field(default_factory=dict)  # slot -> the latest value, right or wrong
    confirmed: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)  # the caller does not have it
    asked: Counter[str] = field(default_factory=Counter)  # how often the bot asked for it, or read it back wrong

    def hear(self, settings: Settings, intent: Intent, asked: Question, slot: str) -> None:
        """The caller answered `asked` (about `slot`) with `intent`."""
        if is_wish(settings, (intent.name, intent.confidence)):
            self.wish = intent.name
        for name, value in intent.slots.items():
            if slot_settings(settings, name) and self.values.get(name) != value:
                self.values[name] = value
                self.confirmed.discard(name)
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
        if turn.asked is Question.SLOT:
            form.asked[turn.asked_slot] += 1
    form.hear(settings, intent, standing_question(history), standing_slot(history))
    return form


def slot_settings(settings: Settings, name: str, intent: str = "") -> SlotSettings | None:
    """The slot of that name: of `intent` if it has one, else of any intent."""
    wish = settings.intents.get(intent)
    if wish and name in wish.slots:
        return wish.slots[name]
    return next((each.slots[name] for each in settings.intents.values() if name in each.slots), None)
