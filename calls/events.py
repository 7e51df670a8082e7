"""Everything that can happen during a call, in the order line, ear, mind, voice, patience, end."""

from __future__ import annotations

from dataclasses import dataclass

from calls.call import Call, CallerProfile, Intent, Outcome, Say, Transcript, Turn, Usage, Utterance


# -- the line -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Connected:
    call: Call


@dataclass(frozen=True, slots=True)
class AudioFrame:
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Dtmf:
    digit: str


@dataclass(frozen=True, slots=True)
class MarkPlayed:
    name: str
    cleared: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that means nothing to us; `why` is a constant for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """The socket is gone: the caller hung up, or the line broke."""


# -- the ear --------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class SpeechStarted:
    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """A silence that may be the end of speech: the utterance as it would be. SpeechResumed or SpeechEnded follows."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The caller goes on: what was made of the pause is worth nothing."""

    pause_ms: int = 0  # how long it lasted


@dataclass(frozen=True, slots=True)
class Transcribed:
    utterance: Utterance
    transcript: Transcript


# -- the mind -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Worded:
    """The first sentence of the answer is there."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Unmade:
    """An answer that was to be made ahead could not be made."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Understood:
    turn: Turn
    intent: Intent


@dataclass(frozen=True, slots=True)
class Metered:
    """What a language model was asked for this turn."""

    turn: Turn
    usage: Usage


# -- the voice ------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Sound:
    """PCM of one sentence of a turn's answer, to be queued for the caller."""

    turn: Turn
    say: Say
    pcm: bytes  # not copied, as calls that say the same share it
    interruptible: bool = True
    begin: int = 0  # what stands before this byte was taken out already


@dataclass(frozen=True, slots=True)
class Said:
    """Comes out of the playout when the caller has heard the sentence (cut short: its words so far)."""

    turn: Turn
    say: Say
    interruptible: bool = True


@dataclass(frozen=True, slots=True)
class Replied:
    """The turn's answer has been heard to its end; with an outcome the call is over."""

    turn: Turn
    outcome: Outcome | None = None


# -- the desk ---------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CallerKnown:
    profile: CallerProfile


# -- the rest -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CallerSilent:
    times: int  # how often in a row


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The call has reached its longest permitted length."""


@dataclass(frozen=True, slots=True)
class EngineFailed:
    lane: str
    error: str  # the exception's class, never its text


@dataclass(frozen=True, slots=True)
class Journalled:
    """The outcome is safe in the journal; the line may be let go."""
