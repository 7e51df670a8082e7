"""What kind of answer a question wants: a way, a place, a time, a sum. Its words, in English, Hindi and Tamil.

A sentence that asks nothing reports or wishes something, and no entry of the FAQ answers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from nlu import language


class Kind(StrEnum):
    HOW = "how"
    WHEN = "when"
    WHERE = "where"
    MUCH = "much"
    MANY = "many"
    TELL = "tell"  # "tell me", "i want to know": may want any of the above
    CAN = "can"  # "is it possible": wants to know how, too
    WHAT = "what"  # wants a fact
    WHETHER = "whether"  # wants a yes or no


_WORDS = {
    Kind.HOW: """
        how|how to|steps|step|procedure|process|method|what to do|what should i do|what can i do|what do i do|guide me
        |way to|way of|कैसे|कैसा|तरीका|तरीके|प्रोसेस|प्रक्रिया|प्रोसीजर|क्या करूं|क्या करना|क्या करें|स्टेप|स्टेप्स|kaise
        |kese|kaisey|tarika|tareeka|kya karu|kya karun|kya karna
        |kya karein|kya karen|kya kare|எப்படி|எப்டி|வழிமுறை|வழி|என்ன செய்வது|என்ன செய்ய
        |என்ன பண்ண|என்ன பண்றது|என்ன பண்ணணும்|eppadi|epdi|enna seiya|enna panna
    """,
    Kind.WHEN: """
        when|due date|last date|deadline|which date|what date|till when|by when|until when|what time|until what time
        |till what time|timing|timings|hours|last day|कब|कब तक|आखिरी तारीख|अंतिम तारीख|लास्ट डेट|ड्यू डेट|किस तारीख
        |कौन सी तारीख|कितने बजे|समय क्या|टाइमिंग|टाइम क्या|kab|kab tak|aakhri tareekh|aakhri tarikh|kis tarikh|kitne baje
        |time kya|எப்போது|எப்போ|எப்ப|எப்பொழுது|கடைசி தேதி|கடைசி நாள்|டியூ டேட்|லாஸ்ட் டேட்|எந்த தேதி|எத்தனை மணி
        |எத்தனை மணிக்கு|எத்தன மணி|எத்தன மணிக்கு|எந்த நேரம்|டைமிங்|நேரம் என்ன|eppo|eppothu|kadaisi thedhi|kadaisi naal
        |ethana mani
    """,
    Kind.WHERE: """
        where|which menu|which screen|which option|in which place|कहाँ|कहां|किधर|किस जगह|किस मेनू|kahan|kaha|kidhar|எங்கே
        |எங்க|எங்கு|எந்த மெனு|enge|enga
    """,
    Kind.MUCH: """
        how much|price|prices|cost|costs|charge|charges|charged|rate kya|रेट क्या
        |रेट कितना|rate kitna|fee|fees|how expensive|how costly|costly|free|toll free|rupees|कितना
        |कितने का|कितने में|कितनी|कितने पैसे|कितना पैसा|कीमत|दाम|खर्च|खर्चा|चार्ज|चार्जेस|फीस|शुल्क|मुफ्त|फ्री|टोल फ्री
        |पैसा|पैसे|kitna|kitne ka|kitne mein|kitni|kitne paise|kitna paisa|keemat|kimat|daam|kharch|kharcha|charge|charges
        |fees|paisa|paise|muft|எவ்வளவு|எவ்ளோ|விலை|கட்டணம்|செலவு|சார்ஜ்|ரேட் என்ன|இலவசம்|இலவசமா|டோல் ஃப்ரீ|evvalavu|evlo
        |vilai|kattanam
    """,
    Kind.MANY: "how many|कितने|कितनी|kitne|எத்தனை|ethanai|ethana",
    Kind.TELL: """
        tell me|tell us|let me know|want to know|like to know|need to know|i wanted to know|explain|show me|teach me
        |wondering|information about|details of|find out|बताइए|बताइये|बताओ|बता दीजिए|बता दो|बताना|बताएं|जानना|पता करना
        |समझाइए|जानकारी|bataiye|batao|bata do|bata dijiye|janna|jaanna|samjhaiye|jankari|சொல்லுங்கள்|சொல்லுங்க|தெரிஞ்சுக்க
        |தெரியணும்|தெரிய வேண்டும்|விவரம்|sollunga|sollungal|theriyanum
    """,
    Kind.CAN: """
        can i|can we|could i|could we|may i|is it possible|possible to|possible|is there a way|am i able|are we able
        |allowed|सकते|सकता|सकती|सकेंगे|संभव|sakte|sakta|sakti|sakenge|possible hai|முடியுமா|mudiyuma
    """,
    Kind.WHAT: """
        what|which|who|need to|क्या|कौन|कौनसा|kya|kaun|kaunsa|என்ன|எது|எந்த|enna
    """,
    Kind.WHETHER: """
        whether|can you|can it|can the|can two|can this|can my|shall i|should i
        |should we|is it|is there|is this|is that|is the|is your|is my|are you
        |are there|are your|do i|do we|do you|does|will it|will the|will i|will we|will this|have to|क्या|kya
    """,
}
_YES_OR_NO = frozenset({Kind.CAN, Kind.WHETHER})
_DIRECT = frozenset({Kind.HOW, Kind.WHEN, Kind.WHERE, Kind.MUCH, Kind.MANY})
_TAMIL_QUESTION, _TAMIL_MAY = "ா", "லாமா"  # ends "இருக்குமா", "உண்டா"; "பயன்படுத்தலாமா"
_KYA = frozenset(language.words("क्या kya"))
_SHORTEST_TAMIL = 4  # code points of such a word


@dataclass(frozen=True, slots=True)
class Asked:
    kinds: frozenset[Kind]
    places: frozenset[int]  # of the words that ask and say nothing else

    @property
    def direct(self) -> frozenset[Kind]:
        """The kinds that leave no doubt of what is wanted."""
        return self.kinds & _DIRECT

    def fits(self, question: Asked) -> bool:
        """Whether an answer to `question` may be one to this."""
        if self.direct:
            return bool(self.direct & question.direct)
        if Kind.TELL in self.kinds:
            return True
        if Kind.CAN in self.kinds and question.direct == {Kind.HOW}:
            return True
        if question.direct:
            return question.direct == {Kind.MUCH} and Kind.WHETHER in self.kinds & question.kinds
        return bool(self.kinds & question.kinds) or (self.kinds | question.kinds) == _YES_OR_NO


def asked(words: list[str]) -> Asked:
    """What `language.words(...)` ask for; the longest form counts at each place, so "how much" is no "how"."""
    kinds: set[Kind] = set()
    places: set[int] = set()
    at = 0
    while at < len(words):
        found, length = _longest(words, at)
        if words[at] in _KYA and length == 1:
            found = _wanted_by_kya(words, at)
        kinds |= found
        places |= set(range(at, at + length)) if found else set()
        if not found and _asks_in_tamil(words[at]):
            kinds.add(Kind.CAN if words[at].endswith(_TAMIL_MAY) else Kind.WHETHER)
        at += length
    return Asked(frozenset(kinds), frozenset(places))


def _wanted_by_kya(words: list[str], at: int) -> frozenset[Kind]:
    """A yes or no at the beginning or the end of a sentence, a fact before its verb ("kya hai"), either elsewhere."""
    if at in (0, len(words) - 1):
        return frozenset({Kind.WHETHER})
    return frozenset({Kind.WHAT} if at == len(words) - 2 else {Kind.WHAT, Kind.WHETHER})


def _asks_in_tamil(word: str) -> bool:
    return word.endswith(_TAMIL_QUESTION) and len(word) >= _SHORTEST_TAMIL


def _longest(words: list[str], at: int) -> tuple[frozenset[Kind], int]:
    forms, longest = _forms()
    for length in range(min(longest.get(words[at], 0), len(words) - at), 0, -1):
        if kinds := forms.get(tuple(words[at : at + length])):
            return kinds, length
    return frozenset(), 1


@cache
def _forms() -> tuple[dict[tuple[str, ...], frozenset[Kind]], dict[str, int]]:
    """And how long, in words, the longest is that begins with a word."""
    forms: dict[tuple[str, ...], frozenset[Kind]] = {}
    longest: dict[str, int] = {}
    for kind, text in _WORDS.items():
        for form in text.split("|"):
            words = tuple(language.words(form))
            forms[words] = forms.get(words, frozenset()) | {kind}
            longest[words[0]] = max(longest.get(words[0], 0), len(words))
    return forms, longest
