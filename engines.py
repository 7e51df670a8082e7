"""The engines that settings and environment choose: recogniser, understanding, voice, detector."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from calls.call import Call, CallRecord, Intent, Question, Turn, Utterance
from calls.errors import BotError, SettingsError
from calls.ports import Helpdesk, Recognizer, Understanding
from calls.registry import Registry
from calls.section import unknown
from calls.settings import Environment, Settings
from nlu.detecting import detect
from nlu.ending import Ending
from nlu.following import Following
from stream.ladder import LadderRecognizer
from stream.owner import Hearing, OwnedRecognizer
from stream.throughput import Bench
from stream.work import Engines
from tts.cache import CachedVoice

log = logging.getLogger("voicebot")
PAUSE_S = 0.05
Anybody = Callable[[str, str], bool]  # (intent, language): whether a human could take such a call now

RECOGNIZERS = Registry(
    "recognizer",
    whisper="stream.whisper:WhisperRecognizer",
    remote="stream.remote:RemoteRecognizer",
    timer="stream.fake:TimedRecognizer",  # for bench/hundred.py: it hears nothing
)
UNDERSTANDINGS = Registry("understanding", rules="nlu.rules:Rules", claude="nlu.claude:Claude", openai="nlu.openai_chat:OpenAiChat")
MODELS = Registry("language model", claude="nlu.claude:ClaudeModel", openai="nlu.openai_chat:OpenAiModel")
VOICES = Registry("voice", espeak="tts.espeak:EspeakVoice")
DETECTORS = Registry("detector", webrtc="stream.detector:WebRtcDetector")
CHOICES = {
    "recognizer": ("remote", "whisper"),
    "understanding": UNDERSTANDINGS.names,
    "voice": VOICES.names,
}  # section -> what `use` may be


def make_engines(settings: Settings, environment: Environment, *, anybody: Anybody, helpdesk: Helpdesk) -> Engines:
    """Load them. Takes seconds: the recogniser's model, beside the rest, as it lets other threads in. Raises BotError."""
    with ThreadPoolExecutor(1, "ears") as beside:
        recognizer = beside.submit(make_recognizer, settings, environment)
        voice = make_voice(settings)
        speak_ahead(voice, settings)
        understanding = make_understanding(settings, environment, anybody=anybody, helpdesk=helpdesk)
        return put_together(settings, voice, recognizer.result(), understanding)


def remake(engines: Engines, old: Settings, new: Settings, environment: Environment, *, anybody: Anybody, helpdesk: Helpdesk) -> Engines:
    """The engines for changed settings. Voice and recogniser stay where nothing of theirs has changed. Raises BotError."""
    same_voice, same_ears = new.voice == old.voice, (new.recognizer, new.languages) == (old.recognizer, old.languages)
    voice = engines.voice if same_voice and isinstance(engines.voice, CachedVoice) else make_voice(new)
    recognizer = engines.recognizer if same_ears else make_recognizer(new, environment)
    speak_ahead(voice, new)
    return put_together(new, voice, recognizer, make_understanding(new, environment, anybody=anybody, helpdesk=helpdesk))


def put_together(settings: Settings, voice: CachedVoice, recognizer: Recognizer, understanding: Understanding) -> Engines:
    return Engines(
        detector=lambda rate: DETECTORS.make("webrtc", sample_rate=rate),
        recognizer=recognizer,
        understanding=understanding,
        voice=voice,
        languages=Following(settings),
        endings=Ending(settings),
    )


def make_understanding(
    settings: Settings, environment: Environment, *, anybody: Anybody, helpdesk: Helpdesk | None = None
) -> Understanding:
    """The rules, or a language model that they stand in for whenever it fails. Raises SettingsError."""
    use, options = settings.understanding.use, settings.understanding.options
    rules = UNDERSTANDINGS.make("rules", settings=settings, anybody=anybody, **(options if use == "rules" else {}))
    if use == "rules":
        understanding: Understanding = rules
        return understanding
    house = {"fallback": rules, "helpdesk": helpdesk, "anybody": anybody, "complete": rules.complete}
    model: Understanding = UNDERSTANDINGS.make(use, settings=settings, **access(use, environment), **house, **options)
    return model


def understood_by(settings: Settings, engine: str) -> Settings:
    """The same settings with another engine of understanding; "" leaves it."""
    chosen = settings.understanding.model_copy(update={"use": engine or settings.understanding.use})
    return settings.model_copy(update={"understanding": chosen})


@contextmanager
def reading(settings: Settings, environment: Environment, engine: str = "") -> Iterator[Callable[[str, str], tuple[str, Intent]]]:
    """(text, language or "") -> (language, intent), as the first words of a call; `engine`: "" for the one of `settings`.

    Raises SettingsError."""
    understanding = make_understanding(understood_by(settings, engine), environment, anybody=lambda *about: True)
    call, greeting = Call("understand", "", ""), Turn(0, said=["..."], asked=Question.OPEN)

    def read(text: str, language: str) -> tuple[str, Intent]:
        detected = language or detect(text)[0]
        language = detected if detected in settings.languages else settings.language
        parts = understanding.respond(Turn(1, heard=text, language=language), [greeting], call)
        try:
            return language, next(part for part in parts if isinstance(part, Intent))
        finally:
            _let_go(parts)

    try:
        yield read
    finally:
        _let_go(understanding)


def _let_go(held: object) -> None:
    """Of what may hold a connection."""
    if close := getattr(held, "close", None):
        close()


def make_summariser(settings: Settings, environment: Environment) -> Callable[[CallRecord], str] | None:
    """Sums up ended calls with the model that understands them; None where the rules do. Raises SettingsError."""
    use = settings.understanding.use
    if use == "rules" or not settings.assistant.summaries:
        return None
    from nlu.summary_by_model import ModelSummarizer

    return ModelSummarizer(settings, MODELS.make(use, settings=settings, **access(use, environment))).summarise


def access(engine: str, environment: Environment) -> dict[str, str]:
    """Where a language model is, and the key to it."""
    if engine == "claude":
        return {"api_key": environment.anthropic_api_key.get_secret_value(), "base_url": environment.anthropic_base_url}
    return {"api_key": environment.openai_api_key.get_secret_value(), "base_url": environment.openai_base_url}


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
    """A remote one has the local model behind it, for when it fails; the option "fallback" names another, or none."""
    use, options = settings.recognizer.use, dict(settings.recognizer.options)
    behind = options.pop("fallback", "whisper") if use == "remote" else ""
    recognizer = one_recognizer(settings, environment, use, options)
    if behind:
        recognizer = LadderRecognizer(recognizer, one_recognizer(settings, environment, behind, {}))
    if warm_up := getattr(recognizer, "warm_up", None):
        warm_up()
    return recognizer


def one_recognizer(settings: Settings, environment: Environment, use: str, options: Mapping[str, Any]) -> Recognizer:
    """A model on this machine has one owner, whom all calls ask."""
    if use == "remote":
        where = {"url": environment.stt_url, "key": environment.stt_key.get_secret_value()}
        remote: Recognizer = RECOGNIZERS.make(use, **where, languages=settings.languages, settings=settings.recognizer, **options)
        return remote
    if use == "timer":
        timer: Recognizer = RECOGNIZERS.make(use, languages=settings.languages, **options)
        return timer
    return OwnedRecognizer(lambda: make_model(settings, environment, use, options), settings=settings.recognizer)


def make_model(settings: Settings, environment: Environment, use: str, options: Mapping[str, Any]) -> Hearing:
    """What hears on this machine, without an owner. Takes seconds. Raises EngineUnavailable, SettingsError."""
    where = {"model": environment.whisper_model, "device": environment.whisper_device}
    made: Hearing = RECOGNIZERS.make(use, **where, languages=settings.languages, settings=settings.recognizer, **options)
    return made


def make_bench(settings: Settings, environment: Environment, language: str) -> Bench:
    """The model of `environment`, and callers' sentences of jambonz-app.json in our own voice. Raises BotError."""
    if (language := language or settings.language) not in settings.languages:
        raise SettingsError(unknown("language", language, settings.languages))
    engine, voice, rate = make_model(settings, environment, "whisper", {}), make_voice(settings), settings.stream.sample_rate
    texts = [phrases[0] for intent in settings.intents.values() if (phrases := intent.phrases.get(language))]
    sounds = [b"".join(voice.speak(text, language=language, sample_rate=rate)) for text in texts]
    utterances = [Utterance(pcm, rate, began_ms=0, ended_ms=0) for pcm in sounds]
    return Bench(engine, settings.recognizer, language, utterances)


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
    rest += [part for entry in settings.faq.values() for part in parts(entry.answer)]
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
