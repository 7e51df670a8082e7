"""A text into the sentences that a voice speaks one by one."""

from __future__ import annotations

import re

# a sentence ends at a mark that stands before a space or the end; so "18.5", "GSTR-3B.json" and "e.g.x" stay whole
_END = re.compile(r"[.!?।॥…]+[\"'”’)\]]*(?=\s|$)")
_ABBREVIATIONS = """
    rs no nos mr mrs ms dr prof st vs etc e.g i.e approx ltd pvt co inc dept govt a.m p.m ver rel vol tel ext रु डॉ श्री ரூ
"""
_LETTERS = re.compile(r"^(?:[a-z]\.)*[a-z]$")  # an initial, as in "A. Kumar", or letters with points


def split(text: str) -> list[str]:
    """Sentences without surrounding space, none empty; joined by spaces they are the text again.

    A full stop after an abbreviation or initial ends a sentence only at the end of the text.
    """
    sentences, start = [], 0
    for end in _END.finditer(text):
        if _ends(text[start : end.start()], end.group(), text[end.end() :]):
            sentences.append(text[start : end.end()])
            start = end.end()
    return [" ".join(sentence.split()) for sentence in [*sentences, text[start:]] if sentence.strip()]


def _ends(before: str, mark: str, after: str) -> bool:
    if not before.strip():
        return False
    if not mark.startswith(".") or len(mark) > 1 or not after.strip():
        return True
    last = before.split()[-1].lstrip("(\"'“").casefold()
    return last not in _ABBREVIATIONS.split() and not _LETTERS.match(last)
