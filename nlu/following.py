"""Which language a caller speaks: from the small words, the script, and what the recogniser believes.

Borrowed words, numbers, names, yes and no change nothing; a sentence in another language does, and so does a request for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calls.call import Transcript, Turn
from calls.settings import Settings
from nlu import language
from nlu.detecting import detect, neutral, points, small_words
from nlu.language_wish import requested
from nlu.lexicon import Lexicon

__all__ = ["Following", "detect", "requested"]

_ENOUGH = 1.5  # points of small words that make a sentence of a language ...
_AGREED = 1.0  # ... where the recogniser thinks so too
_SHARE = 0.6  # of all points
_FEWEST_WORDS = 3  # a sentence, but for ...
_SHORTER = {"ta": 2}  # ... Tamil, which hangs its grammar on the end of the word ...
_SHORTER_FIRST = {"ta": 2, "hi": 2}  # ... and what is said first, but in English, of which two words are everybody's
_UNSURE = 0.4  # of its words: then the recogniser's text must say more
_BELIEVED = 0.8  # the recogniser's own view of a sentence without telling words
_SMALL_WORDS, _MEANT = 2, 2  # words of grammar that two languages share; words that mean something


class Following:
    """Which language a turn is answered in (calls.ports.Languages). Keeps nothing between calls."""

    def __init__(self, settings: Settings) -> None:
        self._languages = tuple(settings.languages)
        for sample in ("hindi नमूना", "tamil மாதிரியான", "something romanised"):  # reads the word lists now, not while a caller waits
            detect(sample), requested(sample, self._languages)

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
        words = [word for word in language.words(transcript.text) if word not in neutral() and not word.isdigit()]
        told = points(words)
        best = max(told, key=lambda code: (told[code], code == so_far), default="")
        if not best:
            return self._believed(transcript, words, said, so_far)
        if told[best] < _SHARE * sum(told.values()):
            return so_far
        enough = _AGREED if best == transcript.language and (so_far not in told) else _ENOUGH
        unsure = transcript.confidence < _UNSURE
        fewest = (_SHORTER if said else _SHORTER_FIRST).get(best, _FEWEST_WORDS)
        if len(words) >= fewest and told[best] >= enough + unsure:
            return best
        return best if _kept_up(best, told, said, so_far) else so_far

    def _believed(self, transcript: Transcript, words: Sequence[str], said: Sequence[str], so_far: str) -> str:
        """No word tells: a sure recogniser is believed when the caller begins to speak, or if grammar of its language is there."""
        if len(words) < _FEWEST_WORDS or transcript.language_confidence < _BELIEVED:
            return so_far
        if small_words(words, transcript.language) >= _SMALL_WORDS:
            return transcript.language
        meant = sum(bool(concepts) for concepts in Lexicon.load().concepts(words))  # a name has none
        return so_far if said or meant < _MEANT else transcript.language


def _kept_up(best: str, told: Mapping[str, float], said: Sequence[str], so_far: str) -> bool:
    """The second short sentence of the same other language, and not a word of the call's own in either."""
    if not said or best == so_far:
        return False
    before = points(language.words(said[-1]))
    return told[best] >= 1 and before.get(best, 0.0) >= 1 and so_far not in told and so_far not in before
