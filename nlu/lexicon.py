"""What words are about, whatever the language: "expired", "khatam ho gaya", "காலாவதி" are all EXPIRE.

The words stand in nlu/lexicon/*.tsv, one line `CONCEPT<TAB>language<TAB>form|form|...`. A form is one word or several.
`expir*` is any word that begins so, `*வில்லை` any that ends so; a form that begins with `=` means nothing else
("=train ticket" has nothing to do with TICKET). The concept `-` holds words that only look like others: they mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from nlu import language
from nlu.near import Nearest

_SHIPPED = Path(__file__).with_name("lexicon")
_NOTHING = "-"
_LONGEST_AFFIX = 20  # code points
_NO_VOWEL, _SHORTEST_BARE = "\u0bcd", 5  # the Tamil pulli; code points
_NONE: frozenset[str] = frozenset()
_Patterns = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """One way to say a concept. A pattern is a whole word, or one with a `*` at its beginning or end."""

    concept: str
    language: str  # "en", "hi", "hi-Latn", "ta", "ta-Latn"
    patterns: tuple[str, ...]
    alone: bool = False  # its words mean nothing else


class Lexicon:
    """Which concepts stand where in a sentence. Shared by all calls; remembers the words that it has looked up."""

    def __init__(self, forms: Iterable[Form]) -> None:
        self.forms = tuple(forms)
        self._concepts: dict[_Patterns, frozenset[str]] = {}
        for form in self.forms:
            self._concepts[form.patterns] = self._concepts.get(form.patterns, _NONE) | {form.concept}
        self._alone = {form.patterns for form in self.forms if form.alone}
        self._begun = {patterns[:length] for patterns in self._concepts for length in range(1, len(patterns))}
        self._patterns = {pattern for patterns in self._concepts for pattern in patterns}
        self._nearest = Nearest({patterns[0] for patterns in self._concepts if len(patterns) == 1 and patterns[0][0] != "*"})
        self._fitting = lru_cache(maxsize=20_000)(self._fit)

    @staticmethod
    def load() -> Lexicon:
        """The shipped lexicon, read once."""
        return _shipped()

    def concepts(self, words: Sequence[str]) -> list[frozenset[str]]:
        """One set for each of `language.words(...)`: all the concepts of which a form covers that word."""
        found: list[frozenset[str]] = [_NONE] * len(words)
        taken: set[int] = set()
        for patterns, begin in sorted(self._matches([self._fitting(word) for word in words]), key=self._rank, reverse=True):
            places = range(begin, begin + len(patterns))
            if not taken.isdisjoint(places):
                continue
            for at in places:
                found[at] |= self._concepts[patterns]
            if patterns in self._alone:
                taken.update(places)
        return [concepts - {_NOTHING} if _NOTHING in concepts else concepts for concepts in found]

    def _rank(self, match: tuple[_Patterns, int]) -> tuple[bool, int]:
        """Those that stand alone come first, the longest first."""
        return match[0] in self._alone, len(match[0])

    def _matches(self, fitting: Sequence[tuple[str, ...]]) -> Iterator[tuple[_Patterns, int]]:
        """Every form that fits, and where it begins."""
        for begin, fits in enumerate(fitting):
            reached: list[_Patterns] = [()] if fits else []
            end = begin
            while reached and end < len(fitting):
                reached = [(*told, pattern) for told in reached for pattern in fitting[end]]
                yield from [(told, begin) for told in reached if told in self._concepts]
                reached = [told for told in reached if told in self._begun]
                end += 1

    def _fit(self, word: str) -> tuple[str, ...]:
        """The patterns that a word fits; also the nearest known word, if it neither is one nor has a meaning of its own."""
        fits = self._exact(word)
        means = any((pattern,) in self._concepts for pattern in fits)
        if means or word in fits or language.is_function_word(language.stem(word)):
            return fits
        nearest = self._nearest(word)
        return tuple(dict.fromkeys((*fits, *self._exact(nearest)))) if nearest else fits

    def _exact(self, word: str) -> tuple[str, ...]:
        lengths = range(2, min(len(word), _LONGEST_AFFIX) + 1)
        whole = [word] if word in self._patterns else []
        begins = [pattern for length in lengths if (pattern := word[:length] + "*") in self._patterns]
        ends = [pattern for length in lengths if (pattern := "*" + word[-length:]) in self._patterns]
        return (*whole, *begins, *ends)


def read(text: str) -> Iterator[Form]:
    """The forms of a TSV file's text. Raises ValueError that names the line."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            if line.count("\t") != 2:
                raise ValueError(f"line {number}: expected CONCEPT<TAB>language<TAB>form|form|..., got {line.count(chr(9))} tabs")
            concept, code, told = line.split("\t")
            yield from (_form(concept, code, form.strip()) for form in told.split("|") if form.strip())


def _form(concept: str, code: str, told: str) -> Form:
    patterns, alone = _spelled(told)
    if not patterns:
        raise ValueError(f"{concept} ({code}): {told!r} holds no word")
    return Form(concept, code, patterns, alone)


@lru_cache(maxsize=20_000)
def _spelled(told: str) -> tuple[_Patterns, bool]:
    """Spelled as `language.words` spells what callers say; the stars stay on the words that had them. And whether it stands alone."""
    alone, parts = told.startswith("="), told.removeprefix("=").split()
    words = language.words(" ".join(parts))
    if words and len(words) != len(parts):  # some were joined or opened: only the stars at the ends can be placed
        parts = [parts[0], *words[1:-1], parts[-1]] if len(words) > 1 else [parts[0][:1] + parts[-1]]
    return tuple(_star(part[0]) + _bare(word, part[-1]) + _star(part[-1]) for part, word in zip(parts, words, strict=False)), alone


def _bare(word: str, last: str) -> str:
    """The word as it begins before any ending: Tamil writes a vowel over the sign that says that there is none."""
    return word.removesuffix(_NO_VOWEL) if last == "*" and len(word) >= _SHORTEST_BARE else word


def _star(char: str) -> str:
    return char if char == "*" else ""


@cache
def _shipped() -> Lexicon:
    return Lexicon(form for path in sorted(_SHIPPED.glob("*.tsv")) for form in read(path.read_text(encoding="utf-8")))


def languages(forms: Iterable[Form]) -> Mapping[str, int]:
    """How many forms each language has."""
    counts: dict[str, int] = {}
    for form in forms:
        counts[form.language] = counts.get(form.language, 0) + 1
    return counts
