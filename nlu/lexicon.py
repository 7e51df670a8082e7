"""What words are about, whatever the language: "expired", "khatam ho gaya", "காலாவதி" are all EXPIRE.

The words stand in nlu/lexicon/*.tsv, one line `CONCEPT<TAB>language<TAB>form|form|...`. A form is one word or several.
`expir*` is any word that begins so, `*வில்லை` any that ends so; a form that begins with `=` means nothing else
("=train ticket" has nothing to do with TICKET). The concept `-` holds words that only look like others: they mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from nlu import language
from nlu.near import Nearest

_SHIPPED = Path(__file__).with_name("lexicon")
_NOTHING = "-"
_LONGEST_AFFIX = 14  # code points
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Form:
    """One way to say a concept. A pattern is a whole word, or one with a `*` at its beginning or end."""

    concept: str
    language: str  # "en", "hi", "hi-Latn", "ta", "ta-Latn"
    patterns: tuple[str, ...]
    alone: bool = False  # its words mean nothing else


@dataclass(slots=True)
class _Node:
    """A place in the tree of forms: what has been said when the words so far fitted."""

    following: dict[str, _Node] = field(default_factory=dict)  # by pattern
    concepts: frozenset[str] = _NONE
    alone: bool = False


class Lexicon:
    """Which concepts stand where in a sentence. Shared by all calls; remembers the words that it has looked up."""

    def __init__(self, forms: Iterable[Form]) -> None:
        self.forms = tuple(forms)
        self._root = _Node()
        for form in self.forms:
            _plant(self._root, form)
        patterns = {pattern for form in self.forms for pattern in form.patterns}
        self._patterns = patterns
        self._nearest = Nearest({pattern for pattern, node in self._root.following.items() if node.concepts and pattern[0] != "*"})
        self._fitting = lru_cache(maxsize=20_000)(self._fit)

    @staticmethod
    def load() -> Lexicon:
        """The shipped lexicon, read once."""
        return _shipped()

    def concepts(self, words: Sequence[str]) -> list[frozenset[str]]:
        """One set for each of `language.words(...)`: all the concepts of which a form covers that word."""
        fitting = [self._fitting(word) for word in words]
        found: list[frozenset[str]] = [_NONE] * len(words)
        taken: set[int] = set()
        for begin, end, node in sorted(self._matches(fitting), key=lambda match: (match[2].alone, match[1] - match[0]), reverse=True):
            places = range(begin, end)
            if not taken.isdisjoint(places):
                continue
            for at in places:
                found[at] |= node.concepts
            if node.alone:
                taken.update(places)
        return [concepts - {_NOTHING} if _NOTHING in concepts else concepts for concepts in found]

    def _matches(self, fitting: Sequence[tuple[str, ...]]) -> Iterator[tuple[int, int, _Node]]:
        """Every form that fits: where it begins, where it has ended, and its place in the tree."""
        for begin in range(len(fitting)):
            reached, end = [self._root], begin
            while reached and end < len(fitting):
                reached = [node.following[pattern] for node in reached for pattern in fitting[end] if pattern in node.following]
                end += 1
                yield from ((begin, end, node) for node in reached if node.concepts)

    def _fit(self, word: str) -> tuple[str, ...]:
        """The patterns that a word fits; also the nearest known word, if it neither is one nor has a meaning of its own."""
        fits = self._exact(word)
        means = any(self._root.following[pattern].concepts for pattern in fits if pattern in self._root.following)
        if means or word in fits or language.is_function_word(language.stem(word)):
            return fits
        nearest = self._nearest(word)
        return (*fits, *self._exact(nearest)) if nearest else fits

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
    """Spelled as `language.words` spells what callers say; the stars stay on the words that had them."""
    alone, parts = told.startswith("="), told.removeprefix("=").split()
    words = language.words(" ".join(parts))
    if len(words) != len(parts):  # some were joined or opened: only the stars at the ends can be placed
        parts = [parts[0], *words[1:-1], parts[-1]] if len(words) > 1 else [parts[0][:1] + parts[-1]]
    starred = [_star(part[0]) + word + _star(part[-1]) for part, word in zip(parts, words, strict=True)]
    return Form(concept, code, tuple(starred), alone)


def _star(char: str) -> str:
    return char if char == "*" else ""


def _plant(root: _Node, form: Form) -> None:
    node = root
    for pattern in form.patterns:
        node = node.following.setdefault(pattern, _Node())
    node.concepts |= {form.concept}
    node.alone |= form.alone


@cache
def _shipped() -> Lexicon:
    return Lexicon(form for path in sorted(_SHIPPED.glob("*.tsv")) for form in read(path.read_text(encoding="utf-8")))


def languages(forms: Iterable[Form]) -> Mapping[str, int]:
    """How many forms each language has."""
    counts: dict[str, int] = {}
    for form in forms:
        counts[form.language] = counts.get(form.language, 0) + 1
    return counts
