"""The engines that settings and environment choose: recogniser, understanding, voice, detector."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from calls.errors import BotError
from calls.ports import Recognizer
from calls.registry import Registry
from calls.settings import Environment, Settings
from stream.work import Engines
from tts.cache import CachedVoice

log = logging.getLogger("voicebot")
PAUSE_S = 0.05
Anybody = Callable[[str, str], bool]  # (intent, language): whether a human could take such a call now

RECOGNIZERS = Registry("recognizer", whisper="stream.whisper:WhisperRecognizer")
UNDERSTANDINGS = Registry("understanding", rules="nlu.rules:Rules")
VOICES = Registry("voice", espeak="tts.espeak:EspeakVoice")
DETECTORS = Registry("detector", webrtc="stream.detector:WebRtcDetector")
CHOICES = {"recognizer": RECOGNIZERS.names, "understanding": UNDERSTANDINGS.names, "voice": VOICES.names}  # section -> what `use` may be


def make_engines(settings: Settings, environment: Environment, *, anybody: Anybody) -> Engines:
    """Load them. Takes seconds: the recogniser's model. Raises BotError."""
    voice, recognizer = make_voice(settings), make_recognizer(settings, environment)
    return put_together(settings, environment, voice, recognizer, anybody=anybody)


def remake(engines: Engines, old: Settings, new: Settings, environment: Environment, *, anybody: Anybody) -> Engines:
    """The engines for changed settings. Voice and recogniser stay where nothing of theirs has changed. Raises BotError."""
    same_voice, same_ears = new.voice == old.voice, (new.recognizer, new.languages) == (old.recognizer, old.languages)
    voice = engines.voice if same_voice and isinstance(engines.voice, CachedVoice) else make_voice(new)
    recognizer = engines.recognizer if same_ears else make_recognizer(new, environment)
    return put_together(new, environment, voice, recognizer, anybody=anybody)


def put_together(settings: Settings, environment: Environment, voice: CachedVoice, recognizer: Recognizer, *, anybody: Anybody) -> Engines:
    speak_ahead(voice, settings)
    understanding = settings.understanding
    return Engines(
        detector=lambda rate: DETECTORS.make("webrtc", sample_rate=rate),
        recognizer=recognizer,
        understanding=UNDERSTANDINGS.make(understanding.use, settings=settings, anybody=anybody, **understanding.options),
        voice=voice,
    )


def make_voice(settings: Settings) -> CachedVoice:
    spoken = settings.voice
    return CachedVoice(VOICES.make(spoken.use, names=spoken.names, words_per_minute=spoken.words_per_minute, **spoken.options))


def speak_ahead(voice: CachedVoice, settings: Settings) -> None:
    """What a call begins with is spoken now, the rest beside the first calls."""
    first, later = fixed_sentences(settings)
    voice.keep(first, settings.stream.sample_rate)
    if not getattr(voice.voice, "quick", False):
        threading.Thread(target=keep_quietly, args=(voice, later, settings.stream.sample_rate), name="voice", daemon=True).start()


def make_recognizer(settings: Settings, environment: Environment) -> Recognizer:
    recognizer: Recognizer = RECOGNIZERS.make(
        settings.recognizer.use,
        model=environment.whisper_model,
        device=environment.whisper_device,
        languages=settings.languages,
        settings=settings.recognizer,
        **settings.recognizer.options,
    )
    if warm_up := getattr(recognizer, "warm_up", None):
        warm_up()
    return recognizer


def fixed_sentences(settings: Settings) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(sentence, language) of all that jambonz-app.json lets the bot say, as it is said: what a call begins with, and the rest."""
    from nlu.sentences import split

    def parts(spoken: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for language, text in spoken.items():
            yield text, language
            yield from ((part, language) for part in split(text))

    first = [*parts(settings.prompts.disclosure), *parts(settings.prompts.greeting)]
    rest = [part for _, spoken in settings.prompts for part in parts(spoken)]
    rest += [part for intent in settings.intents.values() for part in parts(intent.answer)]
    return list(dict.fromkeys(first)), [part for part in dict.fromkeys(rest) if part not in set(first)]


def keep_quietly(voice: CachedVoice, sentences: Iterable[tuple[str, str]], sample_rate: int) -> None:
    """Of a voice that is slow: beside the first calls, and with pauses, so that they do not wait for it. What can't be spoken now is
    spoken when it is needed."""
    for sentence in sentences:
        try:
            voice.keep([sentence], sample_rate)
        except BotError as error:
            log.warning("a sentence could not be spoken beforehand", extra={"language": sentence[1], "error": type(error).__name__})
        time.sleep(PAUSE_S)
