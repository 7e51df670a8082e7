"""Completes what an utterance was understood as: the slots that it fills, the FAQ entry that it asks for, the signs that the caller
needs care. The same for every engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from calls.call import Intent, Question, Turn
from calls.settings import Settings
from calls.slots import SlotSettings
from calls.standing import standing_question, standing_slot
from nlu import everyday
from nlu.faq import FaqFinder
from nlu.form import DETAILS, form_of, slot_settings
from nlu.humans import utc_now
from nlu.lacking import lacks
from nlu.negated import denies, negates
from nlu.signals import signals
from nlu.slots import SlotReader, check, mend
from nlu.wishes import OTHER, is_sure

_SURE = 0.97
_FOUND = 0.9  # nlu/faq.py answers where it is that sure


class Noticing:
    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = utc_now) -> None:
        self._settings, self._now = settings, now
        self._reader, self._faq = SlotReader(settings), FaqFinder(settings)

    def complete(self, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Intent:
        """`intent` is what the words alone mean; touches nothing."""
        told = self._answer_to_slot(intent, turn, history) or self._listened_along(intent, turn)
        told = replace(told, signals=signals(turn.heard, told, history))
        return self._with_answer(told, turn) if self._may_be_a_question(told) else told

    def _with_answer(self, intent: Intent, turn: Turn) -> Intent:
        """A question that the FAQ knows is understood, whether or not the intent was."""
        entry = self._faq.find(turn.heard, intent)
        if entry and not is_sure(self._settings, intent):
            intent = replace(intent, name=self._settings.faq[entry].intent or OTHER, confidence=_FOUND)
        return replace(intent, faq=entry)

    def _answer_to_slot(self, intent: Intent, turn: Turn, history: Sequence[Turn]) -> Intent | None:
        """What was asked for is given, or put right; None when the caller speaks of something else."""
        name = standing_slot(history)
        slot = slot_settings(self._settings, name) if name else None
        if slot is None:
            return None
        form, is_read_back = form_of(self._settings, history, Intent("")), standing_question(history) is Question.CONFIRM_SLOT
        before = form.values.get(name, "")
        if is_read_back:
            value = None if intent.name == everyday.YES else self._corrected(slot, before, turn)
        else:
            value = self._given(name, slot, before, turn)
        if value is not None:
            return Intent(DETAILS, _SURE, {name: value})
        if is_sure(self._settings, intent) and (is_read_back or intent.name != form.wish):
            return None
        says_no = denies(turn.heard) or negates(turn.heard) if is_read_back else lacks(turn.heard)
        return Intent(everyday.NO, _SURE) if says_no else None

    def _corrected(self, slot: SlotSettings, before: str, turn: Turn) -> str | None:
        return self._reader.correct(slot, before, turn.heard, language=turn.language, now=self._now()) or None

    def _given(self, name: str, slot: SlotSettings, before: str, turn: Turn) -> str | None:
        """A whole value, or the rest of one that was too short ("" when the caller begins anew); a wrong one is mended if it can only
        have been one thing."""
        value = self._reader.read(turn.heard, intent="", language=turn.language, now=self._now(), wanted=name).get(name)
        if before and check(slot, value or before) == "too_short":
            joined = self._reader.join(slot, before, turn.heard, language=turn.language, now=self._now())
            value = joined if joined != before else value
        return (mend(slot, value) or value) if value and check(slot, value) else value

    def _listened_along(self, intent: Intent, turn: Turn) -> Intent:
        found = self._reader.read(turn.heard, intent=intent.name, language=turn.language, now=self._now()) if turn.heard else {}
        return replace(intent, slots={**intent.slots, **found}) if found else intent

    def _may_be_a_question(self, intent: Intent) -> bool:
        wish = self._settings.intents.get(intent.name)
        small_talk = intent.name in everyday.INTENTS or intent.name in (DETAILS, everyday.LANGUAGE)
        return not small_talk and not (wish and wish.ends_in == "human" and is_sure(self._settings, intent))
