"""Whether a caller who is silent now has said all that was asked for: by the question, the words, and what the helpdesk knows. Pure.

What was asked for comes first: a whole number ends an answer, half of one does not. Then how the words end (nlu/sentence_ends.py). A
sentence that can be over is taken for complete only if it also says something that the bot understands: an introduction goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import takewhile

from calls.call import Completeness, Intent, Question, Transcript, Turn
from calls.settings import Settings
from calls.slots import SlotKind, SlotSettings
from calls.standing import standing_question, standing_slot
from nlu import everyday, language
from nlu.form import form_of, slot_settings
from nlu.humans import utc_now
from nlu.lacking import lacks
from nlu.sentence_ends import End, end_of
from nlu.slot_codes import CODES, lengths
from nlu.slots import SlotReader, check
from nlu.variations import Variations
from nlu.wanting import Wanting

COMPLETE, OPEN, UNFINISHED = Completeness.COMPLETE, Completeness.OPEN, Completeness.UNFINISHED
_YES_OR_NO = frozenset({Question.OFFER_HUMAN, Question.OFFER_CALLBACK, Question.ABOUT_TICKET, Question.SOLVED, Question.STILL_THERE})
_ANSWERS = frozenset({everyday.YES, everyday.NO})
_LAST_WORDS = frozenset({everyday.GOODBYE, everyday.THANKS, everyday.REPEAT})  # whatever was asked
_WHOLE_NUMBER, _COUNTRY = 10, "91"  # digits of an Indian telephone number, and what may stand before them
_AN_ANSWER = 3  # words at most
_SURE = 0.8  # of a wish
_BELIEVED = {COMPLETE: 0.55, OPEN: 0.0, UNFINISHED: 0.35}  # with so much certainty of the words


class Ending:
    """`calls.ports.Endings`, by the words. Shared by all calls, keeps nothing of them; takes a few tenths of a millisecond."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = utc_now) -> None:
        """`now`: for dates that callers name. Learns the wishes of jambonz-app.json, unless that was done in this process before."""
        self._settings, self._now = settings, now
        self._reader, self._wanting = SlotReader(settings), Wanting(settings)
        self._variations = Variations(settings.understanding.variations)
        self(Transcript("is my licence over", settings.language), (), settings.language)  # reads the word lists, while no caller waits

    def __call__(self, transcript: Transcript, turns: Sequence[Turn], language: str) -> Completeness:
        """See calls.ports.Endings."""
        if not transcript.text.strip():
            return OPEN
        heard, asked = _since_the_question(turns, transcript.text), standing_question(turns)
        told = self._slot_told(heard, turns, language) if asked in (Question.SLOT, Question.CONFIRM_SLOT) else None
        if told:
            return told
        told = self._told(heard, asked)
        return OPEN if transcript.confidence < _BELIEVED[told] else told

    def _told(self, heard: str, asked: Question) -> Completeness:
        """Of words that are no number."""
        words = self._variations.meant(language.words(heard))
        small_talk, end = everyday.read(words), end_of(heard)
        if end is End.BROKEN and not _says_more(words):
            return UNFINISHED
        if small_talk.leaves_nothing and (told := self._small_talk(set(small_talk.intents), asked)):
            return told
        if end is End.FULL:
            leaves = asked is Question.ANYTHING_ELSE and not _LAST_WORDS.isdisjoint(small_talk.intents)
            return COMPLETE if leaves or _answers(words, asked) or self._is_wish(words) else OPEN
        return UNFINISHED if end is End.BEGUN and asked is not Question.AGAIN else OPEN

    def _small_talk(self, said: set[str], asked: Question) -> Completeness | None:
        """None where the last word decides. Who says yes to "anything else?" goes on to say what."""
        if asked in _YES_OR_NO and said & _ANSWERS:
            return COMPLETE
        if asked is Question.ANYTHING_ELSE and said & _ANSWERS:
            return COMPLETE if everyday.NO in said else UNFINISHED
        return COMPLETE if said & _LAST_WORDS else None

    def _is_wish(self, words: Sequence[str]) -> bool:
        wish = self._wanting.of(words)
        return wish.name in self._settings.intents and wish.confidence >= _SURE

    def _slot_told(self, heard: str, turns: Sequence[Turn], language: str) -> Completeness | None:
        """Of an answer to "what is your number?" or "is it ...?"; None where it holds nothing of a number."""
        name = standing_slot(turns)
        slot = slot_settings(self._settings, name)
        if slot is None:
            return None
        if standing_question(turns) is Question.CONFIRM_SLOT:
            return self._confirmed(slot, name, heard, turns, language)
        if lacks(heard):
            return COMPLETE
        value = self._value(slot, name, heard, turns, language)
        return self._measured(slot, value, heard) if value else None

    def _value(self, slot: SlotSettings, name: str, heard: str, turns: Sequence[Turn], language: str) -> str:
        """With the piece that was said before, where there is one."""
        before = form_of(self._settings, turns, Intent("")).values.get(name, "")
        if before and check(slot, before) == "too_short":
            return self._reader.join(slot, before, heard, language=language, now=self._now())
        return self._reader.read(heard, intent="", language=language, now=self._now(), wanted=name).get(name, "")

    def _measured(self, slot: SlotSettings, value: str, heard: str) -> Completeness:
        """Whether a value of that kind can go on."""
        if fault := check(slot, value):
            return UNFINISHED if fault == "too_short" else OPEN
        if slot.kind not in CODES:
            return OPEN if _ends_in_number(heard) else COMPLETE
        if slot.kind is SlotKind.PHONE:
            return OPEN if len(value) == len("+91") + _WHOLE_NUMBER and _may_be_a_prefix(value) else COMPLETE
        return COMPLETE if len(value) == lengths(slot)[-1] else OPEN

    def _confirmed(self, slot: SlotSettings, name: str, heard: str, turns: Sequence[Turn], language: str) -> Completeness | None:
        """Yes is enough; after a no the right value may come."""
        small_talk = everyday.read(self._variations.meant(_words(heard)))
        if small_talk.leaves_nothing and everyday.YES in small_talk.intents and everyday.NO not in small_talk.intents:
            return COMPLETE
        before = form_of(self._settings, turns, Intent("")).values.get(name, "")
        value = self._reader.correct(slot, before, heard, language=language, now=self._now()) if before else None
        return COMPLETE if value and value != before and not check(slot, value) else None


def _since_the_question(turns: Sequence[Turn], heard: str) -> str:
    """With the words before, of which the caller had heard no answer yet when they went on."""
    before = takewhile(lambda turn: not turn.said, reversed(turns))
    return " ".join([*reversed([turn.heard for turn in before if turn.heard]), heard])


def _says_more(words: Sequence[str]) -> bool:
    """Whether the last word belongs to something that is said in any call, as in "yes it is"."""
    said = everyday.read(list(words))
    return not {*said.intents} >= _ANSWERS and said.confidence > everyday.read(list(words[:-1])).confidence


def _answers(words: Sequence[str], asked: Question) -> bool:
    """Whether the sentence begins with what was asked for."""
    wanted = _ANSWERS if asked in _YES_OR_NO else {everyday.NO} if asked is Question.ANYTHING_ELSE else frozenset()
    firsts = (everyday.read(list(words[:length])) for length in range(1, _AN_ANSWER + 1)) if wanted else ()
    return any(first.leaves_nothing and not wanted.isdisjoint(first.intents) for first in firsts)


def _may_be_a_prefix(value: str) -> bool:
    """ "9198845452": ten digits, or the country's code and eight of the ten."""
    return value.removeprefix("+91").startswith(_COUNTRY)


def _ends_in_number(heard: str) -> bool:
    return heard.rstrip()[-1:].isdigit()


def _words(heard: str) -> list[str]:
    return language.words(heard)
