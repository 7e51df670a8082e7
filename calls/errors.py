"""
Our exceptions:

* BotError
  x SettingsError        the operator's: jambonz-app.json or the environment is wrong; ends a boot, and is shown to who edits
    + SettingsChanged    somebody else has changed jambonz-app.json meanwhile
  x HookError            a webhook that does not fit what Jambonz sends
  x EngineError          a recogniser's, an understanding's or a voice's
    + EngineUnavailable  it can't be had at all (model missing, library missing, hub out of reach)
    + EngineRefused      it takes nothing now: too much waits for it, or it is being started anew
  x JournalError         the database refused; the call falls to a human
  x PersonError          an account of the console can't be made or changed so; the text says why, for a page
  x CorrectionError      a correction can't be proposed or kept so; the text says why, for a page
  x CrmError             the ticket system's; the call is not touched by it
    + CrmRefused         it will never take this; somebody must mend something
    + CrmBusy            later, perhaps after `retry_after_s`
    + CrmUnknown         it may have happened: look before trying again

A foreign exception is turned into one of these in the one adapter file that talks to the foreigner.
"""


class BotError(Exception):
    """Base of everything that we raise."""


class SettingsError(BotError):
    """jambonz-app.json or the environment is wrong; the text names every place and its mend."""


class SettingsChanged(SettingsError):
    """jambonz-app.json is not any more what a change was made on: look again."""


class HookError(BotError):
    """A webhook body that is not what Jambonz sends; the text names the field."""


class EngineError(BotError):
    """A recogniser, an understanding or a voice failed at its work. `why`: in one constant word, for logs and counts."""

    why = "failed"


class EngineUnavailable(EngineError):
    """An engine can't be started: its model or library can't be had."""

    why = "unavailable"


class EngineRefused(EngineError):
    """An engine takes nothing now. `why`: "full"; "broken" or "hung", it was given up; "restarting", "gone", "closed"."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the engine takes nothing now: {why}")
        self.why = why


class JournalError(BotError):
    """The database refused or can't be reached."""


class PersonError(BotError):
    """An account can't be made or changed like this; the text says why and names nobody."""


class CorrectionError(BotError):
    """A correction can't be proposed or kept like this; the text says why, and holds no words of a caller."""


class CrmError(BotError):
    """A ticket could not be written. The text is kept and shown to the admin: no token, number or words of a caller in it."""


class CrmRefused(CrmError):
    """The CRM will never take this as it is; the text says what must be mended."""


class CrmBusy(CrmError):
    """The CRM takes nothing now."""

    def __init__(self, text: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class CrmUnknown(CrmError):
    """No answer, or half of one: it may have been done or not, so the next try looks first."""
