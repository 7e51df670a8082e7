# mypy: disable-error-code="import-not-found,misc"
"""The peer's engines: its own Whisper service with one model for all calls, our voice as a service of its kind, answers without a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from faster_whisper import WhisperModel
from pipecat.frames.frames import Frame, LLMContextFrame, LLMFullResponseEndFrame, LLMFullResponseStartFrame, LLMTextFrame, TTSAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transcriptions.language import Language

from bench.peers.answers import Answers
from tts.cache import CachedVoice
from tts.espeak import EspeakVoice

MODEL = Path(__file__).resolve().parent.parent.parent / "models" / "tinywhisper-helpdesk"
LANGUAGE, VOICE, WORDS_PER_MINUTE = "en", "en-gb", 160  # as our own bot speaks English unless jambonz-app.json says otherwise
SPEAKING = ThreadPoolExecutor(2, "voice")  # not the threads that Whisper is run in: a sentence would wait behind other calls' utterances


@cache
def shared_model(folder: str, threads: int, at_once: int) -> WhisperModel:
    """One model for all calls: the service would load one for each call, and a machine would be full with a few calls."""
    return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=threads, num_workers=at_once)


@cache
def shared_voice() -> CachedVoice:
    """The voice of our own bot, with the memory for sentences that our own bot has."""
    return CachedVoice(EspeakVoice(names={LANGUAGE: VOICE}, words_per_minute=WORDS_PER_MINUTE))


class SharedWhisper(WhisperSTTService):
    """The recogniser of one call. `threads` for one utterance (0: the library's choice), `at_once` utterances at a time."""

    def __init__(self, *, threads: int, at_once: int) -> None:
        self._threads, self._at_once = threads, at_once
        settings = WhisperSTTService.Settings(model=str(MODEL), language=Language.EN)
        super().__init__(device="cpu", compute_type="int8", settings=settings)

    def _load(self) -> None:
        self._model = shared_model(str(MODEL), self._threads, self._at_once)


class EspeakService(TTSService):
    """Our own voice, in threads of its own."""

    def __init__(self) -> None:
        settings = TTSSettings(model=None, voice=VOICE, language=Language.EN)
        super().__init__(push_start_frame=True, push_stop_frames=True, settings=settings)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        """A sentence as frames of 40 ms at the pipeline's rate."""
        for pcm in await asyncio.get_running_loop().run_in_executor(SPEAKING, self._speak, text):
            yield TTSAudioRawFrame(pcm, self.sample_rate, 1, context_id=context_id)

    def _speak(self, text: str) -> list[bytes]:
        return list(shared_voice().speak(text, language=LANGUAGE, sample_rate=self.sample_rate))


class PlainAnswers(FrameProcessor):
    """In the place of a language model: what `answers` has for the caller's last words, at once."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self._answers = answers

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        answer = self._answers.to(str(frame.context.get_messages()[-1]["content"]))
        for said in (LLMFullResponseStartFrame(), LLMTextFrame(answer), LLMFullResponseEndFrame()):
            await self.push_frame(said)
