"""Asks for what an intent needs to know, reads it back, and knows when to stop asking."""

from __future__ import annotations

from collections.abc import Iterator

from calls.call import Question, Say
from calls.settings import Settings, pick
from calls.slots import SlotSettings
from nlu.form import Form, slot_settings
from nlu.slots import check, read_back
from nlu.speaking import Speaking

_MOST_ASKED = 3  # so often a value is asked for


class Asking:
    def __init__(self, settings: Settings, speaking: Speaking) -> None:
        self._settings, self._speaking = settings, speaking

    def next(self, form: Form, language: str) -> list[Say]:
        """What is to be asked now, in the order of jambonz-app.json; nothing when the wish knows what it needs."""
        for name, slot in self._needed(form):
            if name in form.confirmed or self._gave_up_on(name, form):
                continue
            return list(self._ask_for(name, slot, form, language))
        return []

    def gave_up(self, form: Form) -> bool:
        """Whether something that the wish needs could not be had."""
        return any(self._gave_up_on(name, form) for name, _ in self._needed(form) if name not in form.confirmed)

    def again(self, name: str, language: str) -> Iterator[Say]:
        """The caller's answer was not understood."""
        slot = slot_settings(self._settings, name)
        return self._about("slot_again", name, slot, language) if slot else iter(())

    def blanks(self, form: Form) -> dict[str, str]:
        """The values as an answer speaks them, by the names of their slots."""
        slots = {name: slot_settings(self._settings, name, form.wish) for name in form.values}
        return {name: read_back(slot, form.values[name]) for name, slot in slots.items() if slot}

    def _needed(self, form: Form) -> list[tuple[str, SlotSettings]]:
        wish = self._settings.intents.get(form.wish)
        return [(name, slot) for name, slot in wish.slots.items() if slot.required] if wish else []

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
        label = pick(slot.label, language, self._settings.language)
        blanks = {"label": label, "value": read_back(slot, value)}
        return self._speaking.prompt("slot_confirm", language, Question.CONFIRM_SLOT, slot=name, **blanks)

    def _first(self, name: str, slot: SlotSettings, language: str) -> Iterator[Say]:
        return self._speaking.spoken(slot.ask, language, Question.SLOT, slot=name)

    def _about(self, prompt: str, name: str, slot: SlotSettings, language: str) -> Iterator[Say]:
        label = pick(slot.label, language, self._settings.language)
        return self._speaking.prompt(prompt, language, Question.SLOT, slot=name, label=label)
