"""What an agent who is rung hears of the call before taking it, and what to say first. Pure: some fifteen seconds of speech."""

from __future__ import annotations

import re
from collections.abc import Iterator

from calls.agents import Customer, ScreenPop
from calls.call import CallRecord
from calls.phones import e164, national
from calls.settings import Settings, fill
from nlu.sentences import split
from nlu.wishes import has_topic, main_wish, topic_of

Spoken = tuple[str, str]  # sentence, language of its voice
LENGTH_S = 13  # by the count of words; figures, Tamil and the pauses between sentences take more
LETTERS = 6  # of a word; where words are longer they take longer
FEWEST_WORDS = 6  # of the summary or of the caller, however long the rest is
LONGEST_NAME = 60  # characters
QUOTE = re.compile(r':? "([^"]*)"')


def briefing(pop: ScreenPop, language: str, settings: Settings) -> list[Spoken]:
    """Who calls about what; the summary in English, or else the caller's own last words; and which keys there are.

    `language` is the agent's; where the prompts do not have it, the first of jambonz-app.json is spoken."""
    language = language if language in settings.prompts.briefing_keys else settings.language
    who, keys = _who(pop, language, settings), settings.prompts.briefing_keys[language]
    left = LENGTH_S * settings.voice.words_per_minute // 60 - _length(who) - _length(keys)
    return [(who, language), *_what(pop, language, settings, max(FEWEST_WORDS, left)), *((key, language) for key in split(keys))]


def _who(pop: ScreenPop, language: str, settings: Settings) -> str:
    name = _name(pop.customer) or _number(pop.phone, settings) or _prompt(settings, "unknown_number", language)
    if not has_topic(settings, pop.intent):
        return _prompt(settings, "briefing_unclear", language, name=name)
    return _prompt(settings, "briefing_from", language, name=name, topic=topic_of(settings, pop.intent, language))


def _what(pop: ScreenPop, language: str, settings: Settings, words: float) -> Iterator[Spoken]:
    """The summary is English; what it quotes in another language is left to that language's voice."""
    heard = bool(pop.last_words) and pop.language in settings.voice.names
    if language != "en" or not pop.summary:
        if heard:
            intro = _prompt(settings, "briefing_words", language)
            yield intro, language
            yield _shortened(pop.last_words, max(FEWEST_WORDS, words - _length(intro))), pop.language
        return
    told = QUOTE.sub(lambda quote: quote[0] if quote[1].isascii() else "", pop.summary.replace(pop.phone or "\0", "The caller", 1))
    theirs = _shortened(pop.last_words, words / 2) if heard and pop.language != "en" else ""
    yield from ((sentence, language) for sentence in _fitting(split(told), words - _length(theirs)))
    if theirs:
        yield theirs, pop.language


def _fitting(sentences: list[str], words: float) -> Iterator[str]:
    """As many as fit; of the first at least its beginning."""
    for number, sentence in enumerate(sentences):
        if _length(sentence) > words:
            if not number:
                yield _shortened(sentence, words)
            return
        words -= _length(sentence)
        yield sentence


def _shortened(text: str, words: float) -> str:
    """The first `words` words."""
    kept = text.split()
    while kept and _length(" ".join(kept)) > words:
        kept.pop()
    return " ".join(kept) if len(kept) == len(text.split()) else " ".join(kept).rstrip(",;:") + "…"


def _length(text: str) -> float:
    """In spoken words: a digit is one, and letters count by their number."""
    digits = sum(map(str.isdigit, text))
    return digits + (len("".join(text.split())) - digits) / LETTERS


# -- the first sentence -----------------------------------------------------------------
def suggestion(record: CallRecord, customer: Customer | None, settings: Settings, language: str) -> str:
    """What the agent could say first to this caller, in `language`, the caller's."""
    at = main_wish(settings, [(turn.intent, turn.intent_confidence) for turn in record.turns])
    intent, name = "" if at is None else record.turns[at].intent, _name(customer)
    if not has_topic(settings, intent):
        return _prompt(settings, "suggestion_unclear", language)
    prompt = "suggestion" if name else "suggestion_nameless"
    spoken = language if language in getattr(settings.prompts, prompt) else settings.language
    return _prompt(settings, prompt, language, name=name, topic=topic_of(settings, intent, spoken))


# -- words --------------------------------------------------------------------------------
def _name(customer: Customer | None) -> str:
    return " ".join(customer.name.split())[:LONGEST_NAME] if customer else ""


def _number(phone: str, settings: Settings) -> str:
    """As people at home in `crm.region` say it: without the country code where it is their own. "" of no number."""
    region = settings.crm.region
    number = e164(phone, region=region) or ""
    local = national(number) if number else ""
    return local if local and e164(local, region=region) == number else number


def _prompt(settings: Settings, prompt: str, language: str, **blanks: str) -> str:
    spoken: dict[str, str] = getattr(settings.prompts, prompt)
    return fill(spoken.get(language) or spoken[settings.language], blanks)
