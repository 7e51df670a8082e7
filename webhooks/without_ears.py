"""One exchange of a conversation that Jambonz hears for us: the caller's words or keys in, a whole turn out, by the rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from calls.call import ABOUT_A_SLOT, Call, CallRecord, Intent, Outcome, OutcomeKind, Question, Say, Transcript, Turn
from calls.settings import Settings
from calls.standing import standing_question
from stream import manners
from stream.keying import CLEARS
from stream.memory import turns_of
from webhooks.gathering import Rung, takes_a_number
from webhooks.keypad import keys_for, meaning
from webhooks.payloads import Gathered
from webhooks.ports import ByRules
from webhooks.talking import language_of

NOT_HEARD = Outcome(OutcomeKind.ESCALATED, "not_heard")
NO_RECORDING = "no_recording"


@dataclass(frozen=True, slots=True)
class Reply:
    """A turn with all that is said in it, heard to its end as far as we know: Jambonz listens only afterwards."""

    turn: Turn
    outcome: Outcome | None = None


class Talk:
    """One call's turns so far, and what follows from a hook. Writes nothing."""

    def __init__(self, rules: ByRules, record: CallRecord, now: datetime) -> None:
        self.settings: Settings = rules.settings
        self._rules, self._record = rules, record
        self.turns = turns_of(record)
        self.language = language_of(record) or self.settings.language
        self._at_ms = max(0, int((now - record.started_at).total_seconds() * 1000))

    @property
    def overlong(self) -> bool:
        return self._at_ms > self.settings.limits.max_call_s * 1000

    # -- what the caller does -------------------------------------------------------
    def sense_of(self, hook: Gathered, number: int, rung: Rung) -> Turn | None:
        """The caller's words, number or key as a turn to be answered; None when there is nothing in them."""
        asked = standing_question(self.turns)
        if hook.speech.text:
            return self._heard(hook, number)
        digits = hook.digits.rpartition(CLEARS)[2]
        if digits and takes_a_number(rung, asked) and (len(digits) > 1 or digits not in self.settings.keypad):
            return self._turn(number, heard=digits, keyed=True)
        wish = meaning(self.settings, asked, digits) if rung is Rung.KEYPAD else self.settings.keypad.get(digits, "")
        return self._turn(number, intent=Intent(wish)) if wish else None

    def _heard(self, hook: Gathered, number: int) -> Turn:
        speech, code = hook.speech, hook.speech.language.partition("-")[0].lower()
        transcript = Transcript(speech.text, code or self.language, speech.confidence)
        language = self._rules.languages(transcript, self.turns, self.language)
        turn = self._turn(number, heard=speech.text, language=language)
        turn.heard_confidence = speech.confidence
        return turn

    # -- what we say ------------------------------------------------------------------
    def first(self, number: int, rung: Rung) -> Reply:
        """What the conversation begins with; or, in the middle of it, that the caller is heard otherwise from here on."""
        turn = self._turn(number)
        if any(earlier.heard or earlier.intent for earlier in self.turns):
            turn.intent, asks = Intent("trouble"), manners.trouble(self.turns)
            said = manners.prompt(self.settings, "other_ears", turn.language, asks.asks, asks.slot) if rung is Rung.JAMBONZ else ()
        else:
            said = iter(manners.opening(Call(self._record.sid, self._record.caller, "", language=turn.language), self.settings))
        return self._with_keys(saying(turn, (sentence.say for sentence in said)), rung)

    def answer(self, turn: Turn, rung: Rung) -> Reply:
        if turn.intent and turn.intent.name == NO_RECORDING:
            return self._with_keys(self._announced(turn, manners.recording_declined(self.turns)), rung)
        outcome, said = None, list[Say]()
        for part in self._rules.understanding.respond(turn, self.turns, Call(self._record.sid, self._record.caller, self._record.called)):
            match part:
                case Intent():
                    turn.intent = part
                case Say():
                    said.append(part)
                case Outcome():
                    outcome = part
        return self._with_keys(saying(turn, said, outcome), rung)

    def ask_again(self, number: int, rung: Rung, *, silent: bool) -> Reply:
        """Nothing was heard, once. `silent`: the caller said nothing at all."""
        turn, asked = self._turn(number, intent=Intent("silence" if silent else "trouble")), standing_question(self.turns)
        if rung is Rung.KEYPAD and asked not in ABOUT_A_SLOT:
            return saying(turn, keys_for(self.settings, asked, turn.language))
        silent = silent or rung is Rung.KEYPAD
        return self._with_keys(
            self._announced(turn, manners.after_silence(1, self.turns, 1) if silent else manners.trouble(self.turns)), rung
        )

    def menu(self, number: int) -> Reply:
        """Nobody hears the caller: keys, from here on."""
        turn = self._turn(number, intent=Intent("trouble"))
        return saying(turn, keys_for(self.settings, Question.OPEN, turn.language))

    def give_up(self, number: int, outcome: Outcome, intent: str) -> Reply:
        return self._announced(self._turn(number, intent=Intent(intent)), manners.Announcement(("connecting",), then=outcome))

    def _announced(self, turn: Turn, announcement: manners.Announcement) -> Reply:
        sentences = manners.sentences_of(announcement, self.settings, turn.language)
        return saying(turn, (sentence.say for sentence in sentences), announcement.then)

    def _with_keys(self, reply: Reply, rung: Rung) -> Reply:
        """By keypad, every answer ends with the keys for the next."""
        if rung is not Rung.KEYPAD or reply.outcome:
            return reply
        slot = reply.turn.asked_slot
        saying(reply.turn, keys_for(self.settings, reply.turn.asked, reply.turn.language))
        reply.turn.asked_slot = slot
        return reply

    def _turn(self, number: int, *, heard: str = "", language: str = "", intent: Intent | None = None, keyed: bool = False) -> Turn:
        at_ms = self._at_ms
        return Turn(number, heard, language=language or self.language, intent=intent, keyed=keyed, began_ms=at_ms, ended_ms=at_ms)


def saying(turn: Turn, said: Iterable[Say], outcome: Outcome | None = None) -> Reply:
    """The turn with these sentences behind those that it has."""
    for say in said:
        turn.said.append(say.text)
        turn.asked, turn.asked_slot = say.asks, say.slot
    return Reply(turn, outcome)
