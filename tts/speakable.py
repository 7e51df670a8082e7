"""Written sentences as the voice should say them: numbers, money, dates, times, identifiers and addresses in words. Pure.

Each rule is a pattern and what it becomes. They run in order: an address is gone before dates are looked for, a date before
identifiers, and plain numbers come last. A rule that returns its match leaves it to the later ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial

from tts import figures as says
from tts.wording import MONTHS, WORDINGS

Rule = tuple[re.Pattern[str], Callable[[re.Match[str], str], str]]

FREE, ENDS = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
GROUPED = r"\d{1,3}(?:,\d{2,3})*,\d{3}(?!\d)(?:\.\d+)?"
NUMBER = rf"(?:{GROUPED}|\d+(?:\.\d+)?)"
MULTIPLE = r"lakhs?|crores?|thousand|million|लाख|करोड़|हज़ार|हजार|லட்சம்|கோடி|ஆயிரம்"
AMOUNT = rf"(?P<minus>-)?(?P<number>{NUMBER})(?:\s*(?P<multiple>(?:{MULTIPLE})(?!\w)|[kK]\b))?"
CURRENCY = r"₹|\bRs\b\.?|\bINR\b|रु\.|ரூ\."
RUPEES = r"rupees?\b|रुपये|रुपए|रूपये|रुपया|ரூபாய்"
A_MONTH = "|".join(rf"{name}|{name.upper()}{'' if name == 'May' else '|' + name.lower()}" for name in MONTHS)
DOMAIN = r"(?:[a-z0-9-]+\.)+(?:com|in|org|net|io|co|gov|app|help|info|biz|example)\b"
ADDRESS = rf"https?://[^\s<>]+|www\.[^\s<>]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b{DOMAIN}(?:/[^\s<>]*)?"
CALLED = (
    r"ticket|order|otp|pin|code|serial|invoice|voucher|reference|ref|id|number|digits|"
    r"टिकट|ऑर्डर|ओटीपी|पिन|कोड|नंबर|संख्या|டிக்கெட்|ஆர்டர்|ஓடிபி|பின்|எண்|குறியீடு"
)
LINKING = r"number|no\.?|id|code|is|are|नंबर|संख्या|है|எண்"
UNITS = r"days?|hours?|hrs|minutes?|mins?|seconds?|secs?|weeks?|months?|years?|users?|kg|km|times"
SPELLED = (
    "GST GSTIN GSTN IGST CGST SGST UTGST IRN IRP OTP TSS TDS TCS UPI ERP API EMI ID HSN SAC ITC AMC PDF SMS CSV XML URL MSME TDL "
    "ODBC VPN LAN KYC NEFT RTGS IFSC EPF ESI QR CA USB IP AI IVR CRM IST"
)
SILENT = str.maketrans(dict.fromkeys('*#_`~|\\{}[]^<>="', " "))


def speakable(text: str, language: str) -> str:
    """`text` without digits, symbols and mark-up; "" when nothing in it can be said.

    For a language that WORDINGS lacks only the mark-up goes: its voice reads digits by itself."""
    text = plain(text)
    for pattern, words in RULES if language in WORDINGS else ():
        text = pattern.sub(partial(_apply, words, language), text)
    return tidy(text)


def plain(text: str) -> str:
    """One line with ASCII digits, without tags, emoji and control characters."""
    text = unicodedata.normalize("NFKC", re.sub("[™®©]", "", text)).replace("−", "-")
    untagged = re.sub(r"</?[A-Za-z][^<>]*>", " ", text)
    text = untagged if can_be_said(untagged) else text
    return "".join(_plain(character) for character in text)


def _plain(character: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    category = unicodedata.category(character)
    spoken = category[0] in "LMNP" or category == "Sc" or character in "+=\u200c\u200d"
    return character if spoken else " "


def tidy(text: str) -> str:
    text = re.sub(r"\s+", " ", text.translate(SILENT))
    text = re.sub(r" +(?=[.,;:?!।])|(?<=\() +| +(?=\))", "", text).strip()
    return unicodedata.normalize("NFC", text) if can_be_said(text) else ""


def can_be_said(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _apply(words: Callable[[re.Match[str], str], str], language: str, match: re.Match[str]) -> str:
    return words(match, language)


def _rule(pattern: str, words: Callable[[re.Match[str], str], str], *, any_case: bool = False) -> Rule:
    """The pattern is normalised as `plain` normalises texts, or ज़ would not find ज़."""
    return re.compile(unicodedata.normalize("NFKC", pattern), re.IGNORECASE if any_case else 0), words


RULES: tuple[Rule, ...] = (
    _rule(ADDRESS, says.address, any_case=True),
    _rule(rf"{FREE}(?!\d\d? [AP] M(?!,? [A-Z\d]))[A-Z\d](?:,? [A-Z\d]){{2,}}(?!\w|[.,]\d)", says.spelled_out),
    _rule(rf"{FREE}(?P<year>\d{{4}})-(?P<month>\d\d?)-(?P<day>\d\d?)(?!\d)(?:T(?=\d\d:))?", says.date),
    _rule(rf"{FREE}(?P<day>\d\d?)([-/.])(?P<month>\d\d?)\2(?P<year>\d{{4}})(?!\d)", says.date),
    _rule(rf"{FREE}(?P<day>\d\d?)([-/])(?P<month>\d\d?)\2(?P<year>\d\d)(?![\d/-])", says.date),
    _rule(
        rf"{FREE}(?P<day>\d\d?)(?:st|nd|rd|th)?(?:\s+of)?[\s-]+(?P<name>{A_MONTH})\b\.?(?:,?[\s-]+(?P<year>\d{{4}})(?!\d))?",
        says.date_by_name,
    ),
    _rule(rf"\b(?P<name>{A_MONTH})\.?\s+(?P<day>\d\d?)(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?(?![\d:.,]*\d)", says.date_by_name),
    _rule(
        rf"{FREE}(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?!\d)(?:\s*(?P<half>[ap])\.?m\b\.?|\s*(?:बजे|மணி))?",
        says.time,
        any_case=True,
    ),
    _rule(rf"{FREE}(?P<hour>1[0-2]|[1-9])(?:[.](?P<minute>[0-5]\d))?\s*(?P<half>[ap])\.?m\b\.?", says.time, any_case=True),
    _rule(rf"(?:{CURRENCY})\s*{AMOUNT}(?:\s*/-)?(?:\s*(?:{RUPEES}))?", says.money, any_case=True),
    _rule(rf"{FREE}{AMOUNT}\s*(?:/-|(?:{CURRENCY})|{RUPEES})", says.money, any_case=True),
    _rule(r"(?<!\w)\+(?P<country>91|1|\d{1,3}(?=[ -]))[ -]?(?P<number>\d[\d -]{5,16}\d)(?!\d)", says.phone),
    _rule(rf"{FREE}(?P<number>\d{{2,5}}(?:[ -]\d{{2,8}}){{1,4}}){ENDS}", says.long_groups),
    _rule(rf"{FREE}(?P<since>(?:19|20)\d\d)\s?[-–]\s?(?P<until>\d\d|(?:19|20)\d\d)(?![\d-])", says.years),
    _rule(r"(?<![\w/.,-])(?P<low>\d{1,3})\s?[-–]\s?(?=\d{1,3}(?![\w/-]|[.,]\d))", says.span),
    _rule(r"(?<!\w)(?P<number>\d+(?:-\d+)+|\d+(?:/\d+){2,})(?![\w-])", says.digit_groups),
    _rule(r"(?<![\w.,)-])-(?=\d)", says.minus),
    _rule(rf"{FREE}(?P<number>{NUMBER})\s*%", says.percent),
    _rule(r"\bno\.\s*(?=\d)|#\s?(?=[A-Za-z]*-?\d)", says.number_sign, any_case=True),
    _rule(rf"(?P<before>(?<!\w)(?:{CALLED})(?:\s+(?:{LINKING}))*\s*[:#-]?\s*)(?P<number>\d{{3,4}})(?!\w|[.,]\d)", says.code, any_case=True),
    _rule(rf"{FREE}(?P<number>\d{{1,4}})(?:st|nd|rd|th)\b", says.ordinal),
    _rule(r"(?P<number>\d{1,4})\s?-?(?P<suffix>ஆவது|வது|ஆம்)", says.tamil_ordinal),
    _rule(r"(?<=\d)-(?=[^\W\d_a-zA-Z])", lambda match, language: ""),
    _rule(rf"{FREE}(?P<number>\d{{1,4}})(?:-(?=[a-z]{{3}})|(?=(?:{UNITS})\b))", says.measure),
    _rule(rf"{FREE}(?P<letter>[A-Za-z]?)(?P<number>(?<=[A-Za-z])\d+(?:\.\d+)+|\d+(?:\.\d+){{2,}})", says.version),
    _rule(rf"{FREE}(?=[A-Za-z/-]*\d)(?=[\d/-]*[A-Za-z])[A-Za-z0-9]+(?:[-/][A-Za-z0-9]+)*{ENDS}", says.identifier),
    _rule(rf"(?<!\d){GROUPED}|\d+\.\d+", says.quantity),
    _rule(r"\d+", says.number),
    _rule(rf"{FREE}(?P<letters>{'|'.join(SPELLED.split())}|[B-DF-HJ-NP-TV-XZ]{{2,5}})(?P<plural>s?){ENDS}", says.spelled),
    _rule(r"[&+/@]", says.symbol),
)
