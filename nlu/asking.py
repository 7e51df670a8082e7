"""Asks for what an intent needs to know, reads it back, and knows when to stop asking."""

from __future__ import annotations

from collections.abc import Iterator

from calls.call import Question, Say
from calls.settings import Settings, pick
from calls.slots import SlotSettings
from nlu.form import Form, required, slot_settings
from nlu.slot_codes import CODES
from nlu.slots import check, read_back
from nlu.speaking import Speaking

_MOST_ASKED = 3  # so often a value is asked for


class Asking:
    def __init__(self, settings: Settings, speaking: Speaking) -> None:
        self._settings, self._speaking = settings, speaking

    def next(self, form: Form, language: str) -> list[Say]:
        """What is to be asked now, in the order of jambonz-app.json; nothing when the wish knows what it needs."""
        for name, slot in required(self._settings, form.wish).items():
            if name in form.confirmed or self._gave_up_on(name, form):
                continue
            return list(self._ask_for(name, slot, form, language))
        return []

    def gave_up(self, form: Form) -> str:
        """The slot that the wish needs and that could not be had; "" while there is none."""
        missing = (name for name in required(self._settings, form.wish) if name not in form.confirmed)
        return next((name for name in missing if self._gave_up_on(name, form)), "")

    def without(self, name: str, language: str) -> Iterator[Say]:
        """The bot asks for it no more."""
        slot = slot_settings(self._settings, name)
        return self._speaking.prompt("slot_given_up", language, label=self._label(slot, language)) if slot else iter(())

    def again(self, name: str, language: str) -> Iterator[Say]:
        """The caller's answer was not understood."""
        slot = slot_settings(self._settings, name)
        return self._about("slot_again", name, slot, language) if slot else iter(())

    def blanks(self, form: Form) -> dict[str, str]:
        """The values as an answer speaks them, by the names of their slots."""
        slots = {name: slot_settings(self._settings, name, form.wish) for name in form.values}
        return {name: read_back(slot, form.values[name]) for name, slot in slots.items() if slot}

    def _gave_up_on(self, name: str, form: Form) -> bool:
        return name in form.refused or (form.asked[name] >= _MOST_ASKED and not self._can_be_confirmed(name, form))

    def _can_be_confirmed(self, name: str, form: Form) -> bool:
        slot = slot_settings(self._settings, name, form.wish)
        return bool(slot and name in form.values and not check(slot, form.values[name]))

    def _ask_for(self, name: str, slot: SlotSettings, form: Form, language: str) -> Iterator[Say]:
        value = form.values.get(name, "")
        if not value:
            return self._about("slot_again", name, slot, language) if form.asked[name] else self._first(name, slot, language)
        if why := check(slot, value):
            return self._about("slot_again" if why in ("too_short", "too_long") else "slot_invalid", name, slot, language)
        blanks = {"label": self._label(slot, language), "value": read_back(slot, value)}
        return self._speaking.prompt("slot_confirm", language, Question.CONFIRM_SLOT, slot=name, **blanks)

    def _first(self, name: str, slot: SlotSettings, language: str) -> Iterator[Say]:
        return self._speaking.spoken(slot.ask, language, Question.SLOT, slot=name)

    def _about(self, prompt: str, name: str, slot: SlotSettings, language: str) -> Iterator[Say]:
        """A day or an amount is not said digit by digit, nor keyed in: it is asked for as the first time."""
        if slot.kind not in CODES:
            return self._first(name, slot, language)
        return self._speaking.prompt(prompt, language, Question.SLOT, slot=name, label=self._label(slot, language))

    def _label(self, slot: SlotSettings, language: str) -> str:
        return pick(slot.label, language, self._settings.language)
