"""`/admin/settings`: jambonz-app.json edited, checked, tried out and published, for admins. Works without scripts as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from calls.checking import Checked
from calls.errors import BotError, SettingsChanged, SettingsError
from calls.settings import Settings
from console.at_desk import asks_for_a_piece
from console.difference import difference
from console.door import needs, person

bp = Blueprint("settings", __name__, url_prefix="/admin/settings", template_folder="templates")
CHANGED = "Somebody has changed the file meanwhile. Below is what publishing your draft would change of the file as it is now."


class Configuration(Protocol):
    """What the page needs of configuration.Configuration."""

    settings: Settings
    text: str
    version: str
    refused: Any
    path: Any

    def file(self) -> tuple[str, str]: ...
    def check(self, text: str) -> Checked: ...
    def publish(self, text: str, *, expected_version: str, by: str = "") -> str: ...


class Bot(Protocol):
    """What the page looks for in `app.extensions["bot"]`."""

    configuration: Configuration
    try_out: Callable[[str, str, str], Any]  # (draft, heard, language or "") -> nlu.trying.Tried; raises BotError


def house() -> Bot:
    bot: Bot = current_app.extensions["bot"]
    return bot


@bp.get("")
@needs("admin")
def show() -> ResponseReturnValue:
    try:
        text, version = house().configuration.file()
    except SettingsError as error:
        return page("", "", unreadable=str(error)), 500
    return page(text, version, checked=house().configuration.check(text), published=request.args.get("published") == version)


@bp.get("/state")
@needs("admin")
def state() -> ResponseReturnValue:
    """Which file is in force; asked again and again by an open page."""
    return render_template("settings_state.html", **facts())


@bp.post("/check")
@needs("admin")
def check() -> ResponseReturnValue:
    checked = house().configuration.check(draft())
    return shown("settings_findings.html", checked=checked)


@bp.post("/difference")
@needs("admin")
def compare() -> ResponseReturnValue:
    return shown("settings_difference.html", lines=difference(house().configuration.text, draft()))


@bp.post("/try")
@needs("admin")
def try_out() -> ResponseReturnValue:
    heard, language = request.form.get("heard", "").strip()[:500], request.form.get("language", "")
    try:
        tried = house().try_out(draft(), heard, language) if heard else None
    except SettingsError:
        return shown("settings_trial.html", heard=heard, chosen=language, unfit="The draft has faults; mend them first.")
    except BotError as error:
        return shown("settings_trial.html", heard=heard, chosen=language, unfit=str(error))
    return shown("settings_trial.html", heard=heard, chosen=language, tried=tried)


@bp.post("")
@needs("admin")
def publish() -> ResponseReturnValue:
    configuration, text = house().configuration, draft()
    checked = configuration.check(text)
    if checked.faults:
        return page(text, expected(), checked=checked, refused_now="Nothing was published: the draft has faults."), 422
    try:
        version = configuration.publish(text, expected_version=expected(), by=person().login)
    except SettingsChanged:
        now, version = configuration.file()
        return page(text, version, checked=checked, refused_now=CHANGED, lines=difference(now, text)), 409
    except SettingsError as error:
        return page(text, expected(), checked=checked, refused_now=str(error)), 500
    return redirect(url_for("settings.show", published=version), 303)


# -- what they need -----------------------------------------------------------------
def draft() -> str:
    """The text of the form; browsers send their own ends of lines."""
    return request.form.get("text", "").replace("\r\n", "\n")


def expected() -> str:
    return request.form.get("version", "")


def shown(template: str, **more: Any) -> str:
    """The piece of the page that was asked for; without scripts all of it, with the draft as it is."""
    if asks_for_a_piece():
        return render_template(template, **facts(), **more)
    more.setdefault("checked", house().configuration.check(draft()))
    return page(draft(), expected(), **more)


def page(text: str, version: str, **more: Any) -> str:
    return render_template("settings.html", text=text, version=version, **{**facts(), **more})


def facts() -> dict[str, Any]:
    configuration = house().configuration
    return {
        "running": configuration,
        "file_name": configuration.path.name,
        "languages": configuration.settings.languages,
        "threshold": configuration.settings.understanding.threshold,
    }


def trouble() -> Any:
    """Why the file is refused, for the banner of an admin's pages; None when all is well."""
    configuration = getattr(current_app.extensions.get("bot"), "configuration", None)
    return configuration.refused if configuration else None
