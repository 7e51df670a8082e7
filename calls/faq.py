"""Questions that the bot can answer by itself, as jambonz-app.json holds them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calls.section import LanguageCode, Section, Text

Link = Annotated[str, Field(pattern=r"^(https://[^\s/]+(/\S*)?)?$", max_length=500)]
FaqName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class FaqSettings(Section):
    """One question with its spoken answer."""

    questions: dict[LanguageCode, list[Text]] = Field(description="how callers ask it, by language")
    answer: dict[LanguageCode, Text] = Field(description="what the bot says")
    intent: str = Field("", description="the intent whose calls it answers; without one it is looked for in all calls")
    link: Link = Field("", description="more about it, for the agent's page")
