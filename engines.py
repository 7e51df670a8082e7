"""The engines that settings and environment choose: recogniser, understanding, voice, detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calls.registry import Registry
from calls.settings import Environment, Settings
from stream.work import Engines

if TYPE_CHECKING:
    from collections.abc import Callable

RECOGNIZERS = Registry("recognizer", whisper="stream.whisper:WhisperRecognizer")
UNDERSTANDINGS = Registry("understanding", rules="nlu.rules:Rules")
VOICES = Registry("voice", espeak="tts.espeak:EspeakVoice")
DETECTORS = Registry("detector", webrtc="stream.detector:WebRtcDetector")


def make_engines(settings: Settings, environment: Environment, *, anybody: Callable[[str, str], bool]) -> Engines:
    """Load them. Takes seconds: the recogniser's model. `anybody(intent, language)`: whether a human could take such a call now.

    Raises BotError."""
    from tts.cache import CachedVoice

    spoken = settings.voice
    voice = CachedVoice(VOICES.make(spoken.use, names=spoken.names, words_per_minute=spoken.words_per_minute, **spoken.options))
    voice.keep(fixed_sentences(settings), settings.stream.sample_rate)
    recognizer = RECOGNIZERS.make(
        settings.recognizer.use,
        model=environment.whisper_model,
        device=environment.whisper_device,
        languages=settings.languages,
        settings=settings.recognizer,
        **settings.recognizer.options,
    )
    if warm_up := getattr(recognizer, "warm_up", None):
        warm_up()
    understanding = settings.understanding
    return Engines(
        detector=lambda rate: DETECTORS.make("webrtc", sample_rate=rate),
        recognizer=recognizer,
        understanding=UNDERSTANDINGS.make(understanding.use, settings=settings, anybody=anybody, **understanding.options),
        voice=voice,
    )


def fixed_sentences(settings: Settings) -> list[tuple[str, str]]:
    """(sentence, language) of everything that jambonz-app.json lets the bot say, as it will be said."""
    from nlu.sentences import split

    prompts = [(text, language) for _, spoken in settings.prompts for language, text in spoken.items()]
    answers = [(part, language) for intent in settings.intents.values() for language, text in intent.answer.items() for part in split(text)]
    return [*prompts, *((part, language) for text, language in prompts for part in split(text)), *answers]
