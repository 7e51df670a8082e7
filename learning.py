"""What agents correct becomes part of jambonz-app.json: proposed, scored on what callers said before, then kept or refused."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from calls.agents import WrapUp
from calls.call import CallRecord, Consent
from calls.corrections import Correction, CorrectionKind, CorrectionState
from calls.editing import Misplaced, add_phrase, add_variation
from calls.errors import CorrectionError
from calls.faults import fitted
from calls.scoring import Score, Understand, Verdict, score
from calls.section import unknown
from calls.settings import Settings
from nlu.assistant_guard import numbers_in
from nlu.hindsight import misses_nothing, samples, telling_turn
from nlu.rules import Rules
from records.corrections import Corrections, Proposal

log = logging.getLogger("voicebot")

UTTERANCES = 2000  # the latest that a correction is scored on
LONGEST = {CorrectionKind.INTENT: 300, CorrectionKind.WORD: 100}  # characters
A_NUMBER = re.compile(r"(?:\d[\s.,-]?){6,}")  # may be somebody's telephone or licence
BREATH_S = 0.001  # between two utterances: calls go on beside the scoring
GONE = "it is settled already, or was never proposed"


class File(Protocol):
    """jambonz-app.json: see configuration.Configuration, which is one."""

    settings: Settings  # those in force

    def file(self) -> tuple[str, str]:
        """(text, version) as it stands, in force or not. Raises SettingsError."""

    def publish(self, text: str, *, expected_version: str, by: str = "") -> str:
        """The new version. Raises SettingsError when the text does not fit, or the file has changed meanwhile."""


class Learning:
    """For the desk and `flask corrections`. All raise JournalError; CorrectionError and SettingsError say what to do."""

    def __init__(self, corrections: Corrections, file: File, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.corrections, self._file, self._clock, self._scoring = corrections, file, clock, threading.Lock()
        self._trained: tuple[str, Understand] | None = None  # by which version of the file: the same for many corrections

    # -- proposals --------------------------------------------------------------------

    def propose(self, proposal: Proposal) -> Correction:
        """What somebody says was meant by an utterance (the name of an intent) or by misheard words (the right ones)."""
        return self.corrections.propose(checked(proposal, self._file.settings), now=self._clock())

    def reword(self, correction_id: int, heard: str, meant: str, language: str) -> Correction:
        """What is kept should be what others say too: without names, numbers, and what was beside the matter."""
        new = checked(Proposal(self.proposed(correction_id).kind, heard, meant, language), self._file.settings)
        return self.corrections.reword(correction_id, new.heard, new.meant, new.language) or gone()

    def wrapped_up(self, wrap_up: WrapUp, record: CallRecord) -> Correction | None:
        """An agent has said what the call was about. None where that teaches nothing: the bot was right, or did not get to hear it.

        `record` may be from before the wrap-up."""
        settings = self._file.settings
        turn = telling_turn(settings, record) if record.consent is Consent.GIVEN else None
        if turn is None:
            return None
        if wrap_up.intent not in settings.intents or misses_nothing(record, wrap_up.intent):
            self.corrections.withdraw(CorrectionKind.INTENT, record.sid, turn.number)
            return None
        language = turn.language if turn.language in settings.languages else settings.language
        said = Proposal(CorrectionKind.INTENT, turn.heard, wrap_up.intent, language, record.sid, turn.number, wrap_up.person)
        return self.corrections.propose(said, now=self._clock())

    # -- what comes of them -----------------------------------------------------------

    def score(self, correction_id: int) -> Score:
        """Takes seconds: the rules are trained with and without it, and read the latest UTTERANCES. One at a time."""
        with self._scoring:
            correction, (text, version) = self.proposed(correction_id), self._file.file()
            settings, corrected = settings_of(text), settings_of(with_it(text, correction))
            said = samples(settings, self.corrections.spoken(utterances=UTTERANCES), self.corrections.newest(limit=UTTERANCES))
            result = score(said, self._rules_of(version, settings), rules(corrected), pause=lambda: time.sleep(BREATH_S))
        if self.corrections.scored(correction, result.as_dict(version, self._clock())) is None:
            raise CorrectionError("it was changed or settled while it was scored; look at it again")
        return result

    def _rules_of(self, version: str, settings: Settings) -> Understand:
        if self._trained is None or self._trained[0] != version:
            self._trained = version, rules(settings)
        return self._trained[1]

    def version(self) -> str:
        """Of the file as it stands: what was scored against another one is to be scored again."""
        return self._file.file()[1]

    def keep(self, correction_id: int, person: str, *, even_if_worse: bool = False) -> Correction:
        """Into jambonz-app.json, for calls from now on. What was not scored, or turned out worse, is not kept unasked."""
        correction, (text, version) = self.proposed(correction_id), self._file.file()
        if objection := objection_to(correction, version, even_if_worse=even_if_worse):
            raise CorrectionError(objection)
        checked(Proposal(correction.kind, correction.heard, correction.meant, correction.language), settings_of(text))
        if (new := with_it(text, correction)) != text:
            self._file.publish(new, expected_version=version, by=f"correction {correction.id}")
        log.info("a correction was kept", extra={"correction": correction.id, "kind": correction.kind.value})
        return self.corrections.settle(correction.id, CorrectionState.KEPT, person, now=self._clock()) or gone()

    def refuse(self, correction_id: int, person: str) -> Correction:
        return self.corrections.settle(correction_id, CorrectionState.REFUSED, person, now=self._clock()) or gone()

    def proposed(self, correction_id: int) -> Correction:
        known = self.corrections.get(correction_id)
        return known if known and known.state is CorrectionState.PROPOSED else gone()


def gone() -> Correction:
    raise CorrectionError(GONE)


def objection_to(correction: Correction, version: str, *, even_if_worse: bool) -> str:
    """Why it can't be kept like this, and what to do; "" when nothing stands in the way."""
    if A_NUMBER.search(correction.heard) or numbers_in(correction.heard):
        return "there is a number in it that may be somebody's: take it out of the words, then score it"
    if not correction.score:
        return "it was not scored yet: score it first"
    if correction.score.get("version") != version:
        return "jambonz-app.json has changed since it was scored: score it again"
    if correction.score.get("verdict") == Verdict.WORSE and not even_if_worse:
        return "with it the bot would understand less than before: say that you want it even so, or refuse it"
    return ""


def checked(proposal: Proposal, settings: Settings) -> Proposal:
    """With single spaces. Raises CorrectionError with what to do about it."""
    heard, meant = " ".join(proposal.heard.split()), " ".join(proposal.meant.split())
    longest, is_intent = LONGEST[proposal.kind], proposal.kind is CorrectionKind.INTENT
    if not heard or not meant:
        raise CorrectionError("say what was heard and what was meant")
    if max(len(heard), len(meant)) > longest:
        raise CorrectionError(f"at most {longest} characters fit: shorten it to what matters")
    if proposal.language not in settings.languages:
        raise CorrectionError(unknown("language", proposal.language, settings.languages))
    if is_intent and meant not in settings.intents:
        raise CorrectionError(unknown("intent", meant, settings.intents))
    if not is_intent and heard.casefold() == meant.casefold():
        raise CorrectionError("these are the same words")
    return replace(proposal, heard=heard, meant=meant)


def with_it(text: str, correction: Correction) -> str:
    """The file with the correction in it. Raises CorrectionError when it has no place there any more."""
    try:
        if correction.kind is CorrectionKind.WORD:
            return add_variation(text, correction.heard, correction.meant)
        return add_phrase(text, correction.meant, correction.language, correction.heard)
    except Misplaced as error:
        raise CorrectionError(f"jambonz-app.json has no place for it any more: {error}") from None


def settings_of(text: str) -> Settings:
    """Raises CorrectionError for a file that is broken just now."""
    settings, _, faults = fitted(Settings, text)
    if settings is None:
        raise CorrectionError(f"jambonz-app.json does not fit ({len(faults)} faults): mend it first, `flask check` shows where")
    return settings


def rules(settings: Settings) -> Understand:
    return Rules(settings).understand
