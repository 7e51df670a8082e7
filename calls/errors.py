"""
Our exceptions:

* BotError
  x SettingsError        the operator's: jambonz-app.json or the environment is wrong; raised at boot only
  x HookError            a webhook that does not fit what Jambonz sends
  x EngineError          a recogniser's, an understanding's or a voice's
    + EngineUnavailable  it can't be had at all (model missing, library missing, hub out of reach)
  x JournalError         the database refused; the call falls to a human
  x CrmError             the ticket system's; the call is not touched by it

A foreign exception is turned into one of these in the one adapter file that talks to the foreigner.
"""


class BotError(Exception):
    """Base of everything that we raise."""


class SettingsError(BotError):
    """jambonz-app.json or the environment is wrong; the text names every place and its mend."""


class HookError(BotError):
    """A webhook body that is not what Jambonz sends; the text names the field."""


class EngineError(BotError):
    """A recogniser, an understanding or a voice failed at its work."""


class EngineUnavailable(EngineError):
    """An engine can't be started: its model or library can't be had."""


class JournalError(BotError):
    """The database refused or can't be reached."""


class CrmError(BotError):
    """A ticket could not be written."""
