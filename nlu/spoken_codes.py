"""The codes in an utterance: runs of characters, and the ways to put them together where the caller hesitates or begins again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nlu.slot_words import tokens, word_set
from nlu.spoken_atoms import Atom, Char, read_atom

HESITATIONS = """
    capital small block letter um uh er hmm hm mm ah and then dash hyphen minus slash space comma dot point followed by next after
    और फिर आगे उसके बाद डैश aur phir fir aage uske baad மற்றும் அப்புறம் பிறகு அடுத்து
"""
REPAIRS = "sorry wait no nope nahi nahin galat matlab mean actually rather सॉरी नहीं गलत मतलब रुको இல்லை இல்ல சாரி தப்பு"
LIGHT = """
    my our the a its it is that this number numbers no code id serial order phone mobile gst gstin gstn licence license pin digit digits
    yes yeah ok okay sir madam please so hello plus of here go comes one first starts with customer tally haan han ji hai hain mera hamara
    meri mere number likhiye note kijiye karo karen boliye hum bata raha rahi hoon hu yeh ye toh
    मेरा मेरी मेरे हमारा नंबर नम्बर संख्या सीरियल ऑर्डर कोड आईडी है हैं हां जी लिखिए नोट कीजिए करो बता रहा रही हूं यह ये जीएसटी फोन मोबाइल सर तो का की
    என் எண் நம்பர் எங்கள் ஆர்டர் சீரியல் கோட் ஆமா ஆமாம் சரி சார் இது இதுதான் தான் ஜிஎஸ்டி போன் மொபைல் எழுதிக்கோங்க சொல்றேன்
"""
_TOGETHER = 6  # at most so many runs are joined to the first
_TELLING = 4  # characters; so many are a code even where more is said
_DOUBTS = 3  # at most so many doubtful words are taken off each end


@dataclass(frozen=True, slots=True)
class Run:
    atoms: tuple[Atom, ...]
    first: bool  # nothing was said before it
    last: bool  # nor after it
    repaired: bool = False  # takes back what was said before it ("no, sorry")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters that may be a value; the better of an utterance come first."""

    chars: tuple[Char, ...]
    telling: int  # how many of them are no other word for sure
    doubts: int  # words that may as well be something else
    runs: int
    whole: bool  # nothing else was said


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance as runs. `strangers`: words that belong to no code and are more than "my number is"."""

    runs: tuple[Run, ...]
    strangers: int

    def stretches(self, longest: int) -> Iterator[Stretch]:
        """Single runs first, those that put others right before those, then runs together, each with and without doubtful ends.

        `longest`: characters; runs that are longer together stay apart."""
        together = [(a, b) for b in range(len(self.runs)) for a in range(max(0, b - _TOGETHER), b + 1)]
        spans = [(a, b) for a, b in together if a == b or self._length(a, b) <= longest]
        repair = max((at for at, run in enumerate(self.runs) if run.repaired), default=0)
        for a, b in sorted(spans, key=lambda span: (span[0] < repair, span[1] - span[0], -self._length(*span))):
            yield from self._trimmed(a, b)

    def piece(self) -> tuple[Char, ...]:
        """What may be a part of a value: all that was said since the caller put something right."""
        repair = max((at for at, run in enumerate(self.runs) if run.repaired), default=0)
        stretches = self._trimmed(repair, len(self.runs) - 1) if self.runs else iter(())
        return next((stretch.chars for stretch in stretches if self.is_said(stretch)), ())

    def is_said(self, stretch: Stretch) -> bool:
        """Whether it is said as a code, and not by the way: "i have 3 computers", "this is for you to do"."""
        if stretch.whole and (stretch.telling or len(stretch.chars) == stretch.doubts > 2):
            return True
        return stretch.telling >= _TELLING or (stretch.telling > 1 and stretch.telling > self.strangers + stretch.doubts)

    def _length(self, a: int, b: int) -> int:
        return sum(len(atom.chars) for run in self.runs[a : b + 1] for atom in run.atoms)

    def _trimmed(self, a: int, b: int) -> Iterator[Stretch]:
        atoms = [atom for run in self.runs[a : b + 1] for atom in run.atoms]
        lead, tail = _doubtful(atoms), _doubtful(atoms[::-1])
        leads, tails = _order(lead, keep=self.runs[a].first), _order(tail, keep=self.runs[b].last)
        for without in leads:
            for end in tails:
                kept = atoms[without : len(atoms) - end]
                if kept:
                    certain = [atom for atom in kept if atom.sure and not atom.guess]
                    whole = self.runs[a].first and self.runs[b].last and not without + end and (a == b or not self.strangers)
                    chars = tuple(char for atom in kept for char in atom.chars)
                    telling = sum(1 if atom.counted else len(atom.chars) for atom in certain)
                    yield Stretch(chars, telling, len(kept) - len(certain), b - a + 1, whole)


def _doubtful(atoms: Sequence[Atom]) -> int:
    """How many atoms at the beginning are doubtful."""
    return next((at for at, atom in enumerate(atoms) if atom.sure), len(atoms))


def _order(count: int, *, keep: bool) -> Sequence[int]:
    """How many to take off: none first where nothing else was said there, else all of them."""
    counts = range(min(count, _DOUBTS) + 1)
    return counts if keep else counts[::-1]


def spoken_codes(heard: str, language: str, fits: Callable[[Atom], bool] = lambda atom: True) -> Spoken:
    """`fits`: whether an atom can be part of such a code; others are words."""
    words = tokens(heard)
    runs: list[Run] = []
    atoms: list[Atom] = []
    strangers, at, repaired, clean = 0, 0, False, True
    while at < len(words):
        atom = read_atom(words, at, language)
        word = words[at].text
        if atom and fits(atom):
            atoms.append(atom)
        elif word not in word_set(HESITATIONS):
            strangers += word not in word_set(LIGHT)
            if atoms:
                runs.append(Run(tuple(atoms), clean, False, repaired))
                atoms, repaired = [], False
            repaired = repaired or (bool(runs) and word in word_set(REPAIRS))
            clean = False
        at += atom.used if atom else 1
    if atoms:
        runs.append(Run(tuple(atoms), clean, True, repaired))
    return Spoken(tuple(runs), strangers)
