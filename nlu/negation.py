"""Words that the caller says are *not* wanted: "i don't want training", "मुझे ट्रेनिंग नहीं चाहिए".

A symptom is no negation of a wish ("tally is not opening", "i do not remember the password").
"""

from __future__ import annotations

MARK = "¬"

# what follows is not wanted, up to a word that begins a new thought
_BEFORE = tuple(
    tuple(line.split())
    for line in (
        "do not want",
        "do not need",
        "do not wish",
        "did not ask",
        "would not like",
        "not want",
        "not need",
        "not about",
        "not for",
        "not a question",
        "not interested",
        "not looking",
        "not calling",
        "no need",
        "no interest",
        "never asked",
    )
)
_AT_THE_START = (("do", "not"),)  # "do not transfer me"; "i do not understand" is something else

# what stands before is not wanted, back to a word that begins a thought
_AFTER = tuple(
    tuple(line.split())
    for line in (
        "नहीं चाहिए",
        "नहीं चाहता",
        "नहीं चाहती",
        "नहीं चाहते",
        "नहीं करनी",
        "नहीं करना",
        "की जरूरत नहीं",
        "की बात नहीं",
        "nahi chahiye",
        "nahi chahta",
        "nahi chahti",
        "nahi karni",
        "nahi karna",
        "ki zaroorat nahi",
        "வேண்டாம்",
        "விரும்பவில்லை",
        "தேவையில்லை",
    )
)
_NEW_THOUGHT = frozenset("but instead only just i we my our because लेकिन मगर बल्कि सिर्फ मुझे हमें मेरा हमारा lekin magar mujhe hume mera hamara ஆனால் எனக்கு என்".split())
_SUBJECTS = frozenset({"i", "we", "मुझे", "हमें", "mujhe", "hume", "எனக்கு"})


def mark(words: list[str]) -> list[str]:
    """The words, those that are not wanted with MARK before them."""
    unwanted = _unwanted(words)
    return [MARK + word if at in unwanted else word for at, word in enumerate(words)]


def _unwanted(words: list[str]) -> set[int]:
    found: set[int] = set()
    for at in range(len(words)):
        if length := _trigger(words, at, _BEFORE) or (_trigger(words, at, _AT_THE_START) if at == 0 else 0):
            found |= set(_forward(words, at + length))
        elif length := _trigger(words, at, _AFTER):
            found |= set(_backward(words, at))
    return found


def _trigger(words: list[str], at: int, triggers: tuple[tuple[str, ...], ...]) -> int:
    return next((len(trigger) for trigger in triggers if tuple(words[at : at + len(trigger)]) == trigger), 0)


def _forward(words: list[str], start: int) -> range:
    end = next((at for at in range(start, len(words)) if words[at] in _NEW_THOUGHT), len(words))
    return range(start, end)


def _backward(words: list[str], end: int) -> range:
    start = next((at + 1 for at in range(end - 1, -1, -1) if words[at] in _NEW_THOUGHT and words[at] not in _SUBJECTS), 0)
    subject = next((at for at in range(end - 1, start - 1, -1) if words[at] in _SUBJECTS), start)
    return range(subject, end)
