"""The language of a text, from its small words, endings and script."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache

from nlu import language
from nlu.lexicon import Lexicon
from nlu.sounds import skeleton, sound
from nlu.tongues import HINDI_VERBS, LATIN_ENDINGS, NEUTRAL, TAMIL_CASES, TAMIL_VERBS, TAMIL_WORDS, TELLING, WEAK

_WEAK, _VERB = 0.5, 2.0  # points; a word of the lists has 1
_SCRIPTS = {"hi": ("\u0900", "\u097f"), "ta": ("\u0b80", "\u0bff")}
_NO = ("", 0.0)
_BEFORE_ENDING = 2  # code points at least
_SHORTEST_LOCATIVE = 4  # code points: "பில்லுல"
_ENGLISH = 4  # letters of an English word that a romanised one may not begin with
_BONES = 3  # consonants of an English word that a romanised spelling of it keeps
_SHORTEST_ENDED = 5  # letters of a word that may be recognised by its ending
_SHORTEST_SOUND = 4  # letters of a word that may be recognised in a script that is not its own


def detect(text: str) -> tuple[str, float]:
    """The language of a text alone and how sure that is, 0..1. ("", 0.0) for a text without letters."""
    words = language.words(text)
    told = points(words)
    if told:
        best = max(told, key=lambda code: told[code])
        share = told[best] / sum(told.values())
        return best, round(share * (1 - 0.5 / (1 + told[best])), 3)
    if script := next((code for code in _SCRIPTS if written_in(code, text)), ""):
        return script, 0.5
    return ("en", 0.4) if any(word.isascii() and word.isalpha() for word in words) else _NO


def points(words: Iterable[str]) -> dict[str, float]:
    """How much the words say for each language that they say anything for. Every word counts once."""
    told: dict[str, float] = {}
    distinct = {*words}
    for word in distinct:
        code, weight = _telling(word)
        if code:
            told[code] = told.get(code, 0.0) + weight
    if told:
        best = max(told, key=lambda code: told[code])
        told[best] += _WEAK * sum(word in _weak()[best] for word in distinct)
    return told


def small_words(words: Iterable[str], code: str) -> int:
    """How many words that another language shares could be grammar of this one."""
    return len(_weak().get(code, frozenset()).intersection(words))


@lru_cache(maxsize=20_000)
def _telling(word: str) -> tuple[str, float]:
    """The language that has this word alone, and its weight; ("", 0.0) when it tells nothing."""
    if word in neutral():
        return _NO
    if code := _lists().get(word):
        return code, 1.0
    if written_in("ta", word):
        return _tamil(word)
    if word.isascii():
        return _romanised(word)
    if written_in("hi", word) and _ends(word, _endings(HINDI_VERBS)):
        return "hi", 1.0
    if written_in("hi", word) and len(heard := sound(word)) >= _SHORTEST_SOUND and heard in _sounds("ta"):
        return "ta", 1.0
    return _NO


def _romanised(word: str) -> tuple[str, float]:
    """A word in Latin letters that is in no list: an Indian verb by its ending, or a word that the lexicon has in no English form."""
    if len(word) < _SHORTEST_ENDED:
        return _NO
    ended = next((code for code, text in LATIN_ENDINGS.items() if _ends(word, _endings(text))), "")
    code = ended or next((code for code, known in _vocabulary().items() if word in known[0] or word.startswith(known[1])), "")
    return (code, 1.0) if code else _NO


def _tamil(word: str) -> tuple[str, float]:
    """A word in Tamil letters that is in no list: a Tamil ending tells; else it may be Hindi as a recogniser wrote it."""
    if word in _weak()["ta"]:
        return _NO
    if _ends(word, _endings(TAMIL_VERBS)):
        return "ta", _VERB
    if _ends(word, _endings(TAMIL_CASES)) or (word.endswith("ல") and len(word) >= _SHORTEST_LOCATIVE):
        return "ta", 1.0
    heard = sound(word)
    return ("hi", 1.0) if len(heard) >= _SHORTEST_SOUND and heard in _sounds("hi") else _NO


def _ends(word: str, endings: tuple[str, ...]) -> bool:
    return any(word.endswith(ending) and len(word) >= len(ending) + _BEFORE_ENDING for ending in endings)


def written_in(code: str, text: str) -> bool:
    first, last = _SCRIPTS.get(code, ("a", "z"))
    return any(first <= char <= last for char in text.casefold())


@cache
def _lists() -> dict[str, str]:
    """Word -> the one language that has it."""
    told = {word: code for code, text in TELLING.items() for word in language.words(text)}
    return told | dict.fromkeys(language.words(TAMIL_WORDS), "ta")


@cache
def _vocabulary() -> dict[str, tuple[frozenset[str], tuple[str, ...]]]:
    """The lexicon's romanised words (whole, and beginnings) that are no English ones, however spelled."""
    forms = Lexicon.load().forms
    english = {word for form in forms if form.language == "en" for part in form.patterns if len(word := part.strip("*")) >= _ENGLISH}
    begun, alike = tuple(english), {skeleton(word) for word in english}
    beginnings = {word[:length] for word in english for length in range(_ENGLISH, len(word) + 1)}
    known = {}
    for code in ("hi", "ta"):
        own = {form.patterns[0] for form in forms if form.language == code + "-Latn" and len(form.patterns) == 1}
        own = {word for word in own if not word.startswith(begun) and word.strip("*") not in beginnings}
        own = {word for word in own if len(bones := skeleton(word.strip("*"))) < _BONES or bones not in alike}
        whole = {word for word in own if "*" not in word}
        known[code] = (frozenset(whole), tuple(word[:-1] for word in own - whole if len(word) > _SHORTEST_ENDED))
    return known


@cache
def _sounds(code: str) -> frozenset[str]:
    """How the romanised words of a language sound, but for those that another language's sound like."""
    ours = {sound(word) for word in language.words(TELLING[code]) if word.isascii()}
    return frozenset(ours - {sound(word) for other, text in TELLING.items() if other != code for word in language.words(text)})


@cache
def _weak() -> dict[str, frozenset[str]]:
    return {code: frozenset(language.words(text)) for code, text in WEAK.items()}


@cache
def neutral() -> frozenset[str]:
    return frozenset(language.words(NEUTRAL))


@cache
def _endings(text: str) -> tuple[str, ...]:
    return tuple(text.split())
