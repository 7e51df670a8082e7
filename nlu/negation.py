"""What a "not" belongs to: to the wish ("i don't want training") or to a thing that fails ("tally is not opening").

Words that are *unwanted* get the mark UNWANTED and speak against their intent. A word that *fails* gets the mark FAILS:
"not opening" is a clue of its own, and "are you open" does not share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nlu import language

UNWANTED, FAILS = "¬", "!"
MARKS = UNWANTED + FAILS

# what follows is not wanted, up to a word that begins a new thought
_BEFORE = """
    do not want | do not need | do not wish | did not ask | would not like | not want | not need | not about | not for | not with
    | not the | not my | not our | not interested
    | not looking | not calling | not asking | not talking | no need | no interest | never asked
"""
_FIRST_OF_ALL = "do not"  # "do not transfer me"; but "i do not remember" is something else

# what stands before is not wanted, back to a word that begins a thought
_AFTER = """
    नहीं चाहिए | नहीं चाहता | नहीं चाहती | नहीं चाहते | नहीं करनी | नहीं करना | की जरूरत नहीं | की बात नहीं | नहीं मांग
    | nahi chahiye | nahi chahta | nahi chahti | nahi karni | nahi karna | ki zaroorat nahi
    | ki jarurat nahi | ki baat nahi | வேண்டாம் | வேணாம் | விரும்பவில்லை | தேவையில்லை
"""
_NEW_THOUGHT = frozenset(language.words("but instead only just because लेकिन मगर बल्कि सिर्फ lekin magar balki sirf ஆனால்"))
SUBJECTS = frozenset(language.words("i we my our मुझे हमें मेरा हमारा mujhe hume hamein mera hamara எனக்கு என் எங்களுக்கு"))
NOT = frozenset({"not", "नहीं", "nahi"})
_REACH = 3  # words after a "not" among which the first meaningful one is meant


Triggers = Mapping[str, Sequence[tuple[str, ...]]]  # by their first word


def _triggers(text: str) -> Triggers:
    found: dict[str, list[tuple[str, ...]]] = {}
    for line in text.split("|"):
        trigger = tuple(language.words(line))
        found.setdefault(trigger[0], []).append(trigger)
    return found


_TRIGGERS_BEFORE, _TRIGGERS_FIRST, _TRIGGERS_AFTER = map(_triggers, (_BEFORE, _FIRST_OF_ALL, _AFTER))

# what Indian languages refuse with
REFUSALS = frozenset(word for triggers in _TRIGGERS_AFTER.values() for trigger in triggers for word in trigger)


def mark(words: list[str]) -> list[str]:
    """The words with their marks."""
    unwanted = _unwanted(words)
    failing = _failing(words) - unwanted
    return [(UNWANTED if at in unwanted else FAILS if at in failing else "") + word for at, word in enumerate(words)]


def _unwanted(words: list[str]) -> set[int]:
    found: set[int] = set()
    for at in range(len(words)):
        if length := _trigger(words, at, _TRIGGERS_BEFORE) or (_trigger(words, at, _TRIGGERS_FIRST) if _begins(words, at) else 0):
            found |= _forward(words, at + length)
        elif _trigger(words, at, _TRIGGERS_AFTER):
            found |= _backward(words, at)
    return found


def _trigger(words: list[str], at: int, triggers: Triggers) -> int:
    alike = triggers.get(words[at], ())
    return next((len(trigger) for trigger in alike if tuple(words[at : at + len(trigger)]) == trigger), 0)


def _begins(words: list[str], at: int) -> bool:
    """Whether nothing but courtesy stands before."""
    return all(_is_grammar(word) and word not in SUBJECTS for word in words[:at])


def _forward(words: list[str], start: int) -> set[int]:
    new = _NEW_THOUGHT | SUBJECTS
    return set(range(start, next((at for at in range(start, len(words)) if words[at] in new), len(words))))


def _backward(words: list[str], end: int) -> set[int]:
    """Back to the subject of the same thought: "टैली ठीक है लेकिन मुझे ट्रेनिंग | नहीं चाहिए"."""
    found: set[int] = set()
    for at in range(end - 1, -1, -1):
        if words[at] in _NEW_THOUGHT or words[at] in SUBJECTS:
            break
        found.add(at)
    return found


def _failing(words: list[str]) -> set[int]:
    """The first meaningful word after each "not"."""
    found: set[int] = set()
    for at, word in enumerate(words):
        if word in NOT:
            meant = (next_at for next_at in range(at + 1, min(len(words), at + 1 + _REACH)) if not _is_grammar(words[next_at]))
            found |= {next_at for next_at in [next(meant, None)] if next_at is not None}
    return found


def _is_grammar(word: str) -> bool:
    return language.is_function_word(language.stem(word))
