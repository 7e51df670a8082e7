"""Why a caller needs care, found in the words themselves: each sign is a listed phrase, so that an agent can be told why.

A sign that is missed costs a minute, one that is invented costs trust: only what is plain counts, and what is denied does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from calls.call import ABOUT_A_SLOT, Intent, Turn
from calls.standing import standing_question
from calls.urgency import Signal
from nlu import everyday, language
from nlu.form import DETAILS
from nlu.signal_words import GROUPS, MEANT_OTHERWISE, PHRASES
from nlu.wishes import OTHER, TRANSFER

_SURE = 0.5  # an intent below this was not understood
_SAME_WISH = 3  # so often in one call
_GAP = 3  # words that ".." stands for, at most
_LOOK_BACK = 3  # words before a phrase among which a "not" denies it
_NOT_BEFORE = frozenset(language.words("not never neither nor without hardly"))
_NOT_AFTER = frozenset(language.words("नहीं मत ना nahi mat இல்லை இல்ல கிடையாது illai illa"))
_MAY_BE = frozenset(language.words("will would could can may might if to afraid agar अगर shall should"))  # nothing was lost yet
_OPENS_A_THOUGHT = frozenset(language.words("know understand why how what because and but so since"))
_LIGHT = frozenset(language.words("भी तो हुआ हुई हुए गया गई है bhi to hua hui hue gaya gayi hai எதுவும் ஒன்றும்"))
_NO_WISH = frozenset({*everyday.INTENTS, everyday.LANGUAGE, OTHER, TRANSFER, DETAILS, "silence", "trouble", "time_up", "no_recording"})


def signals(heard: str, intent: Intent, history: Sequence[Turn]) -> tuple[str, ...]:
    """The calls.urgency.Signal values of this turn, in their order there; `calls.urgency.in_words` says them.

    `history`: the earlier turns of the call."""
    found = set(_spoken(language.words(heard)))
    if _asked_often(intent, history):
        found.add(Signal.REPETITION)
    if _wants(TRANSFER, intent) and any(earlier.intent and _wants(TRANSFER, earlier.intent) for earlier in history):
        found.add(Signal.ASKED_FOR_HUMAN)
    return tuple(signal.value for signal in Signal if signal in found)


# -- what happened in the call --------------------------------------------------------
def _asked_often(intent: Intent, history: Sequence[Turn]) -> bool:
    """The same wish again and again; the answers to a slot's question carry their wish along and are no new asking."""
    if intent.name in _NO_WISH or intent.confidence < _SURE or _fills_a_slot(len(history), history):
        return False
    before = sum(
        turn.intent is not None and _wants(intent.name, turn.intent) and not _fills_a_slot(at, history) for at, turn in enumerate(history)
    )
    return before + 1 >= _SAME_WISH


def _wants(name: str, intent: Intent) -> bool:
    return intent.confidence >= _SURE and name in (intent.name, *intent.also)


def _fills_a_slot(at: int, history: Sequence[Turn]) -> bool:
    return standing_question(history[:at]) in ABOUT_A_SLOT


# -- phrases --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Phrase:
    """`tokens`: the alternatives at each place, `*` at the end of one for any ending; an empty place is a gap."""

    signal: Signal | None  # None: means something else, and what stands there is no sign
    tokens: tuple[frozenset[str], ...]


def _spoken(words: list[str]) -> Iterator[Signal]:
    """The signals of the words, as they stand; places that mean something else count for nothing."""
    matches = [(phrase.signal, begin, end) for begin, phrase in _begun(words) if (end := _end(phrase.tokens, words, begin))]
    otherwise = {at for signal, begin, end in matches if signal is None for at in range(begin, end)}
    for signal, begin, end in matches:
        if signal and otherwise.isdisjoint((begin, end - 1)) and not _denied(signal, words, begin, end):
            yield signal


def _begun(words: list[str]) -> Iterator[tuple[int, _Phrase]]:
    index = _index()
    for at, word in enumerate(words):
        for length in range(2, len(word) + 1):
            yield from ((at, phrase) for phrase in index.get(word[:length] + "*", ()))
        yield from ((at, phrase) for phrase in index.get(word, ()))


def _end(tokens: tuple[frozenset[str], ...], words: list[str], at: int) -> int:
    """Where the phrase that begins at `at` has ended, 0 when it does not stand there."""
    for place, alternatives in enumerate(tokens):
        if not alternatives:
            rest = tokens[place + 1 :]
            return next((end for skip in range(_GAP + 1) if (end := _end(rest, words, at + skip))), 0)
        if at >= len(words) or not _fits(words[at], alternatives):
            return 0
        at += 1
    return at


def _fits(word: str, alternatives: frozenset[str]) -> bool:
    return word in alternatives or any(each[-1] == "*" and word.startswith(each[:-1]) for each in alternatives)


def _denied(signal: Signal, words: list[str], begin: int, end: int) -> bool:
    """ "not angry", "data delete nahi hua", "if i lose my data"."""
    after = end + 1 if end < len(words) and words[end] in _LIGHT else end
    if after < len(words) and words[after] in _NOT_AFTER:
        return True
    if signal is Signal.DATA_LOSS and not _MAY_BE.isdisjoint(words[max(0, begin - 2) : end]):
        return True
    for word in reversed(words[max(0, begin - _LOOK_BACK) : begin]):
        if word in _NOT_BEFORE:
            return True
        if word in _OPENS_A_THOUGHT or not language.is_function_word(language.stem(word)):
            return False
    return False


@cache
def _index() -> dict[str, list[_Phrase]]:
    """The phrases by the words that they may begin with."""
    index: dict[str, list[_Phrase]] = defaultdict(list)
    for signal, text in [*PHRASES, (None, MEANT_OTHERWISE)]:
        for line in text.split("|"):
            if tokens := _tokens(line):
                for word in tokens[0]:
                    index[word].append(_Phrase(signal, tokens))
    return dict(index)


def _tokens(line: str) -> tuple[frozenset[str], ...]:
    """`<group>` is any of its words, `..` a gap, `word*` any ending; other words are spelled as a caller's are."""
    tokens: list[frozenset[str]] = []
    plain: list[str] = []
    for part in [*line.split(), ".."]:
        if part[0] not in "<." and part[-1] != "*":
            plain.append(part)
            continue
        tokens += [frozenset({word}) for word in language.words(" ".join(plain))]
        plain = []
        tokens.append(_group(part[1:-1]) if part[0] == "<" else _stem(part) if part[-1] == "*" else frozenset())
    return tuple(tokens[:-1])


@cache
def _group(name: str) -> frozenset[str]:
    parts = GROUPS[name].split()
    return frozenset(language.words(" ".join(part for part in parts if part[-1] != "*"))).union(
        *(_stem(part) for part in parts if part[-1] == "*")
    )


def _stem(part: str) -> frozenset[str]:
    return frozenset(word + "*" for word in language.words(part[:-1]))


_index()  # a caller does not wait for it
