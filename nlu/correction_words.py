"""What matters of a correction: characters, places ("the last digit"), and the "not" between them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calls.slots import SlotSettings
from nlu.cardinals import cardinal
from nlu.negated import LEADING, NOT_BEFORE, NOT_NEXT
from nlu.ordinals import ordinal
from nlu.slot_codes import WITH_LETTERS
from nlu.slot_words import Token, word_set
from nlu.spoken_atoms import Atom, read_atom
from nlu.spoken_codes import HESITATIONS, LIGHT

LAST = (
    "last final end ends ending aakhri akhri aakhiri akhiri antim aakhir akhir आखिर आखिरी आखरी अंतिम अंत கடைசி கடைசில கடைசியில் இறுதி லாஸ்ட் लास्ट"
)
FIRST = "first start starts begin begins beginning shuru shuruaat pehla pehle शुरू शुरुआत पहला पहले पहली முதல் முதல்ல ஆரம்பம்"
NOUNS = """
    digit digits number numbers letter letters character characters one ones figure figures ank akshar nambar place
    अंक अंकों नंबर नम्बर संख्या अक्षर डिजिट எண் எண்கள் இலக்கம் எழுத்து நம்பர் டிஜிட்
"""
_CHANGE = "change replace"  # "change five to nine"
_TO_BE = "ko को"  # "पाँच को नौ कर दो"
_INTO = "to with by into"
_LINKS = "be should are in i said say there mein में ki की hona chahiye होना चाहिए था வேண்டும் வரணும் with to by but instead"


@dataclass(frozen=True, slots=True)
class Place:
    """Characters of the value: from `start` (negative from its end), `length` of them, 0 for as many as are given."""

    start: int
    length: int


def parts_of(slot: SlotSettings, words: Sequence[Token], language: str) -> list[Atom | Place | str]:
    """Nothing where the words are rather about something else."""
    parts: list[Atom | Place | str] = []
    at = strangers = 0
    while at < len(words) and words[at].text in word_set(LEADING):
        at += 1
    while at < len(words):
        part, used = _part(slot, words, at, language)
        parts += [part] if part else []
        strangers += part is None and words[at].text not in word_set(f"{LIGHT} {HESITATIONS} {_LINKS}")
        at += used
    if strangers:
        parts = [part for part in parts if not isinstance(part, Atom) or part.sure]
    return parts if strangers < len(parts) else []


def _part(slot: SlotSettings, words: Sequence[Token], at: int, language: str) -> tuple[Atom | Place | str | None, int]:
    place, used = _place(words, at)
    if place:
        return place, used
    word = words[at].text
    if word in word_set(f"{NOT_NEXT} {_CHANGE}"):
        return NOT_NEXT, 1
    if word in word_set(_INTO) and at and any(before.text in word_set(_CHANGE) for before in words[:at]):
        return None, 1
    if word in word_set(NOT_BEFORE) or (word in word_set(_TO_BE) and _stands_between(words, at, language)):
        return NOT_BEFORE, 1
    atom = read_atom(words, at, language)
    if atom and (atom.digits or (slot.kind in WITH_LETTERS and atom.sure)):
        return atom, atom.used
    return None, 1


def _stands_between(words: Sequence[Token], at: int, language: str) -> bool:
    return all(0 <= beside < len(words) and read_atom(words, beside, language) for beside in (at - 1, at + 1))


def _place(words: Sequence[Token], at: int) -> tuple[Place | None, int]:
    """ "the last two digits", "third digit", "second last number", "आखिरी अंक", "ends with"."""
    number, used = ordinal(words, at)
    last = at + used < len(words) and words[at + used].text in word_set(LAST)
    if last:
        used += 1
    elif not number and words[at].text in word_set(FIRST):
        number, used = 1, 1
    count, more = (0, 0) if _is_noun(words, at + used) else _count_of(words, at + used)
    noun = _is_noun(words, at + used + more)
    if last:
        count = count if noun else 0
        back = max(number, count, 1)
        return Place(-back, count or (1 if number or noun else 0)), used + (more if noun else 0) + noun
    if number and (noun or words[at].text in word_set(FIRST)):
        plural = count if noun else 0
        return Place(number - 1, plural or int(noun)), used + (more if noun else 0) + noun
    return None, 0


def _count_of(words: Sequence[Token], at: int) -> tuple[int, int]:
    value, used, _ = cardinal(words, at)
    if used:
        return value, used
    written = at < len(words) and words[at].text.isdigit()
    return (int(words[at].text), 1) if written else (0, 0)


def _is_noun(words: Sequence[Token], at: int) -> bool:
    return at < len(words) and words[at].text in word_set(NOUNS)
