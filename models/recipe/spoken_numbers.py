"""How callers read numbers aloud: digit by digit, in runs ("double five"), in groups with pauses, in three languages.

Everything here takes digits as written ("9884452210") and returns what the synthesiser reads. PAUSE stands for a short
silence, which make_data.py puts in; a comma is a hint to the voice.
"""

from __future__ import annotations

import random

PAUSE = "/"  # between groups of digits
BREAK = "//"  # between sentences

DIGIT_EN = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS_EN = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS_EN = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
ORDINALS_EN = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty_first",
    "twenty_second",
    "twenty_third",
    "twenty_fourth",
    "twenty_fifth",
    "twenty_sixth",
    "twenty_seventh",
    "twenty_eighth",
    "twenty_ninth",
    "thirtieth",
    "thirty_first",
]
DIGIT_HI = ["शून्य", "एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ"]
ENGLISH_DIGIT_HI = ["ज़ीरो", "वन", "टू", "थ्री", "फोर", "फाइव", "सिक्स", "सेवन", "एट", "नाइन"]
COUNT_HI = [
    *DIGIT_HI,
    *["दस", "ग्यारह", "बारह", "तेरह", "चौदह", "पंद्रह", "सोलह", "सत्रह", "अठारह", "उन्नीस", "बीस", "इक्कीस", "बाईस", "तेईस", "चौबीस"],
]
COUNT_HI += ["पच्चीस", "छब्बीस", "सत्ताईस", "अट्ठाईस", "उनतीस", "तीस", "इकतीस"]
DIGIT_TA = ["பூஜ்ஜியம்", "ஒன்று", "இரண்டு", "மூன்று", "நான்கு", "ஐந்து", "ஆறு", "ஏழு", "எட்டு", "ஒன்பது"]
COLLOQUIAL_DIGIT_TA = ["சைபர்", "ஒண்ணு", "ரெண்டு", "மூணு", "நாலு", "அஞ்சு", "ஆறு", "ஏழு", "எட்டு", "ஒம்பது"]
ENGLISH_DIGIT_TA = ["ஜீரோ", "ஒன்", "டூ", "த்ரீ", "ஃபோர்", "ஃபைவ்", "சிக்ஸ்", "செவன்", "எயிட்", "நைன்"]
COUNT_TA = [
    *DIGIT_TA,
    *["பத்து", "பதினொன்று", "பன்னிரண்டு", "பதிமூன்று", "பதினான்கு", "பதினைந்து", "பதினாறு", "பதினேழு", "பதினெட்டு", "பத்தொன்பது", "இருபது"],
]
COUNT_TA += [
    "இருபத்தொன்று",
    "இருபத்திரண்டு",
    "இருபத்துமூன்று",
    "இருபத்துநான்கு",
    "இருபத்தைந்து",
    "இருபத்தாறு",
    "இருபத்தேழு",
    "இருபத்தெட்டு",
    "இருபத்தொன்பது",
    "முப்பது",
    "முப்பத்தொன்று",
]

# how often callers use each set of digit words, and their words for runs of two and three
DIGIT_WORDS = {
    "en": [(0.7, DIGIT_EN), (0.3, ["oh", *DIGIT_EN[1:]])],
    "hi": [(0.55, DIGIT_HI), (0.45, ENGLISH_DIGIT_HI)],
    "ta": [(0.35, DIGIT_TA), (0.2, COLLOQUIAL_DIGIT_TA), (0.45, ENGLISH_DIGIT_TA)],
}
RUN_WORDS = {"en": ("double", "triple"), "hi": ("डबल", "ट्रिपल"), "ta": ("டபுள்", "ட்ரிபிள்")}
GROUPS = {  # of how many digits callers make one breath
    4: [(4,), (4,), (2, 2)],
    5: [(5,), (2, 3), (3, 2)],
    6: [(6,), (3, 3), (2, 2, 2)],
    7: [(7,), (3, 4), (4, 3)],
    8: [(8,), (4, 4), (3, 3, 2), (2, 2, 2, 2)],
    9: [(9,), (3, 3, 3), (4, 5), (5, 4)],
    10: [(10,), (3, 3, 4), (5, 5), (5, 5), (2, 2, 2, 2, 2), (4, 3, 3), (2, 4, 4)],
}


def digits_of(rng: random.Random, length: int, *, first: str = "") -> str:
    """Random digits; every third number has many repeats, as those are the hard ones."""
    repeats = rng.choice([0.0, 0.0, 0.35])
    digits = first or rng.choice("123456789" if rng.random() < 0.85 else "0")
    while len(digits) < length:
        digits += digits[-1] if rng.random() < repeats else rng.choice("0123456789")
    return digits


def say_digits(rng: random.Random, digits: str, lang: str) -> str:
    """Digit by digit, in the ways callers vary it."""
    if lang == "en" and len(digits) in (4, 6) and "0" not in digits[::2] and rng.random() < 0.08:
        return " ".join(_pair(digits[i : i + 2]) for i in range(0, len(digits), 2))  # twelve thirty four
    kinds = DIGIT_WORDS[lang]
    words = rng.choices([words for _, words in kinds], [share for share, _ in kinds])[0]
    joins_runs = rng.random() < 0.5 and words not in (DIGIT_HI, DIGIT_TA, COLLOQUIAL_DIGIT_TA)
    joins_runs = joins_runs or rng.random() < 0.25
    spoken, at = [], 0
    groups = rng.choice(GROUPS[len(digits)]) if len(digits) in GROUPS and rng.random() < 0.75 else (len(digits),)
    mark = rng.choice([PAUSE, PAUSE, ","])
    for size in groups:
        spoken.append(_group(rng, digits[at : at + size], words, RUN_WORDS[lang] if joins_runs else None))
        at += size
    return f" {mark} ".join(spoken)


def _group(rng: random.Random, digits: str, words: list[str], run_words: tuple[str, str] | None) -> str:
    spoken, at = [], 0
    while at < len(digits):
        run = next(n for n in (3, 2, 1) if digits[at : at + n] == digits[at] * n)
        if run == 3 and rng.random() < 0.3:  # "double five five"
            run = 2
        if run > 1 and run_words:
            spoken.append(run_words[run - 2])
        else:
            run = 1
        spoken.append(words[int(digits[at])])
        at += run
    return " ".join(spoken)


def _pair(two: str) -> str:
    n = int(two)
    return cardinal_en(n) if n >= 10 else "oh " + DIGIT_EN[n]


def cardinal_en(n: int) -> str:
    """0 .. 99 in words."""
    if n < 20:
        return (DIGIT_EN + TEENS_EN)[n]
    return TENS_EN[n // 10 - 2] + (" " + DIGIT_EN[n % 10] if n % 10 else "")


def count(n: int, lang: str) -> str:
    """0 .. 31 in words of the language."""
    return {"en": cardinal_en, "hi": COUNT_HI.__getitem__, "ta": COUNT_TA.__getitem__}[lang](n)


def amount(rng: random.Random, lang: str) -> tuple[str, str]:
    """(written, spoken) of a round sum in rupees: "12500 rupees"."""
    big, thousand = rng.choice([(100, False), (1000, True), (1000, True)])
    n = rng.randint(1, 9 if big == 100 else 25)
    half = thousand and rng.random() < 0.3
    written = str(n * big + (500 if half else 0))
    if lang == "en":
        spoken = f"{cardinal_en(n)} {'thousand' if thousand else 'hundred'}{' five hundred' if half else ''}"
        return f"{written} rupees", f"{spoken} rupees"
    if lang == "hi":
        spoken = f"{COUNT_HI[n]} {'हज़ार' if thousand else 'सौ'}{' पाँच सौ' if half else ''}"
        return f"{written} रुपये", f"{spoken} रुपये"
    return f"{written} ரூபாய்", f"{_sum_ta(n, thousand)}{' ஐநூறு' if half else ''} ரூபாய்"


HUNDREDS_TA = ["நூறு", "இருநூறு", "முந்நூறு", "நானூறு", "ஐநூறு", "அறுநூறு", "எழுநூறு", "எண்ணூறு", "தொள்ளாயிரம்"]


def _sum_ta(n: int, thousand: bool) -> str:
    if not thousand:
        return HUNDREDS_TA[n - 1]
    return "ஆயிரம்" if n == 1 else f"{COUNT_TA[n]} ஆயிரம்"


def date(rng: random.Random, lang: str, months: list[str]) -> tuple[str, str]:
    """(written, spoken) of a day of a year: "15 march"."""
    day, month = rng.randint(1, 31), rng.choice(months)
    if lang == "en":
        spoken = rng.choice([ORDINALS_EN[day - 1].replace("_", " "), cardinal_en(day)])
        return f"{day} {month}", f"{spoken} {month}"
    if lang == "hi":
        return f"{day} {month}", f"{COUNT_HI[day]} {month}"
    return f"{month} {day}", f"{month} {COUNT_TA[day]}"


def hour(rng: random.Random, lang: str) -> tuple[str, str]:
    """(written, spoken) of a time: "4 pm", "10 30 am", "10 बजे"."""
    n = rng.randint(1, 12)
    if lang == "hi":
        return f"{n} बजे", f"{COUNT_HI[n]} बजे"
    if lang == "ta":
        return f"{n} மணிக்கு", f"{COUNT_TA[n]} மணிக்கு"
    half = rng.choice(["am", "pm", "pm", "o'clock"])
    minutes = rng.choice(["", "", "30", "15"]) if half != "o'clock" else ""
    middle = f" {cardinal_en(int(minutes))}" if minutes else ""
    spoken = {"am": "A M", "pm": "P M"}.get(half, half)
    return " ".join(filter(None, [str(n), minutes, half])), f"{cardinal_en(n)}{middle} {spoken}"
