"""A talk without a line: the caller's words or intents in, our answers out, and the turns as a conversation keeps them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from calls.call import Call, Intent, Outcome, Question, Say, Turn
from calls.ports import Understanding
from nlu.dialogue import Dialogue

CALL = Call("sid", "+919876500001", "+911140000000")
OPENING = Turn(0, said=["Hello.", "How can I help you?"], asked=Question.OPEN)


@dataclass
class Talk:
    """Every sentence of ours is heard to its end."""

    turns: list[Turn] = field(default_factory=lambda: [OPENING])
    outcome: Outcome | None = None
    language: str = "en"

    def turn(self, answer: Callable[[Turn, list[Turn]], list[object]], heard: str = "", language: str = "", keyed: bool = False) -> Turn:
        turn = Turn(len(self.turns), heard=heard, language=language or self.language, keyed=keyed)
        for item in answer(turn, self.turns):
            match item:
                case Intent():
                    turn.intent = item
                case Say(text, _, asks, slot):
                    turn.said.append(text)
                    turn.asked, turn.asked_slot = asks, slot
                case Outcome():
                    self.outcome = item
        self.turns.append(turn)
        self.language = turn.language
        return turn

    def meant(self, dialogue: Dialogue, intent: Intent, language: str = "") -> Turn:
        """The caller's words were understood as `intent`."""
        return self.turn(lambda turn, history: [intent, *dialogue.answer(intent, turn, history)], "...", language)

    def says(self, engine: Understanding, heard: str, language: str = "", keyed: bool = False) -> Turn:
        return self.turn(lambda turn, history: [*engine.respond(turn, history, CALL)], heard, language, keyed)


def text(turn: Turn) -> str:
    return " ".join(turn.said)
