"""What the meaningful words of a question are about: their stems, and the concepts of the lexicon, which are the same in all languages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from nlu import language
from nlu.lexicon import Lexicon
from nlu.negation import FAILS, mark
from nlu.question_kinds import Asked, asked

Keys = frozenset[str]  # by which a word meets another: its stem (lower case), and the concepts that it speaks of (upper case)

_BROAD = 9  # a concept that shares words with so many others ("a thing in the software") tells nothing apart
_NUMBERS = frozenset(
    language.words("""
    two three both same another दो तीन दूसरे दोनों dono dusre doosre இரண்டு ரெண்டு ரெண்டுல மூணு வேற
""")
)
_DAYS = frozenset(
    language.words("""
    monday tuesday wednesday thursday friday saturday sunday mondays saturdays sundays weekend weekends holiday holidays
    सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रविवार इतवार संडे सैटरडे मंडे छुट्टी somvar shanivar ravivar itwar chhutti
    திங்கள் திங்கட்கிழமை செவ்வாய் புதன் வியாழன் வெள்ளி வெள்ளிக்கிழமை சனி சனிக்கிழமை ஞாயிறு ஞாயிற்றுக்கிழமை சண்டே லீவு
""")
)
_DAY = "WEEKDAY"
_LIGHT = frozenset(  # says little: counts only for an entry that speaks of it, never against one
    map(
        language.stem,
        language.words("""
    done doing written become becomes made making work working happen happens click press option find money anything
    something people person guys software
    अगर होता होती लगता लगेगा लगेंगे लगते लें लो लेता मिलता मिलती मिलेगा लेना लेने लेते चलता चल करके बाद पहले लोग जाए
    जाएं हुआ अपने हमको लिखा लिखी चलाना चलाते चलाएं निकालें निकालते पड़ती पड़ता पड़ेगा आएगा जाता जाती
    hota hoti lagta lagega lagti lagte milta milti milega lena lene lete chal chalta karke baad pehle log jaye agar
    apne hamko humko likha chalana chalate chalaye nikale nikalte nikalu padta padti padega aayega jata jati karein
    karen pe
    போச்சு போயிடுச்சு விட்டது விட்டேன் என்று இருக்கும் இருந்து உங்க பண்ற பண்றது பண்ணும் பண்ணலாம் செய்யலாம் வேணும்
    எடுக்க செய்யணும் செய்யலாம் செய்வது போடணும் போடலாம் ஆகுமா ஆகும்
"""),
    )
)
_PLAIN = frozenset(
    {"HOW", "WHEN", "WHERE", "WHY", "WHAT", "WANT", "NEED", "PLEASE", "CAN", "SEE", "USE", "TALLY", "NOT", "TODAY", "OTHER_ORDER"}
)
_TROUBLE = frozenset({"ERROR", "NOT_WORK", "PROBLEM", "WRONG", "REJECT", "CRASH", "HANG", "SLOW", "CORRUPT", "CAN_NOT", "FAIL"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """An utterance: what its meaningful words are about."""

    asked: Asked
    meant: tuple[Keys, ...]
    light: frozenset[int]  # places in `meant` of words that say little: they count for an entry that speaks of them, against none
    fails: frozenset[int]  # of words that report a fault


class Reader:
    """Shared by all calls."""

    def __init__(self) -> None:
        self._lexicon = Lexicon.load()
        self._says_nothing = _PLAIN | _broad(self._lexicon)

    def read(self, text: str) -> Meaning:
        spoken = language.words(text)
        wants, marked, concepts = asked(spoken), mark(spoken), self._lexicon.concepts(spoken)
        meant: list[Keys] = []
        light, fails = set(), set()
        for at, word in enumerate(spoken):
            keys = frozenset() if at in wants.places else self._keys(word, concepts[at])
            if keys:
                light |= {len(meant)} if _says_little(word, concepts[at]) else set()
                fails |= {len(meant)} if marked[at].startswith(FAILS) or keys & _TROUBLE else set()
                meant.append(keys)
        return Meaning(wants, tuple(meant), frozenset(light), frozenset(fails))

    def _keys(self, word: str, concepts: frozenset[str]) -> Keys:
        """None for a word of grammar that is about nothing by itself."""
        if word in _NUMBERS:
            return frozenset({word})
        if word in _DAYS:
            return frozenset({_DAY})
        if language.is_function_word(language.stem(word)):
            return concepts & self._lexicon.concepts([word])[0] - self._says_nothing
        return (concepts - self._says_nothing) | {language.stem(word)}


def _says_little(word: str, concepts: frozenset[str]) -> bool:
    if word in _DAYS or word in _NUMBERS:
        return False
    stem = language.stem(word)
    return stem in _LIGHT or language.is_function_word(stem) or bool(concepts and concepts <= _PLAIN)


@cache
def _broad(lexicon: Lexicon) -> frozenset[str]:
    concepts: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for form in lexicon.forms:
        concepts[form.patterns].add(form.concept)
    beside: dict[str, set[str]] = defaultdict(set)
    for together in concepts.values():
        for concept in together:
            beside[concept] |= together
    return frozenset(concept for concept, others in beside.items() if len(others) > _BROAD)
