"""What is done while the caller may have finished: the words recognised, the answer made. Nobody hears of it before the end is certain.

A pause makes a Guess; its words tell how long the pause must last. If the caller goes on, the guess is dropped, and everything that was
made for it. If it was the end, what is there is taken, and what is still being made is waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from calls.call import Completeness, Transcript, Turn, Utterance, Wanted
from calls.events import Replied, Said, Sound, Understood, Unmade, Worded

AGAIN = 2  # times as much sound: then what held no words may hold some


@dataclass(slots=True)
class Guess:
    """One pause of the caller's. Belongs to the call's thread; the lanes see `wanted` and the turn."""

    utterance: Utterance
    wanted: Wanted = field(default_factory=lambda: Wanted(sure=False))
    transcript: Transcript | None = None
    words_ms: int = 0  # when they came, since the caller's last speech frame
    turn: Turn | None = None  # the answer that is being made
    made: list[Any] = field(default_factory=list)  # what there is of it, in order

    def is_of(self, utterance: Utterance) -> bool:
        """Whether it is what the caller has said in the end."""
        return (self.utterance.began_ms, self.utterance.ended_ms) == (utterance.began_ms, utterance.ended_ms)

    def keeps(self, event: Any) -> bool:
        """Keep an event of the answer being made. False if it is none."""
        if self.turn is None or getattr(event, "turn", None) is not self.turn:
            return False
        if isinstance(event, Unmade):
            self.turn, self.made = None, []
        elif isinstance(event, Understood | Worded | Sound | Said | Replied):
            self.made.append(event)
        return True

    def fits(self, turns: Sequence[Turn], replying: bool) -> bool:
        """Whether the answer still answers: nothing has happened in the call since."""
        return self.turn is not None and self.turn.number == turns[-1].number + 1 and not replying

    def drop(self) -> None:
        """The lanes may stop."""
        self.wanted.drop()
        if self.turn:
            self.turn.interrupted.set()


def worth_a_guess(utterance: Utterance, wordless: Utterance | None) -> bool:
    """`wordless`: what was last recognised and held no words. Music and engines pause twice a second for as long as they last: guessing
    at each pause, one caller on hold took 0.4 of a core (282 recognitions in two minutes; so it is 36)."""
    if wordless is None or wordless.began_ms != utterance.began_ms:
        return True
    return utterance.duration_ms >= AGAIN * wordless.duration_ms


def worth_an_answer(transcript: Transcript, completeness: Completeness) -> bool:
    """Words that end in the middle will not be the last ones."""
    return bool(transcript.text) and completeness is not Completeness.UNFINISHED
