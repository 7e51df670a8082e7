"""All replicas as one recogniser, for the doors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ray.exceptions import RayActorError, RayError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from calls.call import Transcript, Utterance, Wanted
from calls.errors import EngineError, EngineUnavailable
from calls.ports import NEEDED

ANSWER_WITHIN_S = 30.0
ASK_WITHIN_S = 5.0  # how a replica is
TRIES = 3  # the second replica that is asked may be dying as well
ELSEWHERE = {"died", "broken", "hung", "restarting"}  # another replica may well hear it


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of an utterance. An error would travel less well than its `why`."""

    transcript: Transcript | None
    why: str = ""


class ReplicasFailed(EngineError):
    """`why` in the words that service/transcriptions.py knows."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no replica heard it: {why}")
        self.why = why


class Replicas:
    """`calls.ports.Recognizer`: whichever replica has time. Raises EngineUnavailable while there is none."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._handle = handle
        try:
            self.languages = tuple(self._described()["languages"])
        except (RayError, RayServeException, TimeoutError) as error:
            raise EngineUnavailable("no replica of the recogniser answers yet") from error

    def describe(self) -> dict[str, Any]:
        """As one of the replicas does."""
        try:
            return self._described()
        except (RayError, RayServeException, TimeoutError):
            return {"state": "gone"}

    def transcribe(self, utterance: Utterance, *, language: str | None, wanted: Wanted = NEEDED) -> Transcript:
        """See `calls.ports.Recognizer`. An utterance over which a replica died is heard by another. Raises ReplicasFailed."""
        for _ in range(TRIES):
            heard = self._asked(utterance, language)
            if heard.transcript:
                return heard.transcript
            if heard.why not in ELSEWHERE:
                break
        raise ReplicasFailed(heard.why)

    def _asked(self, utterance: Utterance, language: str | None) -> Heard:
        try:
            heard: Heard = self._handle.transcribe.remote(utterance, language).result(timeout_s=ANSWER_WITHIN_S)
        except BackPressureError:
            return Heard(None, "full")
        except RayActorError:
            return Heard(None, "died")
        except (RayServeException, TimeoutError):
            return Heard(None, "unreachable")
        except RayError:
            return Heard(None, "failed")
        return heard

    def _described(self) -> dict[str, Any]:
        described: dict[str, Any] = self._handle.describe.remote().result(timeout_s=ASK_WITHIN_S)
        return described
