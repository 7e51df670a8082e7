"""What a language model may not make the bot say: addresses and numbers that nobody gave it, its own instructions, machine text."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TLD = "com|in|org|net|co|io|info|biz|me|app|dev|xyz|ru|cn|uk|us|ai|gov|edu|online|site|shop|top|link|click|ly|gl|tk|to"
_ADDRESS = re.compile(
    rf"https?:\S*|www\.\S*|[^\s,;:!?()]+@[^\s,;:!?()]+|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:{_TLD})\b(?!\.?\w)"
    rf"|\b[\w-]+\s+(?:dot|डॉट|டாட்)\s+(?:{_TLD}|कॉम|इन|காம்|இன்)(?!\w)|\bat the rate (?!of\b)|\b\w+\s+at\s+\w+\s+dot\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}[-/.]\d{1,2}[-/.]\d{4}\b")
_AMOUNT = re.compile(r"\b\d{1,3}(?:,\d{2,3})+(?:\.\d+)?\b")  # 12,50,000: grouped without spaces
_NUMBER = re.compile(r"\+?\d(?:[\s().,/_-]{0,3}\d)+")
_MACHINE = re.compile(r"[{}\\]|<\s*[/\w]|\btool_(?:use|result)\b", re.IGNORECASE)
_FEWEST_DIGITS = 7  # of a number that could be rung
_VERBATIM = 48  # letters of our own instructions in a row

_DIGITS = {
    word: str(digit)
    for digit, words in enumerate(
        (
            "zero oh nought शून्य ज़ीरो जीरो shunya पூஜ்ஜியம் பூஜ்ஜியம் பூஜ்யம் சைபர் ஜீரோ",
            "one एक वन ek ஒன்று ஒண்ணு ஒன்",
            "two दो टू do இரண்டு ரெண்டு டூ",
            "three तीन थ्री teen மூன்று மூணு த்ரீ",
            "four चार फोर फ़ोर char chaar நான்கு நாலு ஃபோர்",
            "five पाँच पांच फाइव paanch panch ஐந்து அஞ்சு ஃபைவ்",
            "six छह छः छे सिक्स chhe cheh ஆறு சிக்ஸ்",
            "seven सात सेवन saat ஏழு செவன்",
            "eight आठ एट aath எட்டு எய்ட்",
            "nine नौ नाइन nau ஒன்பது நைன்",
        )
    )
    for word in words.split()
}
_TIMES = {"double": 2, "डबल": 2, "டபுள்": 2, "triple": 3, "ट्रिपल": 3, "ட்ரிபிள்": 3}
_WORD = re.compile(r"[^\s,.;:!?।()\"'/-]+|[^\w\s]")


class Guard:
    """`secret`: our instructions, which are not read out. `known`: texts whose addresses and numbers may be said in any call."""

    def __init__(self, secret: str, known: Iterable[str], canary: str) -> None:
        self._secret, self._canary = _letters(secret), canary.casefold()
        self._known = Facts(known)

    def objection(self, sentence: str, theirs: Iterable[str] = ()) -> str:
        """Why the sentence must not be said, "" when it may. `theirs`: what the caller, or the desk, has said in this call."""
        if self._canary in sentence.casefold() or self._recites(sentence):
            return "instructions"
        if _MACHINE.search(sentence):
            return "machine text"
        addresses = [address for address in _addresses(sentence) if address not in self._known.text]
        numbers = [number for number in numbers_in(sentence) if not self._known.has(number)]
        if not addresses and not numbers:
            return ""
        told = Facts(theirs)
        if any(address not in told.text for address in addresses):
            return "address"
        return "number" if any(not told.has(number) for number in numbers) else ""

    def _recites(self, sentence: str) -> bool:
        letters = _letters(sentence)
        return any(letters[at : at + _VERBATIM] in self._secret for at in range(0, len(letters) - _VERBATIM + 1, 8))


class Facts:
    """Texts, and the digits in them however they are written or spoken."""

    def __init__(self, texts: Iterable[str]) -> None:
        kept = [text.casefold() for text in texts]
        self.text = "\n".join(kept)
        self._digits = "\n".join(_runs(text) for text in kept)

    def has(self, digits: str) -> bool:
        return digits in self._digits


def numbers_in(sentence: str) -> list[str]:
    """The digits of every number that could be rung, also of spoken ones."""
    written = _AMOUNT.sub(" ", _DATE.sub(" ", _as_digits(sentence)))
    found = ("".join(filter(str.isdigit, match)) for match in _NUMBER.findall(written))
    return [digits for digits in found if len(digits) >= _FEWEST_DIGITS]


def _addresses(sentence: str) -> list[str]:
    return [match[0].casefold().rstrip(".") for match in _ADDRESS.finditer(sentence)]


def _runs(text: str) -> str:
    """All digits of a text, those of one number together, several numbers also joined as a caller's groups."""
    return re.sub(r"\D+", "", _as_digits(text)) + "\n" + "\n".join(re.findall(r"\d+", _as_digits(text)))


def _as_digits(text: str) -> str:
    """Spoken digits as figures: "nine eight double seven" -> "9 8 77"; other words stay, in lower case."""
    words, times = [], 1
    for word in _WORD.findall(text.casefold()):
        digit = _DIGITS.get(word, word)
        words.append(digit * times if digit.isdecimal() and len(digit) == 1 else digit)
        times = _TIMES.get(word, 1)
        if times > 1:
            words.pop()
    plain = " ".join(words)
    return re.sub(r"\d", lambda figure: str(int(figure[0])), re.sub(r"(?<=\d) ([-/.,]) (?=\d)", r"\1", plain))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
