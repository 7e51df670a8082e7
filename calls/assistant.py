"""What jambonz-app.json tells a language model, and what it asks of it. Used by the engines "claude" and "openai"."""

from __future__ import annotations

from pydantic import Field

from calls.section import Section, Text


class Prices(Section):
    """US dollars for a million tokens, for the cost figures of a call."""

    input: float = Field(0.0, ge=0, description="tokens sent")
    output: float = Field(0.0, ge=0, description="tokens answered")
    cache_read: float = Field(0.0, ge=0, description="tokens sent that the vendor still knew")
    cache_write: float = Field(0.0, ge=0, description="tokens that it was told to remember")


class AssistantSettings(Section):
    """What a language model is told, and what is asked of it; for the engines "claude" and "openai"."""

    model: str = Field("", max_length=200, description="the model's name; empty: the engine's own default")
    persona: Text = Field("You are a friendly, brief helpdesk assistant on the telephone.", description="who it is, and how it talks")
    knowledge: list[Text] = Field([], description="facts that it may tell, besides the intents' and the FAQ's answers")
    guardrails: list[Text] = Field([], description="what it must never do or say")
    filler_after_ms: int = Field(1500, ge=200, le=10_000, description="no speakable text by then: a short filler is said")
    give_up_after_ms: int = Field(5000, ge=500, le=30_000, description="none by then either: the rules answer this turn")
    max_history_turns: int = Field(20, ge=1, le=200, description="older turns are told in a short form")
    max_reply_tokens: int = Field(300, ge=50, le=2000, description="an answer is cut there")
    tools: bool = Field(True, description="it may look up tickets, write a note, connect to a person, end the call")
    ahead: bool = Field(
        True, description="asked at every pause that may be the end: faster, but some requests are made in vain (and paid for)"
    )
    summaries: bool = Field(True, description="it writes the summary of ended calls, too")
    prices: Prices = Prices()
