"""The keypad, when nobody hears the caller: what is read out, and what a key means. Pure.

Every question has its keys: a yes or no is 1 or 2, a number is keyed in as ever, and for all else there is a menu of four options.
"""

from __future__ import annotations

from collections.abc import Iterator

from calls.call import Question, Say
from calls.settings import Settings, fill, pick

HUMAN_KEY, HUMAN = "0", "transfer_to_human"
YES_OR_NO = {"1": "yes", "2": "no"}
MOST_TOPICS = 3  # with the human four options: more is not kept in mind
ANSWERED_YES_OR_NO = (
    Question.ANYTHING_ELSE,
    Question.OFFER_HUMAN,
    Question.OFFER_CALLBACK,
    Question.STILL_THERE,
    Question.ABOUT_TICKET,
    Question.SOLVED,
    Question.CONFIRM_SLOT,
)


def meaning(settings: Settings, asked: Question, key: str) -> str:
    """The intent that a key stands for after what was asked, or no_recording; "" for nothing."""
    keys = (YES_OR_NO if asked in ANSWERED_YES_OR_NO else topics(settings)) | {HUMAN_KEY: HUMAN}
    declines = settings.keypad.get(key) == "no_recording"
    return keys.get(key, "no_recording" if declines else "")


def topics(settings: Settings) -> dict[str, str]:
    """Key -> intent: the first that have an answer."""
    answered = (name for name, intent in settings.intents.items() if intent.answer)
    return {str(number): name for number, name in zip(range(1, 1 + MOST_TOPICS), answered, strict=False)}


def keys_for(settings: Settings, asked: Question, language: str) -> list[Say]:
    """What tells the caller how to answer `asked` by key; nothing where the question says it itself."""
    if asked is Question.SLOT:
        return []
    if asked in ANSWERED_YES_OR_NO:
        return [_prompt(settings, "keypad_yes_no", language, asked)]
    return list(_menu(settings, language))


def _menu(settings: Settings, language: str) -> Iterator[Say]:
    yield _prompt(settings, "keypad_menu", language, Question.OPEN)
    for key, name in topics(settings).items():
        topic = pick(settings.intents[name].label, language, settings.language) or name.replace("_", " ")
        yield _prompt(settings, "keypad_option", language, Question.OPEN, topic=topic, key=key)
    yield _prompt(settings, "keypad_human", language, Question.OPEN, key=HUMAN_KEY)


def _prompt(settings: Settings, name: str, language: str, asks: Question, **blanks: str) -> Say:
    spoken: dict[str, str] = getattr(settings.prompts, name)
    in_language = language if spoken.get(language) else settings.language
    return Say(fill(pick(spoken, language, settings.language), blanks), in_language, asks)
