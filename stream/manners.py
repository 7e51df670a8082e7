"""How the bot behaves on the phone: what it says by itself, and what it lets pass. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from calls.call import ABOUT_A_SLOT, Call, CallerProfile, Outcome, OutcomeKind, Question, Say, Transcript, Turn, Utterance
from calls.settings import Listening, Settings, fill, pick
from calls.standing import standing_question, standing_slot

ECHO_LIKENESS = 88  # of 100: rapidfuzz's partial ratio
ECHO_MIN_WORDS = 2
DROPPED = "dropped"  # Call.after: the stream before broke in mid-call
WORTH_ASKING_MS = 600  # shorter unintelligible sounds are coughs and clicks


@dataclass(frozen=True, slots=True)
class Sentence:
    say: Say
    interruptible: bool = True


def prompt(settings: Settings, name: str, language: str, asks: Question = Question.NONE, slot: str = "") -> Iterator[Sentence]:
    """A prompt of jambonz-app.json in the caller's language, or else in the first."""
    spoken: dict[str, str] = getattr(settings.prompts, name)
    in_language = language if spoken.get(language) else settings.language
    yield Sentence(Say(pick(spoken, language, settings.language), in_language, asks, slot))


def opening(call: Call, settings: Settings, turns: Sequence[Turn] = ()) -> list[Sentence]:
    """What a call begins with; when the bot comes back because nobody took the call, that is what it says.

    `turns`: those of a stream that broke. When that was in the first greeting, the call begins anew."""
    if call.after == DROPPED and any(turn.number and (turn.heard or turn.intent) for turn in turns):
        return _back_again(turns, settings, call.language)
    if call.after == "no_agent":
        names = (("no_agent", Question.NONE), ("anything_else", Question.ANYTHING_ELSE))
        return [sentence for name, asks in names for sentence in prompt(settings, name, call.language, asks)]
    disclosure = [Sentence(sentence.say, interruptible=False) for sentence in prompt(settings, "disclosure", call.language)]
    return [*disclosure, *prompt(settings, "greeting", call.language, Question.OPEN)]


def _back_again(turns: Sequence[Turn], settings: Settings, language: str) -> list[Sentence]:
    """Nothing, if nothing of ours or of the caller's was cut off: perhaps the caller has not even noticed."""
    if not turns[-1].interrupted.is_set():
        return []
    return [*prompt(settings, "back_again", language), *_asked_once_more(turns, settings, language)]


def _asked_once_more(turns: Sequence[Turn], settings: Settings, language: str) -> Iterator[Sentence]:
    """The standing question, in the words in which the caller has heard all of it."""
    asked, slot = standing_question(turns), standing_slot(turns)
    whole = (
        turn for turn in reversed(turns) if turn.said and (turn.asked, turn.asked_slot) == (asked, slot) and not turn.interrupted.is_set()
    )
    if asked is not Question.NONE and (turn := next(whole, None)):
        yield Sentence(Say(turn.said[-1], turn.language, asked, slot))
    else:
        yield from prompt(settings, "again_simpler", language, Question.OPEN)


def greeting_for(profile: CallerProfile, settings: Settings, language: str) -> list[Sentence]:
    """The greeting of a caller of whom something is known: by name, and with the open ticket offered."""
    topic = settings.intents.get(profile.topic)
    spoken_topic = pick(topic.label, language, settings.language) if topic else ""
    blanks = {"name": profile.name, "ticket": profile.ticket_id, "topic": spoken_topic or profile.topic.replace("_", " ")}
    names = ["greeting_known" if profile.name else "greeting", *(["offer_ticket"] if profile.ticket_id else [])]
    asks = [Question.OPEN, *([Question.ABOUT_TICKET] if profile.ticket_id else [])]
    plain_prompts = [
        sentence for name, question in zip(names, asks, strict=True) for sentence in prompt(settings, name, language, question)
    ]
    return [Sentence(replace(sentence.say, text=fill(sentence.say.text, blanks))) for sentence in plain_prompts]


@dataclass(frozen=True, slots=True)
class Announcement:
    """Prompts that answer no words."""

    prompts: tuple[str, ...]
    asks: Question = Question.NONE
    slot: str = ""  # that a SLOT or CONFIRM_SLOT asks for
    then: Outcome | None = None
    again: tuple[Say, ...] = ()  # said once more behind them


TIME_UP = Announcement(("connecting",), then=Outcome(OutcomeKind.ESCALATED, "time_up"))


def sentences_of(announcement: Announcement, settings: Settings, language: str) -> list[Sentence]:
    asks, slot = announcement.asks, announcement.slot
    prompts = [sentence for name in announcement.prompts for sentence in prompt(settings, name, language, asks, slot)]
    return [*prompts, *(Sentence(say) for say in announcement.again)]


def trouble(turns: Sequence[Turn]) -> Announcement:
    """What the caller shall say once more may be the number that was asked for."""
    asked = standing_question(turns)
    return Announcement(("trouble",), asked if asked in ABOUT_A_SLOT else Question.AGAIN, standing_slot(turns))


def after_silence(times: int, turns: Sequence[Turn], most: int) -> Announcement:
    """`times` in a row the caller was silent; after `most` the bot asks no more."""
    if times <= most and (asked := standing_question(turns)) in ABOUT_A_SLOT:  # looking for the number: it is still asked for
        return Announcement(("still_there",), asked, standing_slot(turns), again=tuple(_question_for_a_slot(turns)))
    if times <= most:
        return Announcement(("still_there",), Question.STILL_THERE)
    if any(turn.heard for turn in turns):
        return Announcement(("goodbye",), then=Outcome(OutcomeKind.FINISHED, "silence"))
    # perhaps we can't hear the caller: a human may
    return Announcement(("connecting",), then=Outcome(OutcomeKind.ESCALATED, "silence"))


def _question_for_a_slot(turns: Sequence[Turn]) -> Iterator[Say]:
    """As it was said last, but for our own "are you still there"."""
    said = (turn for turn in reversed(turns) if turn.said and not (turn.intent and turn.intent.name == "silence"))
    if turn := next(said, None):
        yield from (Say(text, turn.language, turn.asked, turn.asked_slot) for text in turn.said)


def recording_declined(turns: Sequence[Turn]) -> Announcement:
    """What was asked before still stands; who pressed the key in the disclosure hears the greeting now."""
    asking = next((turn for turn in reversed(turns) if turn.asked is not Question.NONE), None)
    if asking is None:
        return Announcement(("recording_off", "greeting"), Question.OPEN)
    return Announcement(("recording_off",), asking.asked, asking.asked_slot)


def lets_us_go_on(transcript: Transcript, asking: bool, turn: Turn, listening: Listening) -> bool:
    """Whether sound over our answer was nothing that should stop it: no words, a "hmm" or our own echo.

    A "yes" over a question of ours is its answer, not a "hmm"."""
    words = plain(transcript.text)
    if not words:
        return True
    if not asking and words in {plain(word) for spoken in listening.acknowledgements.values() for word in spoken}:
        return True
    return is_echo(words, turn.said)


def is_echo(words: str, said: Iterable[str]) -> bool:
    """Whether the recogniser heard ourselves: our own last words, of two words or more."""
    if len(words.split()) < ECHO_MIN_WORDS:
        return False
    like = (sentence for sentence in said if len(sentence) >= len(words) and not _is_another_number(words, sentence))
    return any(fuzz.partial_ratio(words, plain(sentence)) >= ECHO_LIKENESS for sentence in like)


def _is_another_number(words: str, sentence: str) -> bool:
    """Whether a number that we said is put right: all but a digit of it may be the same."""
    heard, said = ("".join(char for char in text if char.isdigit()) for text in (words, sentence))
    return bool(said) and heard not in said


def worth_asking(utterance: Utterance, transcript: Transcript) -> bool:
    """Whether the caller said something that we should ask for again, as we could make out no word."""
    return transcript.rejected != "silence" and utterance.ended_ms - utterance.began_ms >= WORTH_ASKING_MS


def plain(text: str) -> str:
    """Lower case, without punctuation; letters of every script stay."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return " ".join(re.sub(r"[^\w\s\u0900-\u0DFF]", " ", folded).split())
