"""How a call ended, in a sentence or two of its summary."""

from __future__ import annotations

from calls.agents import Callback, CallbackState, Escalation, LegAnswer, WrapUp
from calls.call import CallRecord, OutcomeKind
from calls.handover import RESOLUTIONS, Directory, taken_by

_ENDINGS = {
    OutcomeKind.FINISHED: "The caller finished the call with the bot.",
    OutcomeKind.HUNG_UP: "The caller hung up before the end.",
    OutcomeKind.BROKEN: "The line to the bot broke; the caller was to be passed to a person.",
    OutcomeKind.TRANSFERRED: "An agent took over the call.",
    OutcomeKind.UNHEARD: "The bot's recogniser failed; the caller was heard by others, or by keys.",
    OutcomeKind.CALLBACK: "Nobody could take the call: please call back.",
}
_ESCALATIONS = {
    "transfer_to_human": "The caller asked for a person.",
    "offered": "The caller accepted the offer of a person.",
    "not_understood": "The bot did not understand the caller and passed the call to a person.",
    "engine_failed": "The bot failed and passed the call to a person.",
    "not_heard": "The bot could not hear the caller, nor did keys help, and passed the call to a person.",
    "time_up": "The call reached its longest time and was passed to a person.",
    "silence": "The caller could not be heard and was passed to a person.",
}


def ended(record: CallRecord, directory: Directory) -> str:
    """What the bot's part came to, who talked to the caller, what is owed to them, and what an agent said of it."""
    parts = [_outcome(record, directory), _wrapped_up(record.wrap_up) if record.wrap_up else ""]
    return " ".join(part for part in parts if part)


def _outcome(record: CallRecord, directory: Directory) -> str:
    outcome = record.outcome
    if outcome is None:
        return "The call is still going on." if record.ended_at is None else "The call ended without a word to the bot."
    if outcome.kind is OutcomeKind.TRANSFERRED and (taken := _taken(record, directory)):
        return f"{taken}."
    if outcome.kind is OutcomeKind.CALLBACK and record.callback:
        return f"Nobody could take the call: {_owed(record.callback, directory)}."
    if outcome.kind is not OutcomeKind.ESCALATED:
        return _ENDINGS[outcome.kind]
    return _ESCALATIONS.get(outcome.reason, f"The call was passed to a person ({outcome.reason.replace('_', ' ')}).") + _reached(record)


def _taken(record: CallRecord, directory: Directory) -> str:
    return next((taken for each in record.escalations if (taken := taken_by(each, directory))), "")


def _owed(callback: Callback, directory: Directory) -> str:
    if callback.settled_at is None:
        return f"please call back until {directory.local(callback.due_at)}"
    return "the caller was called back" if callback.state is CallbackState.KEPT else "the promised call back was dropped"


def _reached(record: CallRecord) -> str:
    if not record.escalations:
        return ""
    last = record.escalations[-1]
    if last.transferred or (last.state == "completed" and not last.legs):
        return " An agent spoke to them."
    if last.state == "dialling":
        return " An agent talks to them now." if last.accepted else " It is ringing now."
    return f" No agent was reached ({_why(last)}): please call back."


def _why(escalation: Escalation) -> str:
    """Jambonz calls a leg completed whose agent hung up during the briefing."""
    if any(leg.answer is LegAnswer.DECLINED for leg in escalation.legs):
        return "declined"
    return "not taken" if escalation.state == "completed" else escalation.state


def _wrapped_up(wrap_up: WrapUp) -> str:
    about = f", really about {wrap_up.intent.replace('_', ' ')}" if wrap_up.intent else ""
    return f"Wrapped up as {RESOLUTIONS.get(wrap_up.resolution, wrap_up.resolution)}{about}."
