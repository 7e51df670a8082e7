"""Where a sentence falls into parts: clauses with a wish of their own, what is only said by the way, and what is taken back. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nlu import language
from nlu.negation import NOT, SUBJECTS

_CONNECTIVES = frozenset(
    language.words("""
    and also but then plus besides however please so
    और लेकिन मगर फिर साथ बस aur lekin magar phir saath bas par
    மற்றும் ஆனால் ஆனா அப்புறம் அப்புறமா அப்பறம் பிறகு
    """)
)
_IN_ORDER = frozenset(language.words("okay fine alright ठीक सही theek thik sahi சரி சரியா பரவாயில்லை"))
_LATER = frozenset(
    language.words("""
    later afterwards leave forget बाद छोडो छोडिए छोडिये baad chhodo chodo chhodiye
    பிறகு அப்புறம் அப்புறமா அப்பறம் விடுங்க
    """)
)
# what takes something back: in Hindi and Tamil behind it, in English before it ...
_BACK = frozenset(language.words("नहीं मत छोडो छोडिए nahi mat chhodo chodo chhodiye இல்ல இல்லை வேண்டாம் வேணாம் இல்லீங்க இல்லங்க later"))
_AHEAD = frozenset(language.words("not instead rather"))
# ... unless it says that something fails: "licence nahi khul raha", "it is not opening"
_FAILING = frozenset(
    language.words("""
    हो होता होती हुआ हुई कर करता करती किया रहा आ आता आती आया आई मिल मिलता मिलती मिला मिली खुल खुलता खुलती खुला चल चलता चलती चला
    दिख दिखता दिखती दिखा बन बनता बनती बना भर भरा लग लगता लगा ले लेता लिया दे देता दिया जा जाता गया पा पता मालूम याद समझ काम
    ho hota hoti hua hui kar karta karti kiya raha aa aata aati aaya aayi mil milta milti mila mili khul khulta khulti khula chal chalta
    chalti chala dikh dikhta dikhti dikha ban banta banti bana bhar bhara lag lagta laga le leta liya de deta diya ja jata gaya pa pata
    malum maloom yaad samajh kaam
    """)
)
_AUXILIARIES = frozenset(language.words("is are am was were do does did can could will would has have had be been it"))
_POINTING = frozenset(language.words("the my about for asking calling looking"))
_POSSESSIVES, _PERSONS = frozenset({"my", "our"}), frozenset({"i", "we"})
_REACH = 4  # words from a possessive to its verb
_SHORTEST = 3  # words of a clause
_TAKEN_BACK = 4  # words at most that a contrast takes back


def clauses(words: Sequence[str]) -> list[list[str]]:
    """The parts between connectives, and before a new subject."""
    parts: list[list[str]] = [[]]
    for at, word in enumerate(words):
        if word in _CONNECTIVES:
            if len(parts[-1]) >= _SHORTEST:
                parts.append([])
            parts[-1] += [word] if word in _LATER else []
        elif len(parts[-1]) >= _SHORTEST and _begins_anew(words, at):
            parts.append([word])
        else:
            parts[-1].append(word)
    return [part for part in parts if len(part) >= _SHORTEST]


def _begins_anew(words: Sequence[str], at: int) -> bool:
    """Whether a subject stands here with a verb of its own: in English after "my data", in Hindi the verb before is over."""
    if words[at] not in SUBJECTS:
        return False
    if words[at] in _POSSESSIVES:
        return not _AUXILIARIES.isdisjoint(words[at + 1 : at + 1 + _REACH])
    return words[at].isascii() is False or words[at] in _PERSONS or language.is_function_word(language.stem(words[at - 1]))


def is_in_order(clause: Sequence[str]) -> bool:
    """Whether a clause says that something is all right: "the licence is okay"."""
    return not _IN_ORDER.isdisjoint(clause) and NOT.isdisjoint(clause)


def can_wait(clause: Sequence[str]) -> bool:
    """Whether a clause says that something comes later: "and afterwards the e-way bill"."""
    return not _LATER.isdisjoint(clause) and NOT.isdisjoint(clause)


def contrasts(words: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """(what may be taken back, what stays) for each "not": "not training, renewal"; "training nahi, renewal"."""
    for at, word in enumerate(words):
        before, after = words[:at], words[at + 1 :]
        for length in range(1, _TAKEN_BACK + 1):
            if word in _AHEAD and length < len(after) and _takes_back_ahead(before, after):
                yield list(after[:length]), [*before, *after[length:]]
            if word in _BACK and length <= at and after and after[0] not in _FAILING:
                yield list(before[-length:]), [*before[:-length], *after]


def _takes_back_ahead(before: Sequence[str], after: Sequence[str]) -> bool:
    return not before or before[-1] not in _AUXILIARIES or after[0] in _POINTING
