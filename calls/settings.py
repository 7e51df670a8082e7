"""jambonz-app.json and the environment, typed.

The file holds what the bot says and how it behaves; the environment holds addresses and secrets. `load` and
`Environment.read` raise SettingsError with *all* faults at once, each with its path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from calls.assistant import AssistantSettings
from calls.errors import SettingsError
from calls.faq import FaqName, FaqSettings
from calls.faults import fitted
from calls.helpdesk import EscalationSettings
from calls.section import LanguageCode, Misfits, Section, Text, unknown
from calls.slots import SlotName, SlotSettings

OFFLINE_MODEL = "offline"
Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Spoken = dict[LanguageCode, Text]  # language -> sentence(s)


class Engine(Section):
    """Which engine of a kind is used, and its own options."""

    use: str = Field(description="the engine's name")
    options: dict[str, Any] = Field({}, description="the engine's own options")


class Prompts(Section):
    """What our own voice says inside the stream, by language."""

    disclosure: Spoken = Field(description="recording disclosure; can't be interrupted")
    greeting: Spoken = Field(description="asks what the caller wants; can be interrupted")
    greeting_known: Spoken = Field(description="the greeting of a caller whose {name} is known")
    offer_ticket: Spoken = Field(description="asks a caller who has an open {ticket} on a {topic} whether it is about that")
    ticket_noted: Spoken = Field(description="it is: asks what is to be added to the ticket")
    again: Spoken = Field(description="the first time that the caller was not understood")
    again_simpler: Spoken = Field(description="the second time")
    offer_human: Spoken = Field(description="the third time: asks whether a person should take over")
    anything_else: Spoken = Field(description="after an answer")
    goodbye: Spoken = Field(description="the last words of a call that is over")
    connecting: Spoken = Field(description="before the call is handed to a human")
    no_agent: Spoken = Field(description="nobody could take the call; promises a call back")
    still_there: Spoken = Field(description="the caller has been silent for listening.silence_ms")
    welcome_back: Spoken = Field(description="what can I do, after a declined offer of a human")
    nothing_to_repeat: Spoken = Field(description="the caller asks to hear it again before anything was said")
    recording_off: Spoken = Field(description="answer to the key that declines the recording")
    trouble: Spoken = Field(description="an engine failed; asks to say it again")
    nobody_there: Spoken = Field(description="no human is free now; asks whether to call back")
    closed: Spoken = Field(description="no human is there at this hour, but from {opening} on; asks whether to call back")
    callback_promised: Spoken = Field(description="the answer to a yes; ends the call")
    briefing_from: Spoken = Field(description="to the agent: who calls, {name} or number, and about what {topic}")
    briefing_unclear: Spoken = Field(description="to the agent: who calls ({name}), when it is not known about what")
    briefing_words: Spoken = Field(description="to the agent, before the caller's last words in the caller's language")
    briefing_keys: Spoken = Field(description="to the agent: 1 takes the call, 2 declines, 3 says it again")
    unknown_number: Spoken = Field(description="the {name} of a caller who has neither name nor number")
    suggestion: Spoken = Field(description="a first sentence for the agent to say to {name} about {topic}")
    suggestion_nameless: Spoken = Field(description="the same for a caller whose name is not known")
    suggestion_unclear: Spoken = Field(description="the same when it is not known what the call is about")
    solved: Spoken = Field(description="after an answer from the FAQ: asks whether that was it")
    not_solved: Spoken = Field(description="it was not: asks whether a person should take over")
    slot_confirm: Spoken = Field(description="reads back the {value} of a {label} and asks whether it is right")
    slot_again: Spoken = Field(description="the {label} was not understood or was wrong: asks for it again, or to key it in")
    slot_invalid: Spoken = Field(description="it can't be right (a check digit, no such date): asks for the {label} again")
    slot_given_up: Spoken = Field(description="the call goes on without the {label}")
    also_asked: Spoken = Field(description="comes back to a second wish of the same breath, a {topic}")
    upset: Spoken = Field(description="to a caller who is upset: regrets, and asks whether to connect to a person")
    language_changed: Spoken = Field(description="the first words in the language that the caller asked for")
    filler: Spoken = Field(description="a few words while a language model is slow to answer")
    other_ears: Spoken = Field(
        {
            "en": "Sorry, I can't hear you well at the moment. Please say it once more, or press zero for a person.",
            "hi": "माफ़ कीजिए, अभी मुझे आपकी आवाज़ ठीक से नहीं आ रही। कृपया एक बार फिर बोलिए, या किसी व्यक्ति से बात करने के लिए शून्य दबाइए।",
            "ta": "மன்னிக்கவும், இப்போது எனக்குச் சரியாகக் கேட்கவில்லை. இன்னொரு முறை சொல்லுங்கள், அல்லது ஊழியருடன் பேச பூஜ்யத்தை அழுத்துங்கள்.",
        },
        description="our recogniser has failed and Jambonz's listens now: asks to say it once more",
    )
    keypad_menu: Spoken = Field(
        {
            "en": "Please use the keys of your phone.",
            "hi": "कृपया अपने फ़ोन के बटन दबाइए।",
            "ta": "உங்கள் தொலைபேசியின் பொத்தான்களை அழுத்துங்கள்.",
        },
        description="nobody hears the caller: comes before the options of the keypad menu",
    )
    keypad_option: Spoken = Field(
        {
            "en": "For {topic}, press {key}.",
            "hi": "{topic} के लिए {key} दबाइए।",
            "ta": "{topic} பற்றி என்றால் {key} அழுத்துங்கள்.",
        },
        description="one of them: {key} for a {topic}",
    )
    keypad_human: Spoken = Field(
        {
            "en": "To talk to a person, press {key}.",
            "hi": "किसी व्यक्ति से बात करने के लिए {key} दबाइए।",
            "ta": "ஊழியருடன் பேச {key} அழுத்துங்கள்.",
        },
        description="the last of them: {key} for a person",
    )
    keypad_yes_no: Spoken = Field(
        {
            "en": "Press 1 for yes, 2 for no.",
            "hi": "हाँ के लिए 1, नहीं के लिए 2 दबाइए।",
            "ta": "ஆம் என்றால் 1, இல்லை என்றால் 2 அழுத்துங்கள்.",
        },
        description="after a yes-or-no question, when nobody hears the caller",
    )
    back_again: Spoken = Field(
        {
            "en": "Sorry, the line was gone for a moment. I am here again.",
            "hi": "माफ़ कीजिए, एक पल के लिए लाइन चली गई थी। मैं फिर से यहाँ हूँ।",
            "ta": "மன்னிக்கவும், ஒரு கணம் இணைப்பு போய்விட்டது. நான் மீண்டும் இருக்கிறேன்.",
        },
        description="the line to the bot broke and is there again; the question that stands follows",
    )

    @model_validator(mode="after")
    def fills_known_blanks(self) -> Self:
        known = {
            "slot_confirm": {"label", "value"},
            "slot_again": {"label"},
            "slot_invalid": {"label"},
            "slot_given_up": {"label"},
            "also_asked": {"topic"},
            "greeting_known": {"name"},
            "offer_ticket": {"ticket", "topic"},
            "closed": {"opening"},
            "keypad_option": {"topic", "key"},
            "keypad_human": {"key"},
            "briefing_from": {"name", "topic"},
            "briefing_unclear": {"name"},
            "suggestion": {"name", "topic"},
            "suggestion_nameless": {"topic"},
        }
        faults = []
        for prompt, spoken in self:
            for language, text in spoken.items():
                unfilled = set(re.findall(r"\{([^{}]*)\}", text)) - known.get(prompt, set())
                faults += [(f"{prompt}.{language}", f"nothing fills {{{blank}}}") for blank in sorted(unfilled)]
        if faults:
            raise Misfits(faults)
        return self


class IntentSettings(Section):
    """One thing that callers want."""

    label: Spoken = Field({}, description="what it is called when spoken of; the intent's own name where absent")
    description: Text = Field(description="what it means, for people and for language models")
    phrases: dict[LanguageCode, list[Text]] = Field(description="how callers say it, by language")
    answer: Spoken = Field({}, description="what the bot says; without one a human is offered")
    slots: dict[SlotName, SlotSettings] = Field({}, description="what the bot needs to know, or listens for; asked for in this order")
    priority: Literal["high", "normal"] = Field(
        "normal", description="of the tickets; high is answered first when a caller wants several things"
    )
    ends_in: Literal["ticket", "human"] = Field("ticket", description="a ticket and an answer, or a human at once")


class UnderstandingSettings(Engine):
    """How the bot finds out what callers want."""

    use: str = Field("rules", description="the engine's name")
    threshold: float = Field(0.5, ge=0, le=1, description="below this confidence the bot asks again")
    max_reprompts: int = Field(2, ge=0, le=5, description="asks again at most so often, then offers a human")
    variations: dict[Text, Text] = Field({}, description="misheard words -> what they mean; learnt from corrections")


class RecognizerSettings(Engine):
    """How the bot turns speech into words."""

    use: str = Field("whisper", description="the engine's name")
    hints: list[Text] = Field([], description="words of the trade that the recogniser should expect")
    beam_size: int | None = Field(
        None, ge=1, le=10, description="more is slower and a little better; left out: as the model's profile.json says"
    )
    max_no_speech: float = Field(0.6, ge=0, le=1, description="with a low log probability: taken for silence")
    min_avg_logprob: float = Field(-1.0, le=0, description="words of which the recogniser is less sure are not believed")
    max_compression_ratio: float = Field(2.4, gt=1, description="text that repeats itself more is not believed")
    min_level_db: float = Field(-50.0, le=0, description="utterances quieter than this are not transcribed (dBFS)")
    keep_language_below: float = Field(0.7, ge=0, le=1, description="a change of language needs more certainty than this")
    most_waiting: int = Field(64, ge=1, le=1000, description="so many utterances may wait for the model; more are refused at once")
    batch: int = Field(0, ge=0, le=64, description="utterances that the model hears at once; 0: as suits the device")
    hung_after_s: float = Field(20, ge=1, le=600, description="a model that takes longer for one batch is given up and loaded anew")


class VoiceSettings(Engine):
    """The voice that the bot speaks with."""

    use: str = Field("espeak", description="the engine's name")
    names: dict[LanguageCode, Text] = Field({"en": "en-gb", "hi": "hi", "ta": "ta"}, description="the engine's voice by language")
    words_per_minute: int = Field(160, ge=80, le=400, description="how fast it speaks")


class Listening(Section):
    """When the caller begins and ends to speak."""

    end_of_speech_ms: int = Field(450, ge=100, le=5000, description="so long a pause ends what the caller says")
    digits_end_of_speech_ms: int = Field(1200, ge=100, le=5000, description="the same while the caller reads out what was asked for")
    hint_ms: int = Field(200, ge=60, le=2000, description="so short a pause may be the end: the answer is begun, and kept back until it is")
    answer_end_of_speech_ms: int = Field(350, ge=100, le=5000, description="the same after a yes-or-no question")
    complete_end_of_speech_ms: int = Field(
        300, ge=100, le=5000, description="the same when the words are known, and are all that was asked for; never longer than the others"
    )
    unfinished_end_of_speech_ms: int = Field(
        900,
        ge=100,
        le=5000,
        description='the same when the words end in the middle: "and", "um", half of a number; never shorter than the others',
    )
    slower_by: float = Field(0.6, ge=0, le=2, description="so much longer is waited for a caller who makes long pauses; 0: all alike")
    key_timeout_ms: int = Field(4000, ge=500, le=30_000, description="so long without a further key, and a keyed number is complete")
    start_ms: int = Field(120, ge=20, le=1000, description="so much speech is needed before it counts")
    pre_roll_ms: int = Field(240, ge=0, le=1000, description="sound kept from before the first speech frame")
    max_utterance_ms: int = Field(20_000, ge=1000, le=60_000, description="longer speech is cut here")
    silence_ms: int = Field(9000, ge=2000, le=120_000, description="so long without a word, and the bot asks")
    without_ears: Literal["jambonz", "keypad", "human"] = Field(
        "jambonz",
        description="when our recognisers fail: Jambonz's recogniser listens, then a keypad menu; the menu at once; or a human at once",
    )
    jambonz_languages: dict[LanguageCode, Text] = Field(
        {"en": "en-IN", "hi": "hi-IN", "ta": "ta-IN"},
        description="what Jambonz's recogniser calls a language; its own default where absent",
    )
    jambonz_voices: dict[LanguageCode, Text] = Field(
        {}, description="Jambonz's voice by language, for when ours is gone too; its own default where absent"
    )
    acknowledgements: dict[LanguageCode, list[Text]] = Field(
        {
            "en": ["hmm", "hm", "mm", "mhm", "uh huh", "uh", "um", "ok", "okay", "yeah", "yes", "right", "i see", "sure", "oh"],
            "hi": ["हम्म", "हाँ", "हां", "जी", "अच्छा", "ठीक है", "ओके", "हाँ जी", "जी हाँ", "haan", "ji", "accha", "achha", "theek hai"],
            "ta": ["ம்ம்", "ஆமா", "ஆமாம்", "சரி", "ஓகே", "ம்", "aama", "sari"],
        },
        description="said over the bot these do not interrupt it",
    )


class PostCallSettings(Section):
    """An address of yours that gets every finished call as signed JSON (docs/post-call.md)."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="what /admin/deliveries calls it")]
    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=2000, description="where the JSON is posted to")]


class CrmSettings(Section):
    """How calls are told to CRMs; which of them are on is decided by their addresses and tokens in the environment."""

    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = Field("IN", description="where numbers without a country code are at home")
    create_contacts: bool = Field(True, description="HubSpot: make a contact for a caller that it does not know")
    dispositions: dict[str, str] = Field({}, description="HubSpot: outcome -> the GUID of a call disposition")
    give_up_after_s: int = Field(86_400, ge=60, le=1_209_600, description="so long a CRM that is down is tried again")
    post_call: list[PostCallSettings] = Field([], max_length=20, description="addresses of yours that get finished calls")

    @model_validator(mode="after")
    def tells_hooks_apart(self) -> Self:
        names = [hook.name for hook in self.post_call]
        if len(set(names)) < len(names):
            raise Misfits([("post_call", "two hooks have the same name")])
        if taken := set(names) & {"tally", "hubspot", "zendesk"}:
            raise Misfits([("post_call", f"{', '.join(sorted(taken))} is the name of a CRM; call the hook otherwise")])
        return self


class StreamSettings(Section):
    """The sound between Jambonz and the bot."""

    sample_rate: Literal[8000, 16000] = Field(16000, description="in Hz; Jambonz converts")
    lead_ms: int = Field(240, ge=160, le=1000, description="how far ahead of the caller's ear sound is sent")


class Limits(Section):
    """When the bot gives a call away."""

    max_call_s: int = Field(1800, ge=30, le=14_400, description="then the call goes to a human")
    max_silences: int = Field(2, ge=1, le=10, description="so often the bot asks into silence before it ends its part")
    max_unheard_s: int = Field(75, ge=20, le=600, description="so long a sound without words (hold music), then it is taken for silence")


class Settings(Section):
    """The whole of jambonz-app.json."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)
    schema_: str | None = Field(None, alias="$schema", description="where editors find jambonz-app.schema.json, to complete and check")
    company: Text = Field(description="whose helpdesk this is")
    languages: list[LanguageCode] = Field(min_length=1, description="the first is the one that a call begins in")
    welcome: Spoken = Field(description="a few words said by Jambonz's own speech vendor before the stream; nothing depends on it")
    prompts: Prompts
    intents: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], IntentSettings] = Field(description="what callers want, by name")
    faq: dict[FaqName, FaqSettings] = Field({}, description="questions that the bot answers by itself")
    assistant: AssistantSettings = AssistantSettings()
    keypad: dict[Key, Text] = Field({"0": "transfer_to_human", "9": "no_recording"}, description="key -> intent, or no_recording")
    understanding: UnderstandingSettings = UnderstandingSettings()
    recognizer: RecognizerSettings = RecognizerSettings()
    voice: VoiceSettings = VoiceSettings()
    listening: Listening = Listening()
    escalation: EscalationSettings
    crm: CrmSettings = CrmSettings()
    stream: StreamSettings = StreamSettings()
    limits: Limits = Limits()

    @property
    def language(self) -> str:
        return self.languages[0]

    @model_validator(mode="after")
    def speaks_its_language(self) -> Self:
        """Every prompt and answer exists in the first language, which is what the others fall back to."""
        missing = [f"prompts.{name}" for name, spoken in self.prompts if self.language not in spoken]
        missing += [
            f"intents.{name}.answer" for name, intent in self.intents.items() if intent.answer and self.language not in intent.answer
        ]
        missing += ["welcome"] if self.language not in self.welcome else []
        if missing:
            raise Misfits([(place, f"nothing in {self.language!r}, the first of languages") for place in missing])
        return self

    @model_validator(mode="after")
    def names_what_exists(self) -> Self:
        faults = [("intents", f"there must be one called {name!r}") for name in ("transfer_to_human", "other") if name not in self.intents]
        keys = {f"keypad.{key}": name for key, name in self.keypad.items() if name != "no_recording"}
        entries = {f"faq.{key}.intent": entry.intent for key, entry in self.faq.items() if entry.intent}
        skilled = {f"escalation.agents.{name}": agent.intents for name, agent in self.escalation.agents.items()}
        skilled |= {f"escalation.queues.{name}": queue.intents for name, queue in self.escalation.queues.items()}
        skills = {f"{place}.intents.{at}": intent for place, intents in skilled.items() for at, intent in enumerate(intents)}
        known = {place: {*self.intents, "no_recording"} if place in keys else set(self.intents) for place in keys | entries | skills}
        faults += [
            (place, unknown("intent", intent, known[place]))
            for place, intent in (keys | entries | skills).items()
            if intent not in known[place]
        ]
        if faults:
            raise Misfits(faults)
        return self


def pick(spoken: Mapping[str, str], language: str, fallback: str) -> str:
    """The sentence in `language`, or else in `fallback`; "" when there is neither."""
    return spoken.get(language) or spoken.get(fallback, "")


def fill(text: str, blanks: Mapping[str, str]) -> str:
    """`{name}` and the like by their values; other braces stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda blank: blanks.get(blank[1], blank[0]), text)


def load(path: str | Path = "jambonz-app.json") -> Settings:
    """Read and check jambonz-app.json. Raises SettingsError that names every fault with its line and path, but no value."""
    return parsed(read_text(path), path)


def parsed(text: str, path: str | Path) -> Settings:
    """The text of the file at `path`. Raises SettingsError."""
    settings, _, misfits = fitted(Settings, text)
    if settings is None:
        raise SettingsError("\n".join([f"{path} does not fit:", *(f"  {fault.told(Path(path).name, found=False)}" for fault in misfits)]))
    return settings


def read_text(path: str | Path) -> str:
    """The file's text. Raises SettingsError."""
    try:
        return Path(path).read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; set BOT_CONFIG to where your jambonz-app.json is") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: can't be read as UTF-8 text ({type(error).__name__})") from None


def faults(error: ValidationError) -> list[str]:
    """One line a fault: its path, and what is expected there."""
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        lines.append(f"  {place + ': ' if place else ''}{fault['msg'].removeprefix('Value error, ')}")
    return lines


class Environment(BaseModel):
    """The environment variables that we read; .env.example and the README describe each."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    host: str = Field("0.0.0.0", alias="HOST")  # noqa: S104 - Jambonz is another machine
    port: int = Field(3000, alias="PORT", ge=0, le=65535)
    public_url: str = Field("", alias="PUBLIC_URL", pattern=r"^(https?://[^\s/]+(/[^\s]*)?)?$")
    jambonz_webhook_secret: SecretStr = Field(SecretStr(""), alias="JAMBONZ_WEBHOOK_SECRET")
    allow_unsigned: bool = Field(False, alias="ALLOW_UNSIGNED")
    bot_config: str = Field("jambonz-app.json", alias="BOT_CONFIG")
    database_url: SecretStr = Field(SecretStr("sqlite:///data/voicebot.db"), alias="DATABASE_URL")
    redis_url: SecretStr = Field(SecretStr(""), alias="REDIS_URL")
    whisper_model: str = Field("", alias="WHISPER_MODEL")
    whisper_device: Literal["auto", "cpu", "cuda"] = Field("auto", alias="WHISPER_DEVICE")
    stt_url: str = Field("", alias="STT_URL", pattern=r"^(https?://[^\s/]+(/[^\s]*)?)?$")
    stt_key: SecretStr = Field(SecretStr(""), alias="STT_KEY")
    stt_port: int = Field(8000, alias="STT_PORT", ge=0, le=65535)
    max_calls: int = Field(20, alias="MAX_CALLS", ge=1, le=1000)
    max_desks: int = Field(20, alias="MAX_DESKS", ge=1, le=1000)
    session_secret: SecretStr = Field(SecretStr(""), alias="SESSION_SECRET")
    open_phone: bool = Field(False, alias="OPEN_PHONE")
    notice_s: int = Field(0, alias="NOTICE_SECONDS", ge=0, le=120)
    drain_s: int = Field(120, alias="DRAIN_SECONDS", ge=0, le=3600)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="LOG_LEVEL")
    anthropic_api_key: SecretStr = Field(SecretStr(""), alias="ANTHROPIC_API_KEY")
    anthropic_base_url: str = Field("", alias="ANTHROPIC_BASE_URL", pattern=r"^(https?://[^\s/]+(/[^\s]*)?)?$")
    openai_api_key: SecretStr = Field(SecretStr(""), alias="OPENAI_API_KEY")
    openai_base_url: str = Field("", alias="OPENAI_BASE_URL", pattern=r"^(https?://[^\s/]+(/[^\s]*)?)?$")
    tally_url: str = Field("", alias="TALLY_URL")
    tally_token: SecretStr = Field(SecretStr(""), alias="TALLY_TOKEN")
    tally_webhook_secret: SecretStr = Field(SecretStr(""), alias="TALLY_WEBHOOK_SECRET")
    hubspot_token: SecretStr = Field(SecretStr(""), alias="HUBSPOT_TOKEN")
    hubspot_url: str = Field("https://api.hubapi.com", alias="HUBSPOT_URL")
    hubspot_client_secret: SecretStr = Field(SecretStr(""), alias="HUBSPOT_CLIENT_SECRET")
    zendesk_url: str = Field("", alias="ZENDESK_URL")
    zendesk_email: str = Field("", alias="ZENDESK_EMAIL")
    zendesk_token: SecretStr = Field(SecretStr(""), alias="ZENDESK_TOKEN")
    zendesk_webhook_secret: SecretStr = Field(SecretStr(""), alias="ZENDESK_WEBHOOK_SECRET")
    post_call_secret: SecretStr = Field(SecretStr(""), alias="POST_CALL_SECRET")
    admin_password: SecretStr = Field(SecretStr(""), alias="ADMIN_PASSWORD")
    worker_id: str = Field("", alias="WORKER_ID")

    @model_validator(mode="after")
    def are_complete(self) -> Self:
        """A CRM is on when its address and its token are there; one without the other is a mistake."""
        secret = SecretStr.get_secret_value
        faults = []
        if bool(self.tally_url) != bool(secret(self.tally_token)):
            faults.append("TALLY_URL and TALLY_TOKEN go together: set both, or neither")
        if len({bool(self.zendesk_url), bool(self.zendesk_email), bool(secret(self.zendesk_token))}) > 1:
            faults.append("ZENDESK_URL, ZENDESK_EMAIL and ZENDESK_TOKEN go together: set all, or none")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Environment:
        """From os.environ; an empty variable counts as absent. Raises SettingsError that names every fault."""
        names = {field.alias for field in cls.model_fields.values()}
        try:
            return cls.model_validate({name: value for name, value in environ.items() if name in names and value.strip()})
        except ValidationError as error:
            raise SettingsError("\n".join(["the environment does not fit:", *faults(error)])) from None

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """Several may be valid while one is being replaced; the first signs what we sign."""
        return tuple(part.strip() for part in self.jambonz_webhook_secret.get_secret_value().split(",") if part.strip())

    @property
    def threads(self) -> int:
        """Request threads: one a call; three a page of the desk, whose agent may talk in it (its events, its sound, the caller's);
        and enough beside them that hooks never wait for either."""
        return self.max_calls + 3 * self.max_desks + 16
