"""How loud an echo of ours may be now: the playout keeps only what can still be the loudest, and that is the same as keeping all."""

from __future__ import annotations

import random

import pytest

from calls.call import Say, Turn
from calls.events import Sound
from stream.fake import RATE, tone
from stream.playout import AUDIBLE_DB, ECHO_S, Playout, level_db

PIECE_MS = 80


@pytest.mark.parametrize("seed", range(20))
def test_the_loudest_echo_is_that_of_all_sounds_that_can_still_come_back(seed: int) -> None:
    dice, turn, say = random.Random(seed), Turn(1), Say("words", "en")
    playout, sent, ends_at = Playout(sample_rate=RATE), [], 0.0
    for number in range(1500):
        now = number * 0.02
        if number % 60 == 0:
            for _ in range(dice.randrange(12)):
                playout.add(Sound(turn, say, tone(PIECE_MS, db=dice.uniform(-70, -10))))
        for item in playout.due(now):
            if isinstance(item, Sound):
                ends_at = max(ends_at, now) + PIECE_MS / 1000
                sent.append((ends_at + ECHO_S, level_db(item.pcm)))
        if dice.random() < 0.01:
            playout.stop(now)  # what was on its way is silenced, and its echo with it
            sent, ends_at = [(min(until, now + ECHO_S), db) for until, db in sent], min(ends_at, now)
        alive = [db for until, db in sent if until >= now and db > AUDIBLE_DB]
        assert playout.echo_db(now) == max(alive, default=None)
