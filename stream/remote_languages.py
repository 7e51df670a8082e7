"""Which of our languages a remote recogniser's words are in: by what it says, and by the script of the words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from stream.whisper_guards import SCRIPTS, fits_script

UNTOLD = 0.7  # how sure a server is taken to be that names a language and no probability
BY_SCRIPT = 0.5  # how sure a language is that only the letters speak for

# Whisper's names of its languages, as hosted servers answer them instead of codes
_NAMES = """
af afrikaans, am amharic, ar arabic, as assamese, az azerbaijani, ba bashkir, be belarusian, bg bulgarian, bn bengali, bo tibetan,
br breton, bs bosnian, ca catalan, cs czech, cy welsh, da danish, de german, el greek, en english, es spanish, et estonian, eu basque,
fa persian, fi finnish, fo faroese, fr french, gl galician, gu gujarati, ha hausa, haw hawaiian, he hebrew, hi hindi, hr croatian,
ht haitian creole, hu hungarian, hy armenian, id indonesian, is icelandic, it italian, ja japanese, jw javanese, ka georgian, kk kazakh,
km khmer, kn kannada, ko korean, la latin, lb luxembourgish, ln lingala, lo lao, lt lithuanian, lv latvian, mg malagasy, mi maori,
mk macedonian, ml malayalam, mn mongolian, mr marathi, ms malay, mt maltese, my myanmar, ne nepali, nl dutch, nn nynorsk, no norwegian,
oc occitan, pa punjabi, pl polish, ps pashto, pt portuguese, ro romanian, ru russian, sa sanskrit, sd sindhi, si sinhala, sk slovak,
sl slovenian, sn shona, so somali, sq albanian, sr serbian, su sundanese, sv swedish, sw swahili, ta tamil, te telugu, tg tajik, th thai,
tk turkmen, tl tagalog, tr turkish, tt tatar, uk ukrainian, ur urdu, uz uzbek, vi vietnamese, yi yiddish, yo yoruba, zh chinese,
yue cantonese
"""
CODES = {name: code for code, _, name in (entry.strip().partition(" ") for entry in _NAMES.split(","))}
# languages that Whisper takes each other for; those of one row sound alike to it
_KIN = (("hi", "ur", "pa", "mr", "ne", "sd", "sa", "gu"), ("ta", "ml", "te", "kn", "si"), ("bn", "as"))


def code_of(told: str) -> str:
    """The code of a language that a server names: "Hindi", "hi", "hi-IN"; "" when it names none."""
    name = told.strip().lower()
    return CODES.get(name) or ("" if name in ("auto", "unknown", "none") else name.replace("_", "-").split("-")[0])


def settled(told: str, text: str, ours: Sequence[str], so_far: str | None) -> str:
    """The language of ours that the words are in; "" when they must be asked for again in one of ours.

    `told`: the server's code, "" without one; `so_far`: the caller's."""
    if not any(letter.isalpha() for letter in text):  # numbers are no evidence
        return next(code for code in (so_far, told, ours[0]) if code in ours and code)
    if told in ours and fits_script(text, told):
        return told
    if told and told not in ours:
        return ""
    fitting = [code for code in ours if fits_script(text, code)]
    return so_far if so_far in fitting and so_far else next(iter(fitting), "")


def nearest(told: str, text: str, ours: Sequence[str], so_far: str | None) -> str:
    """The language of ours to ask again in: the one that is taken for `told`, one that is written so, the caller's so far, the first."""
    told = told or next((code for code in SCRIPTS if fits_script(text, code)), "")
    kin = next((row for row in _KIN if told in row), ())
    alike = [code for code in ours if code in kin]
    written = [code for code in ours if SCRIPTS.get(code) not in (None, "LATIN") and fits_script(text, code)]
    return [*alike, *written, *([so_far] if so_far in ours and so_far else []), ours[0]][0]
