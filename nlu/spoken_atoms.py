"""Characters of codes from words: "double nine", "b for bombay", "forty five", "od1234". Words in, characters out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from nlu import number_words as tables
from nlu.cardinals import cardinal
from nlu.slot_words import Token, doubtful_letters, doubtful_units, letters, numbered, numeral, repeats, sounds, word_set

COUNTED = """
    computer computers user users people person persons staff employee employees machine machines system systems laptop laptops branch
    branches company companies invoice invoices entry entries ledger ledgers item items day days week weeks month months year years hour
    hours minute minutes min mins second seconds percent rupee rupees rs paise lakh members shop shops clock pm am baje din saal mahine
    hafte ghante log rupaye rupay कंप्यूटर यूजर लोग लोगों दिन दिनों साल महीने हफ्ते घंटे मिनट बजे रुपये रुपए रूपये प्रतिशत इनवॉइस एंट्री
    கம்ப்யூட்டர் கணினி பேர் நாள் நாட்கள் மாதம் வருடம் வருஷம் மணி மணிக்கு நிமிடம் ரூபாய் சதவீதம் யூசர்
"""
NO_CODES = """
    my our your his the this that is it its was are and or not no yes ok sir madam id number serial order licence license gst gstin
    gstn tin pan phone mobile please on of for in to with hai hain ho mera meri mere hamara ka ki ko se par ye yeh wo woh haan han ji
    nahi nahin tss erp irn qr otp pin code at since about till from around e i we you he she they hi hello but so if at by be do did
    has have had can will would need want new old tally
"""
_GIVE = "do दो"
_DONE = """
    kar de bata likh badal karwa karva bana bhej jod hata laga dikha rehne jaane aane rakh bol kah chhod hone
    कर दे बता लिख बदल करवा बना भेज जोड़ हटा लगा दिखा रहने जाने आने रख बोल कह छोड़ होने
"""
_ALIKE = ("BCDEGPTVZ", "MN", "FSX", "AHJK", "IY", "QU")  # letters whose names sound alike
_VOWELS = set("aeiou")
_CLUSTER = range(2, 6)  # letters of an unknown word that may be part of a code
_SHORT_CLUSTER = 3
_STATE, _PAN_LETTERS = 2, 5  # characters that begin a GSTIN
_COUNTS = 4  # digits: such a number may count things


@dataclass(frozen=True, slots=True)
class Char:
    """One character of a code, as a digit and as the letters that it may be, the likeliest first; one of both may be empty."""

    digit: str = ""
    letters: str = ""


@dataclass(frozen=True, slots=True)
class Atom:
    """What a few words stand for."""

    chars: tuple[Char, ...]
    used: int = 1  # words
    sure: bool = True  # or else it may as well be another word
    guess: bool = False  # letters that the recogniser wrote as a word
    counted: int = 0  # the number, where it has a hundred or more in it ("nine thousand")

    @property
    def digits(self) -> str:
        """ "" where it can't be digits alone."""
        return "".join(char.digit for char in self.chars) if all(char.digit for char in self.chars) else ""


def read_atom(words: Sequence[Token], at: int, language: str) -> Atom | None:
    """What begins at `at`; None for a word that belongs to no code. `language`: a doubtful word of it is not doubtful."""
    if _text(words, at) in word_set(_GIVE) and _text(words, at - 1) in word_set(_DONE):
        return None  # "kar do": a request, and no two
    return (
        _double_u(words, at)
        or _repeated(words, at, language)
        or _spelled(words, at)
        or _number(words, at)
        or _character(words, at, language)
        or _cluster(words, at)
    )


def _text(words: Sequence[Token], at: int) -> str:
    return words[at].text if 0 <= at < len(words) else ""


def _double_u(words: Sequence[Token], at: int) -> Atom | None:
    meant = letters().get(f"{_text(words, at)} {_text(words, at + 1)}")
    return Atom((Char(letters=meant),), 2) if meant else None


def _repeated(words: Sequence[Token], at: int, language: str) -> Atom | None:
    """ "double nine", "three times zero", "teen baar shunya", "two fives", "nine twice"."""
    if count := repeats().get(_text(words, at)):
        return _times(_single(words, at + 1, language), count, 1)
    count = _count(words, at)
    if count and (plural := numbered(tables.PLURALS).get(_text(words, at + 1))) is not None:
        return Atom((Char(str(plural)),) * count, 2)
    if count and _text(words, at + 1) in word_set(tables.TIMES):
        return _times(_single(words, at + 2, language), count, 2)
    return _repeated_after(words, at, language)


def _repeated_after(words: Sequence[Token], at: int, language: str) -> Atom | None:
    single = _single(words, at, language)
    if single and (count := numbered(tables.ONCE_MORE).get(_text(words, at + 1))):
        return _times(single, count, 1)
    count = _count(words, at + 1)
    if single and count and _text(words, at + 2) in word_set(tables.TIMES) and not _single(words, at + 3, language):
        return _times(single, count, 2)
    return None


def _times(single: Atom | None, count: int, more: int) -> Atom | None:
    """The first character `count` times: a recogniser writes "double 98" for "double nine eight"."""
    if single is None:
        return None
    return replace(single, chars=single.chars[:1] * count + single.chars[1:], used=single.used + more, sure=True)


def _count(words: Sequence[Token], at: int) -> int:
    word = _text(words, at)
    known = numeral(word)
    if word.isdigit():
        return int(word) if len(word) == 1 else 0
    return known.value if known and known.kind == "unit" else doubtful_units().get(word, 0)


def _single(words: Sequence[Token], at: int, language: str) -> Atom | None:
    """One character, or a run of written digits."""
    word = _text(words, at)
    known = numeral(word)
    if known and known.kind == "unit":
        return Atom((Char(str(known.value)),))
    return Atom(tuple(map(Char, word))) if word.isdigit() else _character(words, at, language)


def _spelled(words: Sequence[Token], at: int) -> Atom | None:
    """ "a for apple", "b as in bombay", "पी फॉर पुणे"."""
    heard = letters().get(_text(words, at), "")
    linked = at + 1
    while _text(words, linked) in word_set(tables.AS_IN):
        linked += 1
    word = _text(words, linked)
    if not heard or linked == at + 1 or len(word) < 2 or word.isdigit() or numeral(word) or word in repeats():
        return None
    return Atom((Char(letters=_initial(heard, word)),), linked - at + 1)


def _initial(heard: str, word: str) -> str:
    """The word tells better than the letter's name which of several names that sound alike was meant."""
    told = word[0].upper() if word[0].isascii() else sounds().get(word[0], "")
    both = [letter for letter in heard if letter in told]
    if both or not told:
        return (both or [heard[0]])[0]
    alike = any(heard[0] in group and told[0] in group for group in _ALIKE)
    return told[0] if alike else heard[0]


def _number(words: Sequence[Token], at: int) -> Atom | None:
    """Written digits and number words, unless they count things ("three computers")."""
    value, used, counted = cardinal(words, at)
    digits, used = (str(value), used) if used else (_text(words, at), 1)
    if not digits.isdigit():
        return None
    if (len(digits) <= _COUNTS or counted) and _text(words, at + used) in word_set(COUNTED):
        return None
    bare = counted and used == 1 and not _text(words, at).isdigit() and value in (100, 1000, 100_000, 10_000_000)
    return Atom(tuple(map(Char, digits)), used, sure=not bare, counted=value if counted else 0)


def _character(words: Sequence[Token], at: int, language: str) -> Atom | None:
    """A letter's name, or a word that sounds like a digit's."""
    word = _text(words, at)
    digit, meant = doubtful_units().get(word), letters().get(word, "")
    if digit is None and not meant:
        return None
    native = word in tables.NATIVE.get(language, ())
    sure = native or (bool(meant) and word not in doubtful_letters())
    return Atom((Char("" if digit is None else str(digit), meant),), sure=sure)


def _cluster(words: Sequence[Token], at: int) -> Atom | None:
    """Letters that the recogniser wrote as a word: "od 1234", "pfu", "ओडी"."""
    word, after = _text(words, at), _text(words, at + 1)
    sure = words[at].glued or _is_number(after)
    if not word.isascii():
        names = _names(word)
        return Atom(tuple(Char(letters=letter) for letter in names), sure=sure, guess=True) if len(names) > 1 else None
    if not word.isalpha() or len(word) not in _CLUSTER or (word in word_set(NO_CODES) and not words[at].glued):
        return None
    before = _text(words, at - 1)
    between = _is_number(before) and (_is_number(after) or (len(before), len(word)) == (_STATE, _PAN_LETTERS))
    if words[at].glued or words[at].capitals or between or len(word) <= _SHORT_CLUSTER or not _VOWELS & {*word}:
        return Atom(tuple(Char(letters=letter) for letter in word.upper()), sure=sure, guess=not words[at].glued)
    return None


def _is_number(word: str) -> bool:
    return word.isdigit() or bool(word and numeral(word))


@lru_cache(maxsize=20_000)
def _names(word: str) -> tuple[str, ...]:
    """The letters whose names make up the word, the longest name first; nothing where something is left over."""
    if not word:
        return ()
    for name in sorted((name for name in letters() if not name.isascii() and word.startswith(name)), key=len, reverse=True):
        rest = _names(word[len(name) :])
        if rest or name == word:
            return (letters()[name], *rest)
    return ()
