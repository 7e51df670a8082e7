"""Other people's voices on the line, a television, a room full of colleagues: speech that is not the caller's.

They are told by their loudness alone: on the caller's own telephone the caller is the loudest, and what goes on at length without
coming near that is somebody else. So a call in which everybody is silent but the caller is heard as without this.
"""

from __future__ import annotations

from collections import deque


class Bystanders:
    """One per call. Tell it every 20 ms frame; what was measured: bench/endpointing.py with --behind.

    A caller who becomes softer by as much is one of them at first: of each utterance the first 0.7 s are heard, and what is known
    of the caller's loudness falls meanwhile."""

    SOFTER_DB = 9.0  # than the caller
    FRAMES, SPEECH = 35, 24  # so many frames, so many of them speech, and nearly all of that so soft: others are talking
    NEARLY = 0.9  # a lone vowel may be louder
    EVERY = 5  # frames: so often it is looked for
    GONE_FRAMES = 60  # without speech: nobody talks there any more
    RISES_DB, FALLS_DB = 0.3, 0.008  # a frame: so the caller's loudness is what 97 % of the caller's frames are below
    FORGETS_DB = 0.002  # a frame of theirs: it may be the caller, grown softer
    SINKS_DB = 0.25  # each time that they are found softer than before

    def __init__(self) -> None:
        self._caller_db = 0.0
        self._others_db: float | None = None
        self._last: deque[float | None] = deque(maxlen=self.FRAMES)  # levels of speech; None: no speech
        self._knows_caller = False
        self._at = self._still = 0

    def explain(self, level_db: float, is_speech: bool) -> bool:
        """Whether a frame of speech is theirs. `level_db`: dBFS."""
        self._last.append(level_db if is_speech else None)
        self._at += 1
        if not is_speech:
            self._still += 1
            if self._still > self.GONE_FRAMES:
                self._others_db = None
            return False
        self._still = max(0, self._still - 3)
        theirs = self._others_db is not None and level_db <= self._others_db
        self._learn(level_db, theirs)
        if self._at % self.EVERY == 0:
            self._look()
        return theirs

    def _learn(self, level_db: float, theirs: bool) -> None:
        if not self._knows_caller:
            self._caller_db, self._knows_caller = level_db, True
        if theirs:
            self._caller_db -= self.FORGETS_DB
        elif level_db > self._caller_db:
            self._caller_db += self.RISES_DB
        elif self._others_db is None or level_db > (self._others_db + self._caller_db) / 2:  # a loud vowel of theirs tells nothing
            self._caller_db -= self.FALLS_DB

    def _look(self) -> None:
        """Are they there, and how loud?"""
        limit_db = self._caller_db - self.SOFTER_DB
        speech = sorted(level_db for level_db in self._last if level_db is not None)
        if len(speech) >= self.SPEECH and (found_db := speech[int(self.NEARLY * len(speech))]) < limit_db:
            self._others_db = found_db if self._others_db is None else max(found_db, self._others_db - self.SINKS_DB)
        elif self._others_db is not None and self._others_db > limit_db + 1:
            self._others_db = None  # it was the caller
