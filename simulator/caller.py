"""The caller who carries out a script, frame by frame.

Pure: the time and whether the bot sounds go in every 20 ms, the caller's sound, keys and hanging up come out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from simulator.playback import FRAME_MS, LOUD
from simulator.result import Pcm, Utterance
from simulator.script import Barge, Drop, HangUp, Press, Say, Spoken, Step, Wait, words_of

KEYS_APART_MS = 300
BREATH_MS = 250  # a pause between words: the bot still counts as sounding
Voiced = Callable[[Spoken], Pcm]  # the sound of a step at the line's rate


@dataclass(frozen=True, slots=True)
class Manners:
    """How patient the caller is."""

    silence_ms: int = 700  # so long a silence of the bot is the end of its answer
    patience_ms: int = 20_000  # without a word of the bot; then a step is taken all the same
    longest_answer_ms: int = 60_000  # so long the caller listens to a bot that does not stop
    final_silence_ms: int = 1500  # after the last step, before hanging up


@dataclass(slots=True)
class Doing:
    """What the caller does in one frame."""

    sound: Pcm | None = None
    digit: str = ""
    drops: str = ""  # how the socket breaks, see Drop
    hangs_up: bool = False


@dataclass(slots=True)
class BotAsHeard:
    """Whether and since when the bot speaks, with the short pauses within its speech bridged."""

    silence_ms: int
    speaking_since_ms: float | None = None
    last_loud_ms: float | None = None
    spoke: bool = False  # since the caller's last step

    def hear(self, loud: bool, now_ms: float) -> None:
        if loud:
            if self.speaking_since_ms is None:
                self.speaking_since_ms = now_ms
            self.last_loud_ms, self.spoke = now_ms, True
        elif self.silent_for(now_ms) >= self.silence_ms:
            self.speaking_since_ms = None

    def silent_for(self, now_ms: float) -> float:
        return now_ms - self.last_loud_ms if self.last_loud_ms is not None else float("inf")


@dataclass(slots=True)
class Caller:
    """Carries out `steps` on a line of `sample_rate` Hz."""

    steps: Sequence[Step]
    sample_rate: int
    voiced: Voiced
    manners: Manners = field(default_factory=Manners)
    utterances: list[Utterance] = field(default_factory=list)
    _next: int = 0
    _since_ms: float | None = None  # when the current step began to wait
    _speech: Pcm | None = None  # what is left to say
    _spoken_ms: int = 0  # of it so far
    _loud_left: int = 0  # samples until the end of its last loud one
    _bot: BotAsHeard = field(init=False)

    def __post_init__(self) -> None:
        self._bot = BotAsHeard(self.manners.silence_ms)

    @property
    def doing(self) -> str:
        """In words, for who watches."""
        if self._speech is not None:
            return "the caller speaks"
        return "the bot speaks" if self._bot.speaking_since_ms is not None else "waiting for the bot"

    def voice_db(self) -> float | None:
        """How loud the caller speaks (dBFS, RMS of what is loud in all that is said); None of one who says nothing."""
        spoken = [self.voiced(step) for step in self.steps if isinstance(step, Say | Barge)]
        loud = np.concatenate([each[np.abs(each.astype(np.int32)) > LOUD] for each in spoken]) if spoken else np.zeros(0)
        return float(20 * np.log10(np.sqrt(np.mean(loud.astype(np.float64) ** 2)) / 32768)) if loud.size else None

    def tick(self, now_ms: float, *, bot_loud: bool, connected: bool) -> Doing:
        """The next 20 ms. While no socket is open (`connected` false) the caller neither speaks nor presses keys."""
        self._bot.hear(bot_loud, now_ms)
        if self._speech is not None:
            return self._speak_on(now_ms)
        if not connected:
            self._since_ms = None if not self._waits_by_the_clock() else self._since_ms
        return self._take_step(now_ms, connected)

    def _waits_by_the_clock(self) -> bool:
        return self._next < len(self.steps) and isinstance(self.steps[self._next], Wait)

    def _take_step(self, now_ms: float, connected: bool) -> Doing:
        self._since_ms = now_ms if self._since_ms is None else self._since_ms
        step = self.steps[self._next] if self._next < len(self.steps) else None
        match step:
            case Wait(ms):
                return self._done(now_ms) if now_ms - self._since_ms >= ms else Doing()
            case Drop(how) if connected:
                return self._done(now_ms, Doing(drops=how))
            case HangUp():
                return self._done(now_ms, Doing(hangs_up=True))
            case Press(digit, at_once) if connected and (at_once or self._may_begin(now_ms, step)):
                return self._done(now_ms, Doing(digit=digit))
            case Say() | Barge() if connected and self._may_begin(now_ms, step):
                return self._begin(step, now_ms)
            case None:
                return Doing(hangs_up=connected and self._heard_out(now_ms, self.manners.final_silence_ms))
        return Doing()

    def _done(self, now_ms: float, doing: Doing | None = None) -> Doing:
        self._next, self._since_ms = self._next + 1, now_ms
        if doing is not None and doing.digit:
            self._bot.spoke = False
        return doing or Doing()

    def _may_begin(self, now_ms: float, step: Step) -> bool:
        sounding = self._bot.spoke and self._bot.silent_for(now_ms) < BREATH_MS
        if isinstance(step, Barge) and sounding and self._bot.speaking_since_ms is not None:
            return now_ms - self._bot.speaking_since_ms >= step.after_ms
        return self._heard_out(now_ms, self.manners.silence_ms)

    def _heard_out(self, now_ms: float, silence_ms: int) -> bool:
        """The bot has spoken since the last step and is silent now, or patience is over."""
        assert self._since_ms is not None  # noqa: S101 - set by _take_step
        waited_ms = now_ms - self._since_ms
        if self._bot.spoke and self._bot.silent_for(now_ms) >= silence_ms:
            return True
        if waited_ms >= self.manners.longest_answer_ms:
            return True
        return min(waited_ms, self._bot.silent_for(now_ms)) >= self.manners.patience_ms

    def _begin(self, step: Spoken, now_ms: float) -> Doing:
        kind = "barge" if isinstance(step, Barge) else "say"
        self.utterances.append(Utterance(words_of(step), kind, note=self._note(step, now_ms)))
        self._speech = self.voiced(step)
        loud = np.flatnonzero(np.abs(self._speech.astype(np.int32)) > LOUD)
        self._loud_left, self._spoken_ms = int(loud[-1]) + 1 if loud.size else len(self._speech), 0
        return self._speak_on(now_ms)

    def _note(self, step: Spoken, now_ms: float) -> str:
        if not self._bot.spoke:
            return "the bot was not heard before"
        silent_ms = self._bot.silent_for(now_ms)
        if isinstance(step, Barge):
            return "" if silent_ms < BREATH_MS else "the bot fell silent before it could be interrupted"
        return "the bot did not stop speaking" if silent_ms < self.manners.silence_ms else ""

    def _speak_on(self, now_ms: float) -> Doing:
        digit = self._key_while_speaking()
        return Doing(sound=self._next_sound(now_ms), digit=digit)

    def _key_while_speaking(self) -> str:
        step, at_ms = self.steps[self._next], self._spoken_ms
        self._spoken_ms += FRAME_MS
        if not isinstance(step, Say) or at_ms < step.keys_after_ms:
            return ""
        number, since_ms = divmod(at_ms - step.keys_after_ms, KEYS_APART_MS)
        return step.keys[number : number + 1] if since_ms < FRAME_MS else ""

    def _next_sound(self, now_ms: float) -> Pcm:
        assert self._speech is not None  # noqa: S101 - the caller is speaking
        length = self.sample_rate * FRAME_MS // 1000
        frame, rest = self._speech[:length], self._speech[length:]
        utterance = self.utterances[-1]
        if utterance.began_ms is None and bool(np.any(np.abs(frame.astype(np.int32)) > LOUD)):
            utterance.began_ms = now_ms
        if 0 < self._loud_left <= length:
            utterance.ended_ms = now_ms
            self._bot.spoke = False
        self._loud_left -= length
        self._speech = rest if rest.size else None
        if self._speech is None:
            self._next, self._since_ms = self._next + 1, now_ms
        return np.pad(frame, (0, length - len(frame)))
