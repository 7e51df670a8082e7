"""`/corrections/<call_sid>`: what was understood in a call, turn by turn, put right by who talked in it."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calls.call import CallRecord, Consent, TurnRecord
from calls.corrections import CorrectionKind
from calls.errors import CorrectionError
from console.at_desk import known_call
from console.corrections import house, proposal_of, when, words
from console.door import needs, person
from records.corrections import Proposal

bp = Blueprint("call_corrections", __name__, url_prefix="/corrections", template_folder="templates")


@bp.get("/<call_sid>")
@needs("agent")
def show(call_sid: str) -> ResponseReturnValue:
    return page(known_call(call_sid))


@bp.post("/<call_sid>/<int:turn>")
@needs("agent")
def propose(call_sid: str, turn: int) -> ResponseReturnValue:
    """An utterance that meant another intent, or words of it that were misheard."""
    record = known_call(call_sid)
    said = next((each for each in with_words(record) if each.number == turn), None) or abort(404, "Nothing was heard in that turn.")
    try:
        house().learning.propose(proposal(record, said))
    except CorrectionError as error:
        return page(record, turn, str(error)), 422
    return redirect(url_for("call_corrections.show", call_sid=call_sid, _anchor=f"turn-{turn}"), 303)


def proposal(record: CallRecord, said: TurnRecord) -> Proposal:
    """Raises CorrectionError when the misheard words were not heard in this turn."""
    settings = house().settings
    language = said.language if said.language in settings.languages else settings.language
    place = {"call_sid": record.sid, "turn": said.number, "language": language}
    if request.form.get("kind") != CorrectionKind.WORD:
        return proposal_of(person().login, heard=said.heard, **place)
    words = " ".join(request.form.get("heard", "").split())
    if words.casefold() not in " ".join(said.heard.split()).casefold():
        raise CorrectionError("the bot did not hear these words here: copy them as they stand above")
    return proposal_of(person().login, **place)


def with_words(record: CallRecord) -> list[TurnRecord]:
    """Keys and silences can't be misheard. Who declined to be recorded is not quoted to teach the bot."""
    return [turn for turn in record.turns if turn.heard and not turn.keyed] if record.consent is Consent.GIVEN else []


def page(record: CallRecord, turn: int | None = None, trouble: str = "") -> str:
    """`trouble`: what is wrong with the form of that turn."""
    there = house().learning.corrections.of_call(record.sid)
    facts = {"turns": with_words(record), "there": there, "wrong": turn, "trouble": trouble, "typed": request.form}
    return render_template("call_corrections.html", record=record, when=when, **words(), **facts)
