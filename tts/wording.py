"""The words that each language's voice needs for digits, letters, money and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _letters(names: str) -> dict[str, str]:
    return dict(zip(LATIN, names.split(), strict=True))


ENGLISH_MONTHS = _words("January February March April May June July August September October November December")
MONTHS = (*ENGLISH_MONTHS, "Sept", *(name[:3] for name in ENGLISH_MONTHS if name != "May"))  # as people write them


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's. `rupee` and `paisa` are for one of them, `rupees` and `paise` for more."""

    one: str  # of something that is counted
    digits: tuple[str, ...]
    letters: Mapping[str, str]
    months: tuple[str, ...]
    rupee: str
    rupees: str
    paisa: str
    paise: str
    crore: str
    percent: str
    point: str
    minus: str
    plus: str
    to: str
    dot: str
    at: str
    slash: str
    dash: str
    underscore: str
    number: str
    both: str  # "&"
    day_parts: tuple[str, str, str, str] = ("", "", "", "")  # night, morning, afternoon, evening; English says A M and P M
    clearer_letters: Mapping[str, str] = field(default_factory=dict)  # for codes, where two of `letters` are written alike


ENGLISH = Wording(
    one="one",
    digits=("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    letters=dict(zip(LATIN, LATIN, strict=True)) | {"A": "eigh"},  # a lone A would be read as the article
    months=ENGLISH_MONTHS,
    rupee="rupee",
    rupees="rupees",
    paisa="paisa",
    paise="paise",
    crore="crore",
    percent="percent",
    point="point",
    minus="minus",
    plus="plus",
    to="to",
    dot="dot",
    at="at",
    slash="slash",
    dash="dash",
    underscore="underscore",
    number="number",
    both="and",
)

HINDI = Wording(
    one="एक",
    digits=("शून्य", "एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ"),
    letters=dict(
        zip(
            LATIN,
            [
                "ए",
                "बी",
                "सी",
                "डी",
                "ई",
                "एफ़",
                "जी",
                "एच",
                "आई",
                "जे",
                "के",
                "एल",
                "एम",
                "एन",
                "ओ",
                "पी",
                "क्यू",
                "आर",
                "एस",
                "टी",
                "यू",
                "वी",
                "डब्ल्यू",
                "एक्स",
                "वाई",
                "ज़ेड",
            ],
            strict=True,
        )
    ),
    months=_words("जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"),
    rupee="रुपया",
    rupees="रुपये",
    paisa="पैसा",
    paise="पैसे",
    crore="करोड़",
    percent="प्रतिशत",
    point="दशमलव",
    minus="माइनस",
    plus="प्लस",
    to="से",
    dot="डॉट",
    at="ऐट",
    slash="स्लैश",
    dash="डैश",
    underscore="अंडरस्कोर",
    number="नंबर",
    both="और",
    day_parts=("रात", "सुबह", "दोपहर", "शाम"),
)

TAMIL = Wording(
    one="ஒரு",
    digits=("பூஜ்ஜியம்", "ஒன்று", "இரண்டு", "மூன்று", "நான்கு", "ஐந்து", "ஆறு", "ஏழு", "எட்டு", "ஒன்பது"),
    letters=dict(
        zip(
            LATIN,
            [
                "ஏ",
                "பி",
                "சி",
                "டி",
                "ஈ",
                "எஃப்",
                "ஜி",
                "எச்",
                "ஐ",
                "ஜே",
                "கே",
                "எல்",
                "எம்",
                "என்",
                "ஓ",
                "பி",
                "க்யூ",
                "ஆர்",
                "எஸ்",
                "டி",
                "யூ",
                "வி",
                "டபிள்யூ",
                "எக்ஸ்",
                "ஒய்",
                "இசட்",
            ],
            strict=True,
        )
    ),
    months=_words("ஜனவரி பிப்ரவரி மார்ச் ஏப்ரல் மே ஜூன் ஜூலை ஆகஸ்ட் செப்டம்பர் அக்டோபர் நவம்பர் டிசம்பர்"),
    rupee="ரூபாய்",
    rupees="ரூபாய்",
    paisa="பைசா",
    paise="பைசா",
    crore="கோடி",
    percent="சதவீதம்",
    point="புள்ளி",
    minus="மைனஸ்",
    plus="பிளஸ்",
    to="முதல்",
    dot="டாட்",
    at="அட்",
    slash="ஸ்லாஷ்",
    dash="டேஷ்",
    underscore="அண்டர்ஸ்கோர்",
    number="எண்",
    both="மற்றும்",
    day_parts=("இரவு", "காலை", "மதியம்", "மாலை"),
    clearer_letters={"B": "B", "D": "D"},  # Tamil script has no letter for their sounds; its voices read Latin ones
)

WORDINGS: Mapping[str, Wording] = {"en": ENGLISH, "hi": HINDI, "ta": TAMIL}
