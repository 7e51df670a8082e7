"""What of a language model's answer has consequences: those are carried out by us, in our own words, and only where they are allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from calls.call import Call, Intent, Outcome, Question, Say, Turn
from calls.settings import Settings
from calls.standing import standing_question
from nlu import everyday
from nlu.assistant_guard import Guard
from nlu.assistant_header import HeaderReader
from nlu.assistant_model import Model, ToolCall
from nlu.assistant_prompt import Prompt
from nlu.assistant_tools import END, LOOK_UP, TRANSFER, Toolbox
from nlu.connecting import wants_human
from nlu.dialogue import Dialogue
from nlu.speaking import Speaking
from nlu.wishes import TRANSFER as HUMAN
from nlu.wishes import is_sure

_DONE = (everyday.GOODBYE, everyday.NO, everyday.THANKS)  # who says one of these may be said goodbye to
_NO_END = (Question.SOLVED, Question.SLOT, Question.CONFIRM_SLOT)
_OFFERED = (Question.OFFER_HUMAN, Question.OFFER_CALLBACK)
Complete = Callable[[Intent, Turn, Sequence[Turn]], Intent]


@dataclass(frozen=True, slots=True)
class Kit:
    """What an assistant works with; shared by all calls."""

    settings: Settings
    model: Model
    prompt: Prompt
    guard: Guard
    headers: HeaderReader
    toolbox: Toolbox
    dialogue: Dialogue
    speaking: Speaking
    complete: Complete  # adds to the model's intent what our own rules noticed
    clock: Callable[[], float]  # seconds


@dataclass(slots=True)
class Acts:
    """Of one turn. `closed` once the turn was closed in our own words; `found`: what tools brought."""

    kit: Kit
    turn: Turn
    history: Sequence[Turn]
    call: Call
    closed: bool = False
    found: list[str] = field(default_factory=list)

    def is_ours(self, intent: Intent) -> bool:
        """Whether what follows is a goodbye, a handover, a promise, whatever the model would say. An unsure yes to an offer is asked
        again: the model might promise what nobody does."""
        asked, name = standing_question(self.history), intent.name
        if name in (everyday.YES, everyday.NO) and asked in _OFFERED:
            return True
        if not is_sure(self.kit.settings, intent):
            return False
        if name in (everyday.NO, everyday.THANKS) and asked is Question.ANYTHING_ELSE:
            return True
        return name == everyday.GOODBYE or wants_human(self.kit.settings, intent)

    def close(self, intent: Intent) -> Iterator[Say | Outcome]:
        self.closed = True
        return self.kit.dialogue.answer(intent, self.turn, self.history)

    def closing(self, calls: Sequence[ToolCall], intent: Intent | None) -> Iterator[Intent | Say | Outcome]:
        """Connects, or says goodbye, if the model asked for that and may: to our own people; when the caller sounded done."""
        names = {called.name for called in calls if called.name in (TRANSFER, END) and self.kit.toolbox.arguments(called) is not None}
        if TRANSFER in names:
            human = Intent(HUMAN)
            if intent is None:
                yield human
            yield from self.close(human)
        elif END in names and intent is not None and self._is_done(intent):
            yield from self.close(Intent(everyday.GOODBYE))

    def _is_done(self, intent: Intent) -> bool:
        """A no to "did that help?" is no goodbye."""
        goes_on = intent.name == everyday.NO and standing_question(self.history) in _NO_END
        return intent.name in _DONE and is_sure(self.kit.settings, intent) and not goes_on

    def results(self, calls: Sequence[ToolCall]) -> tuple[tuple[ToolCall, str, bool], ...]:
        """What the desk was asked for. Takes as long as the desk."""
        results = tuple((called, *self.kit.toolbox.use(called, self.call)) for called in calls)
        self.found += [result for _, result, _ in results]
        return results


def looks(calls: Sequence[ToolCall]) -> bool:
    """Whether the model wants to know something, and so will answer again."""
    return any(called.name == LOOK_UP for called in calls)
