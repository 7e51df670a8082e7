"""Phone numbers: from whatever a line says to E.164, which is how CRMs know their customers.

The rules of the world's numbering plans are the `phonenumbers` library's (a port of Google's libphonenumber).
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, ValidationResult

from calls.call import CallRecord

# Jambonz hands on the user part of the From header; some carriers leave the whole address in it.
ADDRESS = re.compile(r"(?:sips?|tel):([^@;>]*)", re.IGNORECASE)
WRITTEN = re.compile(r"\+?[\d\s().\-]{3,40}")  # no letters: "1-800-FLOWERS" is nobody's caller id
E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def e164(raw: str, *, region: str = "IN") -> str | None:
    """`raw` as Jambonz or a person writes it, in E.164; None when it is no number that could be called back.

    Without a "+" it is read as a number of `region` (ISO 3166), with or without trunk 0 and country code, or else as an
    international one. With a "+" it need only be a possible number: new ranges come before the library knows them."""
    digits = _written(raw)
    if not digits:
        return None
    if digits.startswith("+"):
        return _formatted(digits, None, known_range=False)
    return _formatted(digits, region, known_range=True) or _formatted(f"+{digits}", None, known_range=True)


def national(number: str) -> str:
    """Area and local part of an E.164 number, without the country code: "9812345678" of "+919812345678"; "" of no number."""
    parsed = _parsed(number, None)
    return phonenumbers.national_significant_number(parsed) if parsed else ""


def international(number: str) -> str:
    """An E.164 number as its country groups it: "+44 7911 123456"; "" of no number."""
    parsed = _parsed(number, None)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL) if parsed else ""


def far_end(record: CallRecord) -> str:
    """The number of the person that the bot spoke with, as the line wrote it."""
    return record.called if record.direction == "outbound" else record.caller


def _written(raw: str) -> str:
    """The number's own characters, out of a SIP or tel address too; "" when there is anything else in it."""
    address = ADDRESS.search(raw)
    text = unquote(address.group(1)) if address else raw
    text = text.strip()
    return text if WRITTEN.fullmatch(text) else ""


def _formatted(digits: str, region: str | None, *, known_range: bool) -> str | None:
    number = _parsed(digits, region)
    if number is None or not (phonenumbers.is_valid_number(number) if known_range else _possible(number)):
        return None
    text = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return text if E164.fullmatch(text) else None


def _possible(number: PhoneNumber) -> bool:
    """As long as that country's numbers are; one that would do without its area code is not."""
    return phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE


def _parsed(digits: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(digits, region)
    except NumberParseException:
        return None
