"""What jambonz-app.json may say, but hardly means: missing translations, phrases of two intents, agents whom nothing reaches ..."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from calls.helpdesk import EscalationSettings
from calls.marks import Path
from calls.routing import fits
from calls.section import meant
from calls.settings import Settings

Doubt = tuple[Path, str]
Places = Iterator[tuple[Path, Mapping[str, str]]]
FEWEST_PHRASES = 5
LONGEST_PROMPT_S, LONGEST_ANSWER_S = 12, 30
LATIN_S, INDIC_S = 0.084, 0.15  # a letter's time at 160 words a minute: the median of the shipped sentences, spoken by espeak-ng
BLANK = re.compile(r"\{(\w+)\}")


def doubts(settings: Settings) -> Iterator[Doubt]:
    """(where, what) in no order."""
    for path, spoken in chain(prompts(settings), answers(settings)):
        yield from lacking(path, spoken, settings.languages)
        yield from lacking_blanks(path, spoken)
    yield from too_long(settings, prompts(settings), LONGEST_PROMPT_S)
    yield from too_long(settings, answers(settings), LONGEST_ANSWER_S)
    yield from chain(phrases_lacking(settings), phrases_shared(settings), questions_lacking(settings), strange_languages(settings))
    yield from chain(idle_agents(settings.escalation), idle_queues(settings.escalation), voices_lacking(settings))


# -- what is spoken -------------------------------------------------------------------
def prompts(settings: Settings) -> Places:
    """What the bot says of itself, and what it calls things."""
    yield ("welcome",), settings.welcome
    yield from ((("prompts", name), spoken) for name, spoken in settings.prompts)
    for name, intent in settings.intents.items():
        if intent.label:
            yield ("intents", name, "label"), intent.label
        for slot, asked in intent.slots.items():
            yield ("intents", name, "slots", slot, "label"), asked.label
            yield ("intents", name, "slots", slot, "ask"), asked.ask


def answers(settings: Settings) -> Places:
    yield from ((("intents", name, "answer"), intent.answer) for name, intent in settings.intents.items() if intent.answer)
    yield from ((("faq", name, "answer"), entry.answer) for name, entry in settings.faq.items())


def lacking(path: Path, spoken: Mapping[str, str], languages: Iterable[str]) -> Iterator[Doubt]:
    yield from ((path, f"nothing in {language!r}: a translation is missing") for language in languages if language not in spoken)


def lacking_blanks(path: Path, spoken: Mapping[str, str]) -> Iterator[Doubt]:
    """What a translation does not say although another one does."""
    blanks = {language: set(BLANK.findall(text)) for language, text in spoken.items()}
    used = set().union(*blanks.values())
    for language, there in blanks.items():
        yield from (((*path, language), f"lacks {{{blank}}}, which another language has here") for blank in sorted(used - there))


def too_long(settings: Settings, places: Places, most_s: int) -> Iterator[Doubt]:
    for path, spoken in places:
        for language, text in spoken.items():
            seconds = spoken_s(text, settings.voice.words_per_minute)
            if seconds > most_s:
                yield (*path, language), f"takes some {seconds:.0f} seconds to say; callers follow {most_s}"


def spoken_s(text: str, words_per_minute: int) -> float:
    letters = [letter for letter in text if unicodedata.category(letter)[0] in "LN"]
    return sum(LATIN_S if letter < "\u0300" else INDIC_S for letter in letters) * 160 / words_per_minute


# -- what is heard --------------------------------------------------------------------
def phrases_lacking(settings: Settings) -> Iterator[Doubt]:
    """`other` may have few: it is what the rest is not."""
    for name, intent in settings.intents.items():
        for language in settings.languages if name != "other" else ():
            count = len(intent.phrases.get(language, []))
            place = ("intents", name, "phrases", *([language] if count else []))
            if count < FEWEST_PHRASES:
                yield place, f"{count or 'no'} phrases in {language!r}; {FEWEST_PHRASES} or more are understood better"


def phrases_shared(settings: Settings) -> Iterator[Doubt]:
    stand: dict[str, list[Path]] = defaultdict(list)
    for name, intent in settings.intents.items():
        for language, phrases in intent.phrases.items():
            for at, phrase in enumerate(phrases):
                stand[" ".join(phrase.casefold().split())].append(("intents", name, "phrases", language, at))
    for places in stand.values():
        for place in places[1:]:
            first = places[0][1]
            yield place, "stands here already" if place[1] == first else f"stands under the intent {first!r} too; which one is meant?"


def questions_lacking(settings: Settings) -> Iterator[Doubt]:
    for name, entry in settings.faq.items():
        missing = [language for language in settings.languages if not entry.questions.get(language)]
        yield from ((("faq", name, "questions"), f"no question in {language!r}") for language in missing)


def strange_languages(settings: Settings) -> Iterator[Doubt]:
    """Texts and agents for a language that the bot does not have."""
    phrased = ((("intents", name, "phrases"), intent.phrases) for name, intent in settings.intents.items())
    asked = ((("faq", name, "questions"), entry.questions) for name, entry in settings.faq.items())
    for path, by_language in chain(prompts(settings), answers(settings), phrased, asked):
        yield from (((*path, code), not_spoken(code, settings)) for code in by_language if code not in settings.languages)
    agents = ((("agents", name), agent.languages) for name, agent in settings.escalation.agents.items())
    queues = ((("queues", name), queue.languages) for name, queue in settings.escalation.queues.items())
    for path, codes in chain(agents, queues):
        places = (("escalation", *path, "languages", at) for at in range(len(codes)))
        yield from (
            (place, not_spoken(code, settings)) for place, code in zip(places, codes, strict=True) if code not in settings.languages
        )


def not_spoken(code: str, settings: Settings) -> str:
    return f"{code!r} is not among the bot's languages; {meant(code, settings.languages)}"


# -- who is rung ----------------------------------------------------------------------
def idle_agents(settings: EscalationSettings) -> Iterator[Doubt]:
    for name, agent in settings.agents.items():
        queues = [queue for queue in settings.queues.values() if name in queue.agents]
        if not queues:
            yield ("escalation", "agents", name), "is in no queue, and so never rung"
        elif not any(overlap(agent.intents, queue.intents) and overlap(agent.languages, queue.languages) for queue in queues):
            yield ("escalation", "agents", name), "knows and speaks nothing that comes to a queue the agent is in, and so is never rung"


def idle_queues(settings: EscalationSettings) -> Iterator[Doubt]:
    for name, queue in settings.queues.items():
        agents = [settings.agents[agent] for agent in queue.agents]
        if not any(overlap(agent.intents, queue.intents) and overlap(agent.languages, queue.languages) for agent in agents):
            yield ("escalation", "queues", name), "none of its agents knows and speaks what comes here: it rings nobody"
        elif queue.hours and not any(settings.hours[queue.hours].week.values()):
            yield ("escalation", "queues", name), f"its hours {queue.hours!r} are never open: it rings nobody"


def overlap(some: list[str], others: list[str]) -> bool:
    """Empty means everything."""
    return not some or not others or any(fits(others, each) for each in some)


def voices_lacking(settings: Settings) -> Iterator[Doubt]:
    missing = [language for language in settings.languages if language not in settings.voice.names]
    yield from ((("voice", "names"), f"no voice for {language!r}") for language in missing)
