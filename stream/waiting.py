"""How long a silence ends what the caller says: by what was asked, by the words once they are known, by the caller's pace. Pure."""

from __future__ import annotations

from calls.call import Completeness, Question
from calls.settings import Listening

YES_OR_NO = frozenset({
    Question.OFFER_HUMAN,
    Question.STILL_THERE,
    Question.ABOUT_TICKET,
    Question.OFFER_CALLBACK,
    Question.SOLVED,
    Question.CONFIRM_SLOT,
})  # fmt: skip


class Waiting:
    """One per call. All times are of the caller's silence, in ms since the last speech frame."""

    READ = 0.85  # words that do not tell are at least not broken off: measured, no more cut-ins than with the whole silence
    USUAL_MS, LONG_MS = 300, 1000  # a pause of the one says nothing about the caller; of the other, that they are slow
    LEARNS, FORGETS = 0.4, 0.1  # how far a longer pause than before, and a shorter one or none, move what is known of the caller

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self._asked = Question.NONE
        self._slow = 0.0  # 0..1: how slowly the caller speaks

    def expect(self, asked: Question) -> None:
        """The question that the caller answers next, or goes on to answer."""
        self._asked = asked

    def before_words_ms(self) -> int:
        """While it is not known what the caller has said."""
        return self._stretched(self._unread_ms())

    def with_words_ms(self, completeness: Completeness) -> int:
        """When the words before the silence are known."""
        if completeness is Completeness.COMPLETE:
            return min(self._listening.complete_end_of_speech_ms, self._unread_ms())
        if completeness is Completeness.UNFINISHED:
            return self._stretched(max(self._listening.unfinished_end_of_speech_ms, self._unread_ms()))
        return self._stretched(max(round(self.READ * self._listening.end_of_speech_ms), self._asked_ms()))

    def went_on(self, pause_ms: int) -> None:
        """The caller spoke on after a silence, whether or not it had been taken for the end."""
        seen = min(1.0, max(0.0, (pause_ms - self.USUAL_MS) / (self.LONG_MS - self.USUAL_MS)))
        self._slow += (self.LEARNS if seen > self._slow else self.FORGETS) * (seen - self._slow)

    def ended(self) -> None:
        """What the caller said is over: what is known of their pauses is forgotten by and by."""
        self._slow *= 1 - self.FORGETS

    def _unread_ms(self) -> int:
        return self._asked_ms() or self._listening.end_of_speech_ms

    def _asked_ms(self) -> int:
        """What the question itself demands; 0 where it leaves all open."""
        if self._asked is Question.SLOT:
            return self._listening.digits_end_of_speech_ms
        return self._listening.answer_end_of_speech_ms if self._asked in YES_OR_NO else 0

    def _stretched(self, ms: int) -> int:
        return round(ms * (1 + self._listening.slower_by * self._slow))
