"""`/admin/corrections`: what agents say was really meant, scored on what callers said before. Supervisors see and score, admins decide."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, Protocol

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calls.corrections import Correction, CorrectionKind, CorrectionState
from calls.errors import CorrectionError, SettingsError
from calls.scoring import Score
from calls.settings import Settings
from console.at_desk import asks_for_a_piece, my_agent
from console.desk_ports import called
from console.desk_ports import house as desk_house
from console.door import may, needs, person
from console.moments import clock_for
from records.corrections import Corrections, Proposal

log = logging.getLogger(__name__)
bp = Blueprint("corrections", __name__, url_prefix="/admin/corrections", template_folder="templates")
SHOWN = 100


class Learning(Protocol):
    """What these pages ask of learning.Learning; what can't be done raises CorrectionError or SettingsError."""

    corrections: Corrections

    def propose(self, proposal: Proposal) -> Correction: ...

    def reword(self, correction_id: int, heard: str, meant: str, language: str) -> Correction: ...

    def score(self, correction_id: int) -> Score: ...

    def version(self) -> str: ...

    def keep(self, correction_id: int, person: str, *, even_if_worse: bool = False) -> Correction: ...

    def refuse(self, correction_id: int, person: str) -> Correction: ...


class Bot(Protocol):
    learning: Learning
    settings: Settings


def house() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


@bp.get("")
@needs("supervisor")
def index() -> ResponseReturnValue:
    return page()


@bp.post("")
@needs("supervisor")
def add() -> ResponseReturnValue:
    """What was heard elsewhere: from a recording, or told by a colleague."""
    try:
        made = house().learning.propose(proposal_of(person().login))
    except CorrectionError as error:
        return page(unfit=str(error), typed=request.form), 422
    return back_to(made.id)


@bp.post("/<int:number>/score")
@needs("supervisor")
def score(number: int) -> ResponseReturnValue:
    """The result alone where a script of ours asks; it takes seconds."""
    try:
        found, trouble = house().learning.score(known(number).id), ""
    except CorrectionError as error:
        found, trouble = None, str(error)
    if asks_for_a_piece():  # with 200: htmx shows no others
        return render_template("correction_score.html", **facts_of(known(number), house().learning.version(), found, trouble))
    return page(number, found, trouble), 409 if trouble else 200


@bp.post("/<int:number>/reword")
@needs("supervisor")
def reword(number: int) -> ResponseReturnValue:
    given = request.form
    try:
        house().learning.reword(known(number).id, given.get("heard", ""), given.get("meant", ""), given.get("language", ""))
    except CorrectionError as error:
        return page(number, trouble=str(error)), 422
    return back_to(number)


@bp.post("/<int:number>/keep")
@needs("admin")
def keep(number: int) -> ResponseReturnValue:
    try:
        house().learning.keep(known(number).id, person().login, even_if_worse="even_if_worse" in request.form)
    except (CorrectionError, SettingsError) as error:
        return page(number, trouble=str(error)), 409
    log.info("somebody kept a correction", extra={"correction": number, "by": person().id})
    return back_to(number)


@bp.post("/<int:number>/refuse")
@needs("admin")
def refuse(number: int) -> ResponseReturnValue:
    try:
        house().learning.refuse(known(number).id, person().login)
    except CorrectionError as error:
        return page(number, trouble=str(error)), 409
    log.info("somebody refused a correction", extra={"correction": number, "by": person().id})
    return back_to(number)


# -- what they need -----------------------------------------------------------------
def known(number: int) -> Correction:
    return house().learning.corrections.get(number) or abort(404, "There is no such correction.")


def proposal_of(login: str, **facts: Any) -> Proposal:
    """From a form of ours. `facts`: what is known beside it, by Proposal's names."""
    given = request.form
    kind = CorrectionKind.WORD if given.get("kind") == CorrectionKind.WORD else CorrectionKind.INTENT
    typed = {"heard": given.get("heard", ""), "language": given.get("language", "")}
    return Proposal(kind, meant=given.get("word" if kind is CorrectionKind.WORD else "intent", ""), person=login, **{**typed, **facts})


def back_to(number: int) -> ResponseReturnValue:
    return redirect(url_for("corrections.index", _anchor=f"correction-{number}"), 303)


def page(number: int = 0, score: Score | None = None, trouble: str = "", **more: Any) -> str:
    """`score` and `trouble` belong to the correction `number`."""
    corrections, version = house().learning.corrections, house().learning.version()
    proposed = [
        facts_of(each, version, *(score, trouble) if each.id == number else (None, ""))
        for each in corrections.newest(CorrectionState.PROPOSED, limit=SHOWN)
    ]
    settled = [each for each in corrections.newest(limit=SHOWN) if each.state is not CorrectionState.PROPOSED]
    gone = trouble if not any(each["correction"].id == number for each in proposed) else ""
    return render_template("corrections.html", proposed=proposed, settled=settled, trouble=gone, when=when, **words(), **more)


def facts_of(correction: Correction, version: str, score: Score | None, trouble: str) -> dict[str, Any]:
    """What correction_score.html is made of. `version`: of jambonz-app.json as it stands. Only figures are kept of an earlier score."""
    result = {"score": score, "figures": correction.score, "scored": correction.score.get("version") == version}
    return {"correction": correction, "trouble": trouble, **result, "may_decide": may(person(), "admin"), "called": called}


def words() -> dict[str, Any]:
    settings = house().settings
    return {"called": called, "intents": {name: called(name) for name in settings.intents}, "languages": settings.languages}


def when(at: datetime) -> str:
    bot = desk_house()
    return clock_for(bot.settings.escalation, my_agent(), bot.clock())(at)
