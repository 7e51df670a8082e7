"""Which language a caller speaks: from the small words, the script, and what the recogniser believes.

Borrowed words, numbers, names, yes and no change nothing; a sentence in another language does, and so does a request for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calls.call import Transcript, Turn
from calls.settings import Settings
from nlu import language
from nlu.detecting import detect, neutral, points, written_in
from nlu.language_wish import requested

__all__ = ["Following", "detect", "requested"]

_ENOUGH = 2.0  # points of small words that make a sentence of a language
_SHARE = 0.6  # of all points
_WORDS = {"ta": 2}  # a Tamil sentence may be two words long ...
_FEWEST_WORDS = 3  # ... those of the others are not
_FIRST_WORDS = 2  # what a caller says first decides sooner: nothing is known yet
_UNSURE = 0.4  # of its words: then the recogniser's text must say more
_BELIEVED, _BELIEVED_WORDS = 0.9, 3  # the recogniser's own view of a first sentence without small words


class Following:
    """Which language a turn is answered in (calls.ports.Languages). Keeps nothing between calls."""

    def __init__(self, settings: Settings) -> None:
        self._languages = tuple(settings.languages)
        detect("")  # reads its word lists now, not while a caller waits

    def __call__(self, transcript: Transcript, turns: Sequence[Turn], language: str) -> str:
        """`language`: the call's so far. Another one only when the words ask for it or are clearly of it."""
        if not transcript.text or transcript.rejected:
            return language
        if wish := requested(transcript.text, self._languages):
            return wish
        said = [turn.heard for turn in turns if turn.heard and not turn.keyed]
        spoken = self._spoken(transcript, said, language)
        return spoken if spoken in self._languages else language

    def _spoken(self, transcript: Transcript, said: Sequence[str], so_far: str) -> str:
        words = language.words(transcript.text)
        told = points(words)
        best = max(told, key=lambda code: (told[code], code == so_far), default="")
        if not best:
            return self._believed(transcript, words, said, so_far)
        if told[best] < _SHARE * sum(told.values()):
            return so_far
        if said:
            enough = told[best] >= _ENOUGH and len(words) >= _WORDS.get(best, _FEWEST_WORDS)
        else:
            agreed = best == transcript.language or written_in(best, transcript.text)
            enough = told[best] >= (_ENOUGH / 2 if agreed else _ENOUGH) and len(words) >= _FIRST_WORDS
        if transcript.confidence < _UNSURE and best != transcript.language:
            enough = enough and told[best] > _ENOUGH
        return best if enough or _kept_up(best, told, said, so_far) else so_far

    def _believed(self, transcript: Transcript, words: Sequence[str], said: Sequence[str], so_far: str) -> str:
        """Nothing but borrowed words: the recogniser is believed if it is sure, and these are the caller's first."""
        spoken = [word for word in words if word not in neutral() and not word.isdigit()]
        if said or len(spoken) < _BELIEVED_WORDS or transcript.language_confidence < _BELIEVED:
            return so_far
        return transcript.language


def _kept_up(best: str, told: Mapping[str, float], said: Sequence[str], so_far: str) -> bool:
    """The second short sentence of the same other language, and not a word of the call's own in either."""
    if not said or best == so_far:
        return False
    before = points(language.words(said[-1]))
    return told[best] >= 1 and before.get(best, 0.0) >= 1 and so_far not in told and so_far not in before


