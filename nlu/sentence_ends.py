"""Whether a sentence can be over with its last word, or must go on. By its words alone, whatever it is about. Pure; microseconds."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from functools import cache

from nlu import ending_words as lists
from nlu import language
from nlu.slot_words import numeral
from nlu.wordlists import FUNCTION_WORDS

_CUT = ("...", "…", "-", "–", "—", ",")  # as recognisers write a sentence that breaks off
_FULL = ("?", "।")  # a full stop they write after everything
_ROMANISED = 4  # one of so many words is a small one of Hindi's
_BEGUN = 5  # words at most
_A_CLAUSE = 3  # words, of which an English sentence has at least so many


class End(Enum):
    """What the last words say of the sentence."""

    FULL = auto()  # it can be over
    BROKEN = auto()  # it can't
    BEGUN = auto()  # it has a subject and no verb yet: "my licence"
    EITHER = auto()


def end_of(text: str) -> End:
    """Of a text as a recogniser wrote it."""
    if text.rstrip().endswith(_CUT):
        return End.BROKEN
    words = language.words(text)
    if words and dangles(words):
        return End.BROKEN
    if text.rstrip().endswith(_FULL) or is_full(words):
        return End.FULL
    return End.BEGUN if words and is_begun(words) else End.EITHER


def dangles(words: Sequence[str]) -> bool:
    """Whether something must follow the last word: "my", "and", "मुझे", "ஆனா"."""
    last = words[-1]
    if last in _wanting_more():
        afterthought = last in _set(lists.MAY_STAND_LAST) and _has_ended_before(words)
        return not (afterthought or _is_hindi_the(words) or " ".join(words[-2:]) in _pairs())
    return last.endswith(lists.TAMIL_OPEN_ENDS) and not any(map(_is_verb, words[:-1]))


def is_full(words: Sequence[str]) -> bool:
    """Whether the sentence has what its language wants: the verb at its end, in English a verb and what belongs to it."""
    kept = _without_courtesy(words)
    if not kept:
        return False
    if not kept[-1].isascii() or _is_romanised(kept):
        if kept[-1] in _set(lists.HINDI_GIVE):
            return len(kept) > 1 and not numeral(kept[-2])
        return _is_verb(kept[-1]) and not _wants_an_auxiliary(kept)
    if kept[-1].isdigit() or numeral(kept[-1]):
        return False
    waits = kept[0] in _set(lists.WAITING) or kept[-1] in _set(lists.OBJECTLESS)
    return len(kept) >= _A_CLAUSE and not waits and _has_verb(kept)


def is_begun(words: Sequence[str]) -> bool:
    """Whether it begins with who or whose, and says nothing of them yet: "my licence", "मुझे टैली प्राइम"."""
    kept = _without_a_yes(words)
    if not kept or kept[0] not in _set(lists.SUBJECTS) or len(words) > _BEGUN:
        return False
    if kept[0] in _set(FUNCTION_WORDS["en"]):
        return not _has_verb(kept)
    return not any(_is_verb(word) or word.endswith(lists.HINDI_INFINITIVES) for word in kept[1:])


def _has_ended_before(words: Sequence[str]) -> bool:
    """Whether there was a whole sentence before the last word, so that it is an afterthought or belongs to the verb."""
    if words[-1].isascii() and not _is_romanised(words):
        return words[0] in _set(lists.ASKING)
    return any(map(_is_verb, _without_a_yes(words)[:-1]))


def _is_hindi_the(words: Sequence[str]) -> bool:
    """ "aaye the": they had come."""
    return words[-1] == "the" and len(words) > 1 and _is_verb(words[-2])


def _is_verb(word: str) -> bool:
    """Of Hindi or Tamil, as it stands at the end of a sentence."""
    if word in _set(lists.HINDI_PARTICIPLES) or word in _set(lists.HINDI_HALVES):
        return True
    if word.isascii():
        return word in _set(lists.HINDI_VERBS) or word.endswith(lists.ROMANISED_VERB_ENDS)
    if "\u0b80" <= word[0] <= "\u0bff":
        return word in _set(lists.TAMIL_VERBS) or word.endswith(lists.TAMIL_VERB_ENDS)
    return word in _set(lists.HINDI_VERBS) or word.endswith(_hindi_ends())


def _wants_an_auxiliary(words: Sequence[str]) -> bool:
    if words[-1] in _set(lists.HINDI_HALVES):
        return True
    return words[-1] in _set(lists.HINDI_PARTICIPLES) and _set(lists.DENIALS).isdisjoint(words)


def _has_verb(words: Sequence[str]) -> bool:
    return any(word in _set(lists.ENGLISH_VERBS) or word.endswith(("ed", "ing")) for word in words)


def _is_romanised(words: Sequence[str]) -> bool:
    return sum(word in _small_words_of_hindi() for word in words) * _ROMANISED >= len(words)


def _without_a_yes(words: Sequence[str]) -> Sequence[str]:
    """Nor a greeting or a hesitation at the front."""
    return words[next((at for at, word in enumerate(words) if word not in _set(lists.BEFORE_ALL)), len(words)) :]


def _without_courtesy(words: Sequence[str]) -> Sequence[str]:
    end = len(words)
    while end and words[end - 1] in _set(lists.COURTESY):
        end -= 1
    return words[:end]


@cache
def _set(text: str) -> frozenset[str]:
    return frozenset(language.words(text))


@cache
def _wanting_more() -> frozenset[str]:
    return _set(lists.HESITATIONS) | _set(lists.CONJUNCTIONS) | _set(lists.OPENERS)


@cache
def _pairs() -> frozenset[str]:
    return frozenset(" ".join(language.words(pair)) for pair in lists.PAIRS.split("|"))


@cache
def _small_words_of_hindi() -> frozenset[str]:
    """Romanised, and none of English's."""
    return _set(FUNCTION_WORDS["romanised"]) - _set(FUNCTION_WORDS["en"])


@cache
def _hindi_ends() -> tuple[str, ...]:
    return tuple(language.words(end)[0] for end in lists.HINDI_VERB_ENDS)
