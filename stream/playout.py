"""Our side of the sound, paced: at most `lead_ms` ahead of the caller's ear.

Items go in as Sound or as events (Said, Replied); an event comes out when all the sound queued before it has been
*heard*, by our own clock: Jambonz's marks fire early (recordings 06c). What was sent but not yet heard is kept, so
that an answer that was paused for a false alarm can be taken up again: killAudio destroys the far buffer.

Sound goes out in pieces of 80 ms, as Jambonz moves it from its prebuffer in such pieces (recording 07), and an
answer ends with 200 ms of silence, or its last syllable would stay there.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from calls.call import Question
from calls.events import Replied, Said, Sound

PIECE_MS = 80
TAIL_MS = 200
HUSH_S = 0.04  # sound sent 0-5 ms after killAudio was lost (recording 16); 20-40 ms are safe
REWIND = 3  # pieces already heard that are said again when an answer is taken up
ECHO_S = 0.4  # the caller's line may bring our sound back so much later
AUDIBLE_DB = -50.0
ENOUGH_SAMPLES = 480  # up to 500 NumPy works at once; for more it lets other threads in, and has to come back among a hundred

Item = Sound | Said | Replied


def _must_be_heard(item: Item) -> bool:
    return not isinstance(item, Replied) and not item.interruptible


@dataclass(frozen=True, slots=True)
class Loudness:
    until: float  # when its echo has died away
    db: float


def level_db(pcm: bytes) -> float:
    """RMS in dBFS of 16-bit sound; -100 for none. Of a long piece some samples tell it: in speech to within 0.3 dB as a rule."""
    samples = np.frombuffer(pcm, dtype=np.int16)
    samples = samples[:: 1 + samples.size // ENOUGH_SAMPLES].astype(np.float32)
    power = float(np.add.reduce(samples * samples)) / max(1, samples.size)
    return max(-100.0, 10 * math.log10(power / 32768.0**2 + 1e-10))


class Playout:
    """Times are seconds on the caller's clock (any monotonic one), passed in as `now`."""

    def __init__(self, *, sample_rate: int, lead_ms: int = 240) -> None:
        self._rate, self._lead = sample_rate, lead_ms / 1000
        self._piece = sample_rate * 2 * PIECE_MS // 1000
        self._queue: deque[Item] = deque()
        self._sent: deque[tuple[float, Item]] = deque()  # (heard at, item)
        self._heard: list[Sound] = []  # pieces of the sentence that is being heard
        self._ends_at = self._audible_until = self._quiet_until = 0.0
        self._loudness: deque[Loudness] = deque()  # what is louder than all behind it
        self.held = False
        self._was_cut = False  # killAudio fell into the sentence

    def add(self, item: Item) -> None:
        """Queue an item. A Replied is preceded by the silence that flushes the far prebuffer."""
        if isinstance(item, Replied) and (last := self._last_sound()):
            silence = replace(last.say, text="")
            self._queue.append(Sound(last.turn, silence, bytes(self._rate * 2 * TAIL_MS // 1000), last.interruptible))
        self._queue.append(item)

    def due(self, now: float) -> Iterator[Item]:
        """What is to be written to the line now (Sound), and what has just been heard to its end (Said, Replied)."""
        if not self._queue and not self._sent:
            return
        yield from self._reached_the_ear(now)
        while self._may_send(now):
            item = self._take()
            if isinstance(item, Sound):
                yield self._send(item, now)
            else:
                self._sent.append((max(self._ends_at, now), item))
        yield from self._reached_the_ear(now)

    def sounding(self, now: float) -> bool:
        """Whether the caller hears words of ours now."""
        return now < self._audible_until

    def lead_s(self, pcm: bytes, now: float) -> float:
        """How long after now the caller begins to hear the piece that was just sent."""
        return max(0.0, self._ends_at - len(pcm) / (2 * self._rate) - now)

    def busy(self, now: float) -> bool:
        """Whether anything is queued, on its way or being heard."""
        return bool(self._queue) or bool(self._sent) or now < self._ends_at

    def echo_db(self, now: float) -> float | None:
        """The loudest level of ours that may come back from the caller's line now (dBFS); None if there is none."""
        while self._loudness and self._loudness[0].until < now:
            self._loudness.popleft()
        return self._loudness[0].db if self._loudness else None

    def can_be_recast(self) -> bool:
        """Whether an answer is there to its end, and all of it that may be interrupted is still unsent behind what must be heard:
        then that part can be exchanged unnoticed."""
        whole = bool(self._queue) and isinstance(self._queue[-1], Replied)
        return whole and isinstance(self._queue[0], Sound) and _must_be_heard(self._queue[0])

    def asking(self, *questions: Question) -> bool:
        """Whether the sentence being heard is (the end of) a question, or belongs to one of these."""
        say = self._heard[-1].say if self._heard else None
        if say is None or questions:
            return say is not None and say.asks in questions
        goes_on = any(isinstance(item, Said) and item.say is not say and item.say.asks is say.asks for item in self._queue)
        return say.asks is not Question.NONE and not goes_on

    def hold(self, now: float) -> bool:
        """Pause what may be interrupted. True if killAudio must silence what is on its way.

        The disclosure plays on; what comes behind it waits."""
        self.held = True
        pending = [(at, item) for at, item in self._sent if at > now]
        if any(_must_be_heard(item) for _, item in pending):
            return False
        if not any(isinstance(item, Sound) for _, item in pending):
            return False
        self._take_back(now, [item for _, item in pending])
        return True

    def resume(self, now: float) -> None:
        """Go on where the caller stopped hearing, a moment earlier."""
        self.held = False
        if self._was_cut:
            self._was_cut = False
            again = self._heard[-REWIND:]
            del self._heard[-REWIND:]
            self._queue.extendleft(reversed(again))

    def stop(self, now: float) -> Said | None:
        """Forget everything that may be interrupted. Returns the sentence that was cut, with the words heard of it."""
        self.hold(now)
        self.held = self._was_cut = False
        cut = self._cut_sentence()
        self._queue = deque(item for item in self._queue if _must_be_heard(item))
        self._sent = deque((at, item) for at, item in self._sent if _must_be_heard(item))
        self._heard = [sound for sound in self._heard if not sound.interruptible]
        return cut

    # -- inside ---------------------------------------------------------------------

    def _may_send(self, now: float) -> bool:
        if not self._queue or now < self._quiet_until:
            return False
        head = self._queue[0]
        if self.held and not _must_be_heard(head):
            return False
        return not isinstance(head, Sound) or self._ends_at - now < self._lead

    def _take(self) -> Item:
        """The next event, or the next 80 ms of one sentence: voices give it whole, or in chunks of their own."""
        item = self._queue.popleft()
        if not isinstance(item, Sound):
            return item
        pcm = self._begin_of(item, self._piece)
        while len(pcm) < self._piece and self._queue and isinstance(more := self._queue[0], Sound) and more.say is item.say:
            self._queue.popleft()
            pcm += self._begin_of(more, self._piece - len(pcm))
        return Sound(item.turn, item.say, pcm, item.interruptible)

    def _begin_of(self, sound: Sound, size: int) -> bytes:
        """At most so many bytes; the rest is the head of the queue again."""
        end = sound.begin + size
        if end < len(sound.pcm):
            self._queue.appendleft(replace(sound, begin=end))
        return sound.pcm[sound.begin : end]

    def _send(self, sound: Sound, now: float) -> Sound:
        starts_at = max(self._ends_at, now)
        self._ends_at = starts_at + len(sound.pcm) / (2 * self._rate)
        self._sent.append((self._ends_at, sound))
        db = level_db(sound.pcm)
        if db > AUDIBLE_DB:
            self._audible_until = self._ends_at
            self._will_echo(Loudness(self._ends_at + ECHO_S, db))
        return sound

    def _will_echo(self, loud: Loudness) -> None:
        """What is no louder and dies away earlier never is the loudest."""
        while self._loudness and self._loudness[-1].db <= loud.db:
            self._loudness.pop()
        self._loudness.append(loud)

    def _reached_the_ear(self, now: float) -> Iterator[Said | Replied]:
        while self._sent and self._sent[0][0] <= now:
            _, item = self._sent.popleft()
            if isinstance(item, Sound):
                self._heard.append(item)
            else:
                self._heard.clear()
                yield item

    def _take_back(self, now: float, items: list[Item]) -> None:
        while self._sent and self._sent[-1][0] > now:
            self._sent.pop()
        self._queue.extendleft(reversed(items))
        self._was_cut = True
        self._ends_at = self._audible_until = now
        self._loudness = deque(Loudness(min(loud.until, now + ECHO_S), loud.db) for loud in self._loudness)
        self._quiet_until = now + HUSH_S

    def _cut_sentence(self) -> Said | None:
        if not self._heard or not self._heard[0].interruptible:
            return None
        sentence, turn = self._heard[0].say, self._heard[0].turn
        heard = sum(len(sound.pcm) for sound in self._heard)
        to_come = sum(len(item.pcm) - item.begin for item in self._queue if isinstance(item, Sound) and item.say is sentence)
        words = sentence.text.split()
        kept = words[: round(len(words) * heard / (heard + to_come))] if to_come else words
        return Said(turn, replace(sentence, text=" ".join(kept))) if kept else None

    def _last_sound(self) -> Sound | None:
        return next((item for item in reversed(self._queue) if isinstance(item, Sound)), None) or next(
            (item for _, item in reversed(self._sent) if isinstance(item, Sound)), None
        )
