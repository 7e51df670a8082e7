"""Which entry of jambonz-app.json's faq answers a question: by what its words are about, in whatever language they are.

Precision first: a wrong answer is worse than none. An entry is found when it explains nearly all that the caller's words mean,
one of its questions is nearly all there, and the caller asks for the same kind of answer.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from calls.call import CallRecord, Intent, Question, TurnRecord
from calls.settings import Settings
from nlu import everyday
from nlu.question_kinds import Asked
from nlu.question_words import Keys, Meaning, Reader
from nlu.readings import Readings, read_all
from nlu.wishes import TRANSFER


@dataclass(frozen=True, slots=True)
class _Bar:
    """How much of a question (`there`) and of the caller's words (`told`) must be explained, 0..1."""

    there: float
    told: float


_OF_ITS_INTENT, _OF_ANY_INTENT, _AGAINST_THE_INTENT = _Bar(0.45, 0.55), _Bar(0.5, 0.6), _Bar(0.9, 0.9)
_CLEARLY = 0.08  # how far the best entry must be before the next
_FEW = 3  # questions of an entry in one language
_ENOUGH = 0.3  # the weight of a question's words without which it asks for nothing in particular
_ANOTHER_THING = 0.8  # the least weight of a word that speaks of what an entry does not
_UNKNOWN = 0.6  # the weight of a word that no entry and no lexicon knows: a name, a mishearing
_LEAST = 0.15  # the weight of a word that all entries share
_NEAR, _SHORTEST_NEAR = 85, 5  # a misheard word: likeness in percent, letters
_UNDERSTOOD = 0.5
_NO_REPLY = frozenset({everyday.WAIT, everyday.REPEAT, "silence", "trouble", "no_recording"})
_REPLIES = {everyday.YES: True, everyday.THANKS: True, everyday.NO: False}
_MAY_FAIL = frozenset({"SEARCH", "SEE", "FIND", "KNOW"})  # "i can not find my serial number"


@dataclass(frozen=True, slots=True)
class _Question:
    entry: str
    asked: Asked
    meant: tuple[tuple[Keys, float], ...]  # and how much each counts
    core: tuple[Keys, ...]  # without these it is another question: all of the entry's questions in its language hold them
    weight: float


class FaqFinder:
    """Learns its questions from the settings; keeps nothing between calls and may be shared by all."""

    def __init__(self, settings: Settings) -> None:
        self._intents = {name: entry.intent for name, entry in settings.faq.items()}
        self._reader = Reader()
        asked = [(name, text) for name, entry in settings.faq.items() for texts in entry.questions.values() for text in texts]
        wished = [(name, text) for name, intent in settings.intents.items() for texts in intent.phrases.values() for text in texts]
        readings = read_all(self._reader, (text for _, text in (*asked, *wished)))
        self._known = _known((name, readings[text]) for name, text in asked)
        self._stems = sorted({key for keys in self._known.values() for key in keys if key.islower() or not key.isascii()})
        self._near = lru_cache(maxsize=4096)(self._nearest)
        phrases = [(name, readings[text]) for name, text in wished]
        self._weights = _weights([*self._known.values(), *_known(phrases).values()])
        self._questions = self._weighed(settings, readings)
        self._rivals = [words.meant for _, words in phrases if not words.asked.direct]

    def find(self, heard: str, intent: Intent) -> str:
        """The key of the entry that answers `heard`, which was understood as `intent`; "" when none clearly does."""
        if not self._questions or intent.name in everyday.INTENTS:
            return ""
        words = self._reader.read(heard)
        if not words.meant or not words.asked.kinds:
            return ""
        told = {name: self._told(words, known) for name, known in self._known.items()}
        scores = self._scores(words, told, intent)
        best = sorted(scores, key=lambda name: scores[name], reverse=True)[:2]
        if not best or (len(best) > 1 and scores[best[0]] - scores[best[1]] < _CLEARLY):
            return ""
        return "" if self._says_more(words, self._known[best[0]]) else best[0]

    def _scores(self, words: Meaning, told: Mapping[str, float], intent: Intent) -> dict[str, float]:
        """By entry that comes up to its bar: how well its best question fits."""
        scores: dict[str, float] = {}
        for question in self._questions:
            bar, explained = self._bar(question.entry, intent), told[question.entry]
            if explained < bar.told or not words.asked.fits(question.asked) or not all(_meets(keys, words.meant) for keys in question.core):
                continue
            there = sum(weight for keys, weight in question.meant if _meets(keys, words.meant)) / question.weight
            if there >= bar.there and not self._in_trouble(words, self._known[question.entry]):
                scores[question.entry] = max(scores.get(question.entry, 0.0), there * explained)
        return scores

    def _bar(self, entry: str, intent: Intent) -> _Bar:
        bound = self._intents[entry]
        if intent.name == TRANSFER:
            return _AGAINST_THE_INTENT
        if not bound:
            return _OF_ANY_INTENT
        return _OF_ITS_INTENT if bound in (intent.name, *intent.also, intent.slots.get("nearest")) else _AGAINST_THE_INTENT

    def _weighed(self, settings: Settings, readings: Readings) -> list[_Question]:
        """The questions; a word counts the more, the more of its entry's questions in its language hold it."""
        questions = []
        for name, entry in settings.faq.items():
            for texts in entry.questions.values():
                read = [readings[text] for text in texts]
                for words in read:
                    shares = [_share(keys, read) for keys in words.meant]
                    meant = tuple((keys, self._weigh(keys) * math.sqrt(share)) for keys, share in zip(words.meant, shares, strict=True))
                    core = self._core(words, shares, len(read))
                    if meant and (words.asked.direct or sum(weight for _, weight in meant) >= _ENOUGH):
                        questions.append(_Question(name, words.asked, meant, core, sum(weight for _, weight in meant)))
        return questions

    def _core(self, words: Meaning, shares: Sequence[float], questions: int) -> tuple[Keys, ...]:
        """Of few questions little can be learnt: then the weightiest word."""
        weighty = [(keys, share) for at, (keys, share) in enumerate(zip(words.meant, shares, strict=True)) if at not in words.light]
        if questions >= _FEW:
            return tuple(keys for keys, share in weighty if share == 1)
        return tuple(keys for keys, _ in sorted(weighty, key=lambda pair: self._weigh(pair[0]), reverse=True)[:1])

    # -- words ------------------------------------------------------------------------
    def _told(self, words: Meaning, known: frozenset[str]) -> float:
        """How much of the caller's words an entry explains."""
        explained = against = 0.0
        for at, keys in enumerate(words.meant):
            if self._is_known(keys, known):
                explained += self._weigh(keys)
            elif at not in words.light:
                against += max(self._weigh(keys), _ANOTHER_THING if _speaks(keys) else 0.0)
        return explained / (explained + against) if explained else 0.0

    def _is_known(self, keys: Keys, known: frozenset[str]) -> bool:
        return bool(keys & known) or any(self._near(key) in known for key in keys if len(key) >= _SHORTEST_NEAR)

    def _nearest(self, key: str) -> str:
        found = process.extractOne(key, self._stems, scorer=fuzz.ratio, score_cutoff=_NEAR)
        return found[0] if found and found[0][0] == key[0] else ""

    def _weigh(self, keys: Keys) -> float:
        known = [self._weights[key] for key in keys if key in self._weights]
        return min(known) if known else (1.0 if _speaks(keys) else _UNKNOWN)

    def _in_trouble(self, words: Meaning, known: frozenset[str]) -> bool:
        """Something fails that the entry does not speak of: that is a report, and no question."""
        return any(not words.meant[at] & (known | _MAY_FAIL) for at in words.fails)

    def _says_more(self, words: Meaning, known: frozenset[str]) -> bool:
        """Whether a phrase of an intent explains words that the entry does not, and all that the entry does."""
        weighty = [keys for at, keys in enumerate(words.meant) if at not in words.light]
        mine = frozenset(at for at, keys in enumerate(weighty) if self._is_known(keys, known))
        if len(mine) == len(weighty):
            return False
        return any(mine < {at for at, keys in enumerate(weighty) if _meets(keys, phrase)} for phrase in self._rivals)


def resolved(record: CallRecord) -> bool:
    """Whether the bot answered by itself: the last answer from the FAQ was one that the caller agreed to."""
    answered = [at for at, turn in enumerate(record.turns) if turn.faq]
    return bool(answered) and helped(record.turns, answered[-1]) is True


def helped(turns: Sequence[TurnRecord], at: int) -> bool | None:
    """What the caller said to "did that answer your question?" after the turn at `at`; None: nothing, or it was not asked."""
    if turns[at].asked is not Question.SOLVED:
        return None
    reply = next((turn for turn in turns[at + 1 :] if turn.intent not in _NO_REPLY), None)
    if reply is None or reply.intent_confidence < _UNDERSTOOD or reply.intent not in _REPLIES:
        return None
    return _REPLIES[reply.intent]


# -- weighing words --------------------------------------------------------------------
def _share(keys: Keys, questions: Sequence[Meaning]) -> float:
    return sum(_meets(keys, words.meant) for words in questions) / len(questions)


def _speaks(keys: Keys) -> bool:
    return any(key.isupper() for key in keys)


def _meets(keys: Keys, others: Iterable[Keys]) -> bool:
    return any(keys & other for other in others)


def _known(told: Iterable[tuple[str, Meaning]]) -> dict[str, frozenset[str]]:
    """By entry: all that its questions speak of."""
    known: dict[str, set[str]] = defaultdict(set)
    for name, words in told:
        known[name] |= frozenset().union(*words.meant)
    return {name: frozenset(keys) for name, keys in known.items()}


def _weights(known: Sequence[frozenset[str]]) -> dict[str, float]:
    """How much a word tells entries and intents apart."""
    spread = Counter(key for keys in known for key in keys)
    most = math.log(max(2, len(known)))
    return {key: max(_LEAST, 1 - math.log(count) / most) for key, count in spread.items()}
