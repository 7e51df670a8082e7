"""Whether a caller who was asked for a number can't or won't give it: "I don't have it with me", "पता नहीं", "ஞாபகம் இல்லை"."""

from __future__ import annotations

from functools import cache

from nlu import language

_MOST_WORDS = 9  # a longer answer tells of something else
_PHRASES = """
    not have|not know|not remember|not recall|not find|not got|not with me|no idea|no number|no order number|forgot|forgotten
    |lost it|lost the|lost my|not want to|not give|not tell|not say|forget it|leave it|skip it|without it
    |पास नहीं|पता नहीं|नहीं पता|मालूम नहीं|नहीं मालूम|याद नहीं|नंबर नहीं|नहीं है|नहीं मिल रहा|नहीं मिल रही|नहीं मिला|भूल गया|भूल गई
    |खो गया|रहने दो|रहने दीजिए|छोड़ो|छोड़िए
    |paas nahi|pata nahi|nahi pata|malum nahi|maloom nahi|nahi maloom|yaad nahi|number nahi|nahi hai|nahi mil raha|nahi mila
    |bhool gaya|bhool gayi|kho gaya|rehne do|rehne dijiye|chhodo|chodo|chhodiye
    |தெரியாது|தெரியல|தெரியலை|தெரியவில்லை|ஞாபகம் இல்லை|ஞாபகம் இல்ல|நினைவில்லை|நினைவில் இல்லை|என்கிட்ட இல்லை|என்கிட்ட இல்ல
    |என்னிடம் இல்லை|நம்பர் இல்லை|நம்பர் இல்ல|எண் இல்லை|மறந்துட்டேன்|மறந்துவிட்டேன்|தொலைந்துவிட்டது|தொலஞ்சு போச்சு
    |theriyathu|theriyadhu|theriyala|gnabagam illa|nyabagam illa|enkitta illa|number illa|marandhutten|maranthutten
"""


def lacks(heard: str) -> bool:
    words = language.words(heard)
    spoken = f" {' '.join(words)} "
    return len(words) <= _MOST_WORDS and any(phrase in spoken for phrase in _phrases())


@cache
def _phrases() -> tuple[str, ...]:
    return tuple(f" {' '.join(language.words(phrase))} " for phrase in _PHRASES.split("|"))


_phrases()  # a caller does not wait for it
