"""A language model's answer while it grows: first a line of JSON, then sentences for the voice, each as soon as it is whole."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from nlu.assistant_model import ModelFailed
from nlu.sentences import split

_LONGEST_HEADER = 1000  # characters
_LONGEST_SENTENCE = 400  # what has no end by then is cut between two words
_THOUGHT = re.compile(r"\s*<think>.*?</think>", re.DOTALL)  # reasoning that some open models write into their answer
_FENCE = re.compile(r"\s*```(?:json)?[ \t]*\n?")
_LINE = re.compile(r"(?P<end>[.!?।…:,;])?[ \t]*\n\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)?")
_ENDED = re.compile(r"[.!?।॥…][\"'”’)\]]*\s*$")
_DRESS = re.compile(r"[*_`#~]+")
_PATH = re.compile(r"\s*(?:>|→|»)\s*")  # Gateway of Tally > Display More Reports
_BULLET = re.compile(r"^\s*(?:[-•]\s+|\d{1,2}[.)]\s+)")


class Draft:
    """`add` what comes; `header` is there once its line is whole. Not `strict`: an answer without it is an answer, too."""

    def __init__(self, *, strict: bool = True) -> None:
        self._strict, self._text, self._in_head = strict, "", True
        self.header: Mapping[str, Any] | None = None

    def add(self, text: str) -> list[str]:
        """The sentences that are whole now. Raises ModelFailed("garbage") when there is no header where one must be."""
        self._text += text
        if self._in_head:
            self._read_head()
        if self._in_head:
            return []
        self._text = _LINE.sub(lambda line: (line["end"] or ".") + " ", self._text.lstrip())
        *whole, growing = split(self._text) or [""]
        if len(growing) > _LONGEST_SENTENCE:
            at = growing.rfind(" ", 0, _LONGEST_SENTENCE)
            at = at if at > 0 else _LONGEST_SENTENCE
            whole, growing = [*whole, growing[:at]], growing[at:].lstrip()
        self._text = growing + (" " if growing and self._text[-1].isspace() else "")
        return _spoken(whole)

    def rest(self, *, ended: bool = True) -> list[str]:
        """What is left when no more comes. Not `ended`, it was cut off: then only what ends like a sentence."""
        left, self._text = self._text, ""
        if self._in_head:
            return []
        return _spoken(split(left)) if ended or _ENDED.search(left) else []

    def _read_head(self) -> None:
        text = self._text.lstrip()
        if text.startswith("<") and "<think>".startswith(text[:7]):
            thought = _THOUGHT.match(text)
            if thought is None:
                return
            text = text[thought.end() :].lstrip()
        if text.startswith("`"):
            if len(text) < len("```json\n"):
                return
            text = text[fence.end() :] if (fence := _FENCE.match(text)) else text
        if not text or (text.startswith("{") and not self._parsed(text)):
            return
        if not text.startswith("{"):
            self._without_header(text)

    def _parsed(self, text: str) -> bool:
        try:
            told, end = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            if len(text) > _LONGEST_HEADER:
                raise ModelFailed("garbage") from None
            return False
        self.header, self._in_head = told, False
        self._text = _FENCE.sub("", text[end:], count=1) if text[end:].lstrip().startswith("```") else text[end:].lstrip()
        return True

    def _without_header(self, text: str) -> None:
        if self._strict:
            raise ModelFailed("garbage")
        self._in_head, self._text = False, text


def _spoken(sentences: list[str]) -> list[str]:
    """Without markdown's dress; what has no letter or digit, or is a list's number, is nothing to say."""
    plain = (_BULLET.sub("", _PATH.sub(", ", _DRESS.sub("", sentence))).strip() for sentence in sentences)
    return [sentence for sentence in plain if any(map(str.isalnum, sentence)) and not re.fullmatch(r"\d{1,2}[.)]", sentence)]


# -- the voice ----------------------------------------------------------------------
_SCRIPTS = {"hi": ("\u0900", "\u097f"), "ta": ("\u0b80", "\u0bff")}


def tongue_of(sentence: str, language: str, languages: Sequence[str]) -> str:
    """Which language's voice speaks the sentence: that of its letters, where the model wrote another than it was asked for."""
    letters = [letter for letter in sentence if letter.isalpha()]
    written = {name for name, (first, last) in _SCRIPTS.items() if any(first <= letter <= last for letter in letters)}
    if language in written or not letters:
        return language
    if written:
        return next((name for name in languages if name in written), language)
    return next((name for name in languages if name not in _SCRIPTS), language) if language in _SCRIPTS else language
