# mypy: disable-error-code="import-not-found,misc"
"""Jambonz's audio socket in pipecat's terms: L16 both ways, keys, and killAudio when the caller interrupts."""

from __future__ import annotations

import json

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import AudioRawFrame, Frame, InputAudioRawFrame, InputDTMFFrame, InterruptionFrame
from pipecat.serializers.base_serializer import FrameSerializer

KILL_AUDIO = json.dumps({"type": "killAudio"})


class JambonzSerializer(FrameSerializer):
    """One call's sound at `rate` Hz. The pipeline runs at the same rate, so nothing is resampled here."""

    def __init__(self, rate: int) -> None:
        super().__init__()
        self._rate = rate

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """What goes to Jambonz for a frame; None for a frame that is none of its business."""
        match frame:
            case InterruptionFrame():
                return KILL_AUDIO
            case AudioRawFrame():
                return bytes(frame.audio)
        return None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """A message of Jambonz's as a frame; None for what says nothing to the pipeline, such as a mark."""
        if isinstance(data, bytes):
            return InputAudioRawFrame(audio=data, sample_rate=self._rate, num_channels=1)
        match json.loads(data):
            case {"event": "dtmf", "dtmf": str(digit)} if digit in {entry.value for entry in KeypadEntry}:
                return InputDTMFFrame(KeypadEntry(digit))
        return None
