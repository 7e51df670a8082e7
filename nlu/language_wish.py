"""Whether a caller asks for a language: "hindi mein boliye", "English please", "எனக்கு ஆங்கிலம் தெரியாது"."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from nlu import language
from nlu.detecting import detect
from nlu.tongues import LANGUAGE_NAMES

# verbs of speaking; a `*` as in nlu/lexicon.py
_SPEAK = """
    speak* talk* converse* reply answer tell explain say switch continue bol bolo bole bolie boliye boliyega bolen
    bolenge bolna bolne bolunga baat bat bata* batao kaho kahiye samjha* pes* paes* pesu* sol* pechu
    बोल बोलो बोले बोलिए बोलिये बोलिएगा बोलें बोलेंगे बोलना बोलने बात बता* कहिए कहो समझा*
    பேச* பேசு* சொல்* பேசி*
"""
_CHOOSE = """
    change* badal* language bhasha prefer want need understand* know follow comfortable choose chahiye venum aati ata
    aata samajh* samjh* theriy* theriu* puri* mudiy*
    बदल* भाषा चाहिए आती आता समझ*
    மாற்ற* மாத்த* மொழி* வேண்டும் வேணும் தெரி* புரி* முடி*
"""
_NOT_BEFORE = "not no never without"  # English says so before the thing
_NOT_AFTER = """
    nahi mat theriyathu theriyadhu theriyala puriyala puriyalai puriyathu vendam venam illa mudiyala
    नहीं मत
    தெரியாது தெரியாதே தெரியல* தெரியவில்லை புரிய* வேண்டாம் வேணாம் இல்லை இல்ல முடியாது முடியல* முடியவில்லை வராது
"""
_AROUND = """
    able why i me my we us you your can could will would please kindly do does am is are it the a in to into with only just
    let be have sir madam ok okay yes hello hi hey now this that and but so from well very much at all if possible
    want like go ahead thank thanks sorry any mein main mai mujhe mujhko hum humko humein aap kya kijiye karo kar kare
    karke karen sakte sakta sakti hai ho ji haan se sirf bas thoda ko na aur par plz koi hamse humse mujhse hoon karna
    karni dijiye ye yeh enakku naan neenga la le ku mattum konjam dayavu seithu
    में मैं मुझे हमें हम आप आपको क्या कीजिए कीजिये करें करो कर करके सकते सकता सकती है हैं हो जी हां से ही सिर्फ बस
    थोडा को तो और पर केवल मुझसे हमसे कृपया प्लीज नमस्ते हेलो सर मैडम करना करनी चाहता चाहती हूं रह दीजिए भी यह
    எனக்கு நான் நீங்கள் நீங்க மட்டும் கொஞ்சம் தயவுசெய்து தயவு செய்து என்னிடம் என்கிட்ட எங்கிட்ட தான் ப்ளீஸ் சார் மேடம்
    வணக்கம் ஹலோ சரி ஒரு என்னோட எங்களுக்கு நாங்க ல இல் ஆ
"""
_BESIDE = 3  # words between a verb of speaking and the language's name at most
_REACH = 4  # of an English negation, in words
_PLACES = ("nadu", "नाडु", "நாடு", "நாட்டில்", "நாட்டு")


def requested(text: str, languages: Sequence[str]) -> str:
    """The language that the caller asks for, one of `languages`; "" when none is asked for.

    A refused one ("I don't understand Hindi") asks for the language that it was refused in, or for the first other one."""
    words = language.words(text)
    named = {at: code for at, word in enumerate(words) if (code := _name(word)) and not _is_place(words, at)}
    if not named or not _asks(words, named):
        return ""
    refused = {named[at] for at in _refused(words, named)}
    wanted = [code for code in named.values() if code not in refused]
    if wanted:
        return next((code for code in reversed(wanted) if code in languages), "")
    return _instead(words, refused, languages)


def _asks(words: Sequence[str], named: dict[int, str]) -> bool:
    """A verb of speaking beside a name, or nothing but names and what stands around such a request."""
    for at in named:
        beside = words[max(0, at - _BESIDE) : at + _BESIDE + 1]
        if any(_fits(word, _listed(_SPEAK)) for word in beside):
            return True
    around = (_listed(_SPEAK), _listed(_CHOOSE), _listed(_AROUND), _listed(_NOT_BEFORE), _listed(_NOT_AFTER))
    return all(at in named or any(_fits(word, known) for known in around) for at, word in enumerate(words))


def _refused(words: Sequence[str], named: dict[int, str]) -> set[int]:
    """The places of the names that a negation belongs to: after an English one, before an Indian one."""
    refused: set[int] = set()
    for at, word in enumerate(words):
        after = [place for place in named if place > at]
        before = [place for place in named if place < at]
        if _fits(word, _listed(_NOT_AFTER)):
            refused.add(before[-1] if before else after[0])
        elif _fits(word, _listed(_NOT_BEFORE)) and words[at - 1 : at] != ["why"]:
            refused |= {place for place in after[:1] if _reaches(words[at + 1 : place])}
    return refused


def _reaches(between: Sequence[str]) -> bool:
    """Whether an English negation reaches a name over these words: "not [able to understand] Hindi"."""
    verbs = sum(_fits(word, _listed(_SPEAK)) or _fits(word, _listed(_CHOOSE)) for word in between)
    return len(between) < _REACH and verbs <= 1 and "please" not in between


def _instead(words: Sequence[str], refused: set[str], languages: Sequence[str]) -> str:
    """The language of the refusal itself, if it is not the refused one."""
    spoken, _ = detect(" ".join(words))
    others = [code for code in languages if code not in refused]
    return spoken if spoken in others else next(iter(others), "")


def _is_place(words: Sequence[str], at: int) -> bool:
    return words[at].startswith("தமிழ்நா") or (at + 1 < len(words) and words[at + 1] in _PLACES)


def _name(word: str) -> str:
    return next((code for code, names in LANGUAGE_NAMES.items() if _fits(word, _listed(names))), "")


def _fits(word: str, listed: tuple[frozenset[str], tuple[str, ...]]) -> bool:
    whole, begun = listed
    return word in whole or word.startswith(begun)


@cache
def _listed(text: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The words of a list, and the beginnings (those with a `*`)."""
    whole = [part for part in text.split() if not part.endswith("*")]
    begun = [word for part in text.split() if part.endswith("*") for word in language.words(part)]
    return frozenset(language.words(" ".join(whole))), tuple(begun)
