"""What is done while the caller may have finished: it makes the answer sooner, and nobody hears of it when it was done in vain."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

from calls.call import Call, Completeness, Intent, Outcome, Say, Transcript, Turn, Usage, Utterance, Wanted
from calls.errors import EngineError
from calls.ports import NEEDED
from stream.ahead import AGAIN, Guess
from stream.endpointing import FRAME_MS, Endpointing, EndpointingOptions
from stream.fake import ScriptedRecognizer, ScriptedUnderstanding, silence, speech
from stream.waiting import Waiting
from tests.call_rig import ANSWER, LICENSE, OPENING_S, REPLIES, SETTINGS, SORRY, Notes, Played, play

HINT_MS = SETTINGS.listening.hint_ms
WITH_WORDS_MS = Waiting(SETTINGS.listening).with_words_ms(Completeness.OPEN)  # the silence that ends words which do not tell
PAUSE_S = (HINT_MS + 100) / 1000  # longer than a hint, shorter than any end


class Eager(ScriptedUnderstanding):
    """May be asked ahead, and keeps the turns that it was asked about."""

    ahead = True

    def __init__(self, replies: dict[str, Sequence[Any]] = REPLIES) -> None:
        super().__init__(replies, SORRY)
        self.turns: list[Turn] = []

    def respond(self, turn: Turn, history: Sequence[Turn], call: Call) -> Iterator[Intent | Say | Outcome]:
        self.turns.append(turn)
        yield from super().respond(turn, history, call)


def complete(transcript: Transcript, turns: Sequence[Turn], language: str) -> Completeness:
    return Completeness.COMPLETE


def unfinished(transcript: Transcript, turns: Sequence[Turn], language: str) -> Completeness:
    return Completeness.UNFINISHED


def reply_ms(call: Played, turn: int = 1) -> int:
    return call.notes.turns[turn].timings.reply or 0


def test_what_was_made_ahead_is_said_as_soon_as_the_end_is_certain() -> None:
    eager = Eager()
    call = play(silence(OPENING_S), speech(1), silence(6), hears=("licence",), understanding=eager)
    timings = call.notes.turns[1].timings
    assert len(eager.turns) == 1, "the answer that was made ahead is the one that is given"
    assert (timings.understood or 0) < WITH_WORDS_MS <= (timings.endpoint or 0) <= (timings.reply or 0) <= WITH_WORDS_MS + 60
    assert call.notes.turns[1].said == [ANSWER, "anything else?"]
    assert call.notes.turns[1].intent == LICENSE


def test_words_that_are_complete_end_the_turn_sooner_and_words_that_are_not_later() -> None:
    script = silence(OPENING_S), speech(1), silence(6)
    usual, sooner, later = (
        reply_ms(play(*script, hears=("licence",), understanding=Eager(), **told))
        for told in ({}, {"endings": complete}, {"endings": unfinished})
    )
    listening = SETTINGS.listening
    assert listening.complete_end_of_speech_ms <= sooner < usual < listening.unfinished_end_of_speech_ms <= later


def test_who_goes_on_after_a_pause_is_answered_once_and_to_all_of_it() -> None:
    eager, notes = Eager(REPLIES | {"licence": [LICENSE, Say("renewed", "en")]}), Notes()
    heard = Growing("licence", "licence of my brother")
    call = play(silence(OPENING_S), speech(1), silence(PAUSE_S), speech(1), silence(6), recognizer=heard, understanding=eager, notes=notes)
    assert [turn.heard for turn in eager.turns] == ["licence", "licence of my brother"]
    assert call.heard() == ["licence of my brother"]
    assert eager.turns[0].interrupted.is_set(), "an engine that is still at it stops"
    assert all("renewed" not in turn.said for turn in notes.turns.values())


def test_nothing_is_sent_to_the_line_before_the_end_is_certain() -> None:
    heard = Growing("licence", "licence again")
    call = play(silence(OPENING_S), speech(1), silence(PAUSE_S), speech(1), silence(2), recognizer=heard, understanding=Eager())
    first_end = OPENING_S + 1
    second_end = first_end + PAUSE_S + 1
    sounded = [at for at, sent in call.line.sent if isinstance(sent, bytes) and any(sent) and first_end < at < second_end]
    assert not sounded


def test_a_guess_that_fails_is_heard_again_when_it_is_needed() -> None:
    fails = FailsAtGuesses("licence")
    call = play(silence(OPENING_S), speech(1), silence(6), recognizer=fails, understanding=Eager())
    assert (fails.guesses, fails.needed) == (1, 1)
    assert call.heard() == ["licence"]
    assert call.conversation.failures == 0


def test_an_answer_that_could_not_be_made_ahead_is_made_when_it_is_needed() -> None:
    class Stumbles(Eager):
        def respond(self, turn: Turn, history: Sequence[Turn], call: Call) -> Iterator[Intent | Say | Outcome]:
            if not turn.settled.is_set():
                self.turns.append(turn)
                raise RuntimeError("not yet")
            yield from super().respond(turn, history, call)

    stumbles = Stumbles()
    call = play(silence(OPENING_S), speech(1), silence(6), hears=("licence",), understanding=stumbles)
    assert len(stumbles.turns) == 2
    assert call.notes.turns[1].said == [ANSWER, "anything else?"]


def test_an_engine_that_costs_money_is_not_asked_ahead_unless_it_says_so() -> None:
    call = play(silence(OPENING_S), speech(1), silence(PAUSE_S), speech(1), silence(6), hears=("licence",))
    assert call.understanding.asked == [("licence", ("",))]


def test_words_that_end_in_the_middle_are_not_answered_ahead() -> None:
    eager, heard = Eager(), Growing("my", "my licence")
    play(silence(OPENING_S), speech(1), silence(PAUSE_S), speech(1), silence(6), recognizer=heard, understanding=eager, endings=unfinished)
    assert [turn.heard for turn in eager.turns] == ["my licence"]


def test_what_a_model_cost_in_vain_is_in_no_turn() -> None:
    usage = Usage("claude", "m", input_tokens=7)
    eager, heard = Eager({"a": [LICENSE, Say("one", "en"), usage], "a b": [LICENSE, Say("two", "en")]}), Growing("a", "a b")
    call = play(silence(OPENING_S), speech(1), silence(PAUSE_S), speech(1), silence(6), recognizer=heard, understanding=eager)
    assert [turn.usage for turn in call.notes.turns.values()] == [None, None]
    assert call.notes.turns[1].said == ["two"]


def test_over_our_own_answer_nothing_is_made_ahead() -> None:
    eager = Eager(REPLIES | {"human": [Intent("transfer_to_human"), Say("connecting you", "en")]})
    call = play(
        silence(OPENING_S), speech(1), silence(2), speech(1), silence(PAUSE_S), silence(5), hears=("licence", "human"), understanding=eager
    )
    assert call.heard() == ["licence", "human"]
    assert call.notes.turns[1].interrupted.is_set()
    assert all(turn.settled.is_set() for turn in eager.turns)


def test_sound_without_words_is_recognised_less_and_less_often() -> None:
    """Music that lasts for 20 s and pauses all the time, then the caller's words: what is guessed at grows twofold."""
    music = [sound for _ in range(32) for sound in (speech(0.3), silence(PAUSE_S))]
    heard = Growing(*[""] * 6, "licence")
    call = play(silence(OPENING_S), *music, silence(2), speech(1), silence(6), recognizer=heard, understanding=Eager())
    lengths = [utterance.duration_ms for utterance in heard.utterances[:5]]
    assert all(after >= AGAIN * before for before, after in pairwise(lengths))
    assert len(heard.utterances) == 7, "five guesses, the end, and the words"
    assert call.heard() == ["licence"]
    assert reply_ms(call) <= WITH_WORDS_MS + 60, "a new utterance is guessed at as ever"


def test_a_caller_who_hangs_up_in_the_pause_has_been_heard() -> None:
    call = play(silence(OPENING_S), speech(1), silence(PAUSE_S), hears=("licence",), understanding=Eager())
    assert call.heard() == ["licence"]
    assert call.recognizer.asked == 1


def test_a_pause_that_is_told_brings_the_sound_that_the_end_brings() -> None:
    endpointing = Endpointing(EndpointingOptions(), sample_rate=16_000)
    told = [event for frame, voiced in [(b"\1" * 640, True)] * 30 + [(bytes(640), False)] * 30 for event in endpointing.feed(frame, voiced)]
    _, paused, ended = told
    assert Guess(paused.utterance).is_of(ended.utterance)  # type: ignore[union-attr]
    assert paused.utterance == ended.utterance  # type: ignore[union-attr]


def test_a_pause_is_told_each_time_and_taken_back_each_time() -> None:
    endpointing = Endpointing(EndpointingOptions(), sample_rate=16_000)
    verdicts = ([True] * 20 + [False] * (300 // FRAME_MS)) * 2 + [True] * 20 + [False] * 40
    told = [type(event).__name__ for voiced in verdicts for event in endpointing.feed(bytes(640), voiced)]
    assert told == ["SpeechStarted", "SpeechPaused", "SpeechResumed", "SpeechPaused", "SpeechResumed", "SpeechPaused", "SpeechEnded"]


def test_with_real_threads_no_answer_is_lost_or_given_twice() -> None:
    """The end is decided while recogniser and understanding are still at it, on threads of their own."""
    for delay_s in (0.0, 0.01, 0.03):
        eager = Eager()
        with ThreadPoolExecutor(2) as ears, ThreadPoolExecutor(2) as minds:
            heard = Slow(delay_s, "licence", "human")
            call = play(
                silence(OPENING_S),
                speech(1),
                silence(5),
                speech(1),
                silence(3),
                recognizer=heard,
                understanding=eager,
                pools={"ear": ears, "mind": minds},
                pace_s=0.002,
            )
        assert call.heard() == ["licence", "human"]
        assert len(eager.turns) == 2


class Growing(ScriptedRecognizer):
    """Hears more each time it is asked."""

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        self.utterances.append(utterance)
        text = self.texts.pop(0) if self.texts else ""
        return Transcript(str(text), "en", rejected="" if text else "no_speech")


class FailsAtGuesses(ScriptedRecognizer):
    guesses = needed = 0

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        if not wanted.sure:
            self.guesses += 1
            raise EngineError("busy")
        self.needed += 1
        return super().transcribe(utterance, language=language)


class Slow(ScriptedRecognizer):
    def __init__(self, delay_s: float, *texts: str) -> None:
        super().__init__(*texts)
        self.delay_s = delay_s

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        threading.Event().wait(self.delay_s)
        return super().transcribe(utterance, language=language)
