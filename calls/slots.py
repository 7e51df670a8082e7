"""What a helpdesk asks callers for: identifiers, dates, amounts. The kinds, and how jambonz-app.json asks for them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from calls.section import LanguageCode, Section, Text

SlotName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class SlotKind(StrEnum):
    """How a value is heard, checked and read back. The normal form of each stands beside it."""

    DIGITS = "digits"  # "4567": digits alone; Tally serials, pin codes, customer numbers
    ORDER_ID = "order_id"  # "OD1234": capital letters and digits
    SERIAL = "serial"  # the nine digits of a Tally licence
    GSTIN = "gstin"  # 15 characters with a check digit
    PHONE = "phone"  # E.164, "+919876543210"
    DATE = "date"  # ISO 8601, "2026-11-21"
    AMOUNT = "amount"  # a decimal number, "1250.50"


class SlotSettings(Section):
    """One thing that an intent needs to know of the caller."""

    kind: SlotKind = Field(description="how it is heard, checked and read back")
    label: dict[LanguageCode, Text] = Field(description="what it is called, when spoken of")
    ask: dict[LanguageCode, Text] = Field(description="asks the caller for it; says that it can be keyed in")
    required: bool = Field(False, description="the bot asks for it before it answers; else it only listens for it")
    min_length: int = Field(1, ge=1, le=40, description="of its normal form, in characters; for digits and order ids")
    max_length: int = Field(20, ge=1, le=40, description="of its normal form, in characters")
    when: Literal["coming", "past", "any"] = Field("any", description="for dates: which one is meant where the caller leaves it open")

    @model_validator(mode="after")
    def lengths_fit(self) -> Self:
        if self.min_length > self.max_length:
            raise ValueError(f"min_length {self.min_length} is more than max_length {self.max_length}")
        return self
