"""What callers say in any call: yes, no, goodbye, thanks, repeat, wait, greeting. Its words, and how they are read.

The longest phrase counts at each place, so "no thank you" is one thing and "thank you" another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

from nlu import language

YES, NO, GOODBYE, THANKS, REPEAT, WAIT, GREETING = INTENTS = ("yes", "no", "goodbye", "thanks", "repeat", "wait", "greeting")
LANGUAGE = "change_language"  # the caller asks for another language; the slot "language" says which
_WEIGHTIEST_FIRST = (GOODBYE, REPEAT, WAIT, NO, YES, THANKS, GREETING)
_SURE = 0.97
_LOOSE_GRAMMAR = 0.15  # how much an unread function word weighs, where an unread meaningful word weighs 1

# intent -> phrases, one language a line: English, Hindi, romanised Hindi, Tamil
PHRASES = {
    YES: """
        yes|yeah|yep|yup|yes please|please do|sure|of course|certainly|correct|right|that is right|that is correct|exactly|okay
        |ok|alright|all right
        |go ahead|definitely|absolutely|i think so|fine|that is fine|why not|i am here|still here|i am still here|it is|i do
        |हाँ|हां जी|जी हां|जी|बिल्कुल|ठीक है|सही है|सही|अच्छा|ज़रूर|ओके|यस|हाँ बताइए|जोड़ दीजिए|कर दीजिए
        |haan|han|haan ji|ji haan|ji|bilkul|theek hai|thik hai|sahi hai|sahi|accha|achha|zaroor
        |ஆமா|ஆமாம்|ஆம்|சரி|ஓகே|இருக்கிறேன்|கண்டிப்பாக|aama|aamam|sari
    """,
    NO: """
        no|nope|nah|not really|not now|not yet|not at all|of course not|i do not think so|that is wrong|that is not right
        |that is not correct|not correct|not right|wrong|it is wrong|you are wrong|incorrect|that is incorrect
        |i do not want|i do not want to|i do not want it|i do not want that|not needed|not required|do not connect me|do not transfer me
        |no need|never|no way|it is not
        |नहीं|जी नहीं|नहीं जी|बिल्कुल नहीं|अभी नहीं|मत|नहीं चाहिए|गलत है|गलत|ज़रूरत नहीं|ज़रूरत नहीं है|ना
        |nahi|nahi ji|ji nahi|bilkul nahi|abhi nahi|nahi chahiye|galat|galat hai|zaroorat nahi|zaroorat nahi hai|jarurat nahi
        |இல்லை|வேண்டாம்|இல்ல|இப்போது வேண்டாம்|வேணாம்|வேண்டாங்க|தேவையில்லை|தப்பு|தவறு|illai|vendam|thappu
    """,
    GOODBYE: """
        goodbye|good bye|bye|bye bye|see you|see you later|talk to you later|good night|have a nice day|have a good day|have a great day
        |that is all
        |that is it|that will be all|nothing else|nothing more|nothing|no nothing|no more questions|no that is all|i am done|we are done
        |all done
        |that was all|that is all for now
        |अलविदा|फिर मिलेंगे|बस|बस इतना ही|इतना ही|और कुछ नहीं|कुछ नहीं|बाय|बाय बाय|टाटा|शुभ रात्रि|चलिए नमस्ते|रखता हूँ|रखती हूँ
        |alvida|phir milenge|bas|bas itna hi|aur kuch nahi|kuch nahi
        |போய் வருகிறேன்|வேறு ஒன்றும் இல்லை|வேறு எதுவும் இல்லை|ஒன்றும் இல்லை|அவ்வளவுதான்|பை|bas avlo than
    """,
    THANKS: """
        thanks|thank you|thank you very much|thank you so much|thanks a lot|many thanks|thanks for your help|thank you for your help
        |okay thank you|ok thank you
        |okay thanks|ok thanks|great|great thank you|great thanks|perfect|excellent|wonderful|good thank you|very good
        |thank you for the information|that helps
        |that helped|you are welcome
        |धन्यवाद|शुक्रिया|बहुत धन्यवाद|बहुत बहुत धन्यवाद|बहुत शुक्रिया|बहुत बहुत शुक्रिया|ठीक है धन्यवाद|अच्छा धन्यवाद|थैंक यू|बहुत अच्छा
        |dhanyavaad|dhanyawad|shukriya|bahut dhanyavaad|theek hai dhanyavaad
        |நன்றி|ரொம்ப நன்றி|மிக்க நன்றி|சரி நன்றி|தேங்க்ஸ்|nandri
    """,
    REPEAT: """
        repeat|repeat that|repeat it|say that again|say it again|say again|once more|one more time|again please|again|what|what was that
        |what did you say
        |pardon|pardon me|sorry|come again|excuse me|i did not hear you|i did not hear that|i did not catch that|i did not understand
        |i did not get that
        |i do not understand|i could not hear you|i can not hear you|can not hear you|speak slowly|speak slower|more slowly|slowly
        |speak louder|speak up|louder
        |i can not hear you properly|i can not hear you clearly|very well
        |फिर से बोलिए|फिर से कहिए|फिर से|दोबारा बोलिए|दोबारा बताइए|दोबारा|एक बार और|धीरे बोलिए|ज़ोर से बोलिए|क्या कहा आपने|क्या कहा
        |क्या बोला|क्या
        |समझ नहीं आया|मुझे समझ नहीं आया|सुना नहीं|मैंने सुना नहीं|सुनाई नहीं दिया|सुनाई नहीं दे रहा|सुनाई नहीं दे रहा है|माफ कीजिए
        |एक बार फिर
        |phir se boliye|phir se|dobara boliye|dobara|ek baar aur|kya kaha|samajh nahi aaya|sunai nahi diya|dheere boliye
        |மறுபடியும் சொல்லுங்கள்|திரும்ப சொல்லுங்கள்|மறுபடியும்|இன்னொரு முறை|என்ன சொன்னீங்க|என்ன|புரியவில்லை|கேட்கவில்லை
        |மெதுவாக சொல்லுங்கள்
    """,
    WAIT: """
        wait|wait a moment|wait a minute|wait a second|hold on|hold on a moment|one moment|just a moment|a moment|one minute
        |just a minute|one second|just a second
        |two minutes|just two minutes|let me find it|let me look
        |one sec|hang on|give me a moment|give me a minute|let me check|let me see|hold the line
        |रुकिए|रुको|एक मिनट|एक मिनट रुकिए|एक सेकंड|ज़रा रुकिए|थोड़ा रुकिए|होल्ड कीजिए|ठहरिए|देखता हूँ|देखती हूँ|देख रहा हूँ|देख रही हूँ
        |दो मिनट|दो मिनट रुकिए
        |rukiye|ruko|ek minute|ek minute rukiye|ek second|zara rukiye|thehriye|do minute|do minute rukiye|dekhta hoon|dekhti hoon
        |ஒரு நிமிடம்|ஒரு நிமிஷம்|கொஞ்சம் இருங்கள்|இருங்கள்|காத்திருங்கள்|பொறுங்கள்|இரண்டு நிமிடம்|ரெண்டு நிமிஷம்|பார்க்கிறேன்|பாக்குறேன்
    """,
    GREETING: """
        hello|hi|hey|hi there|hello there|good morning|good afternoon|good evening|namaste|are you there|is anyone there
        |is anybody there|can you hear me
        |do you hear me|how are you|how are you today|how are you doing|can you help me|could you help me|i need help|i need some help
        |i want help|help|help me
        |i have a question|i have a problem|i have a request|i have an issue|i have a doubt|i have another question
        |i have one more question|who is this
        |नमस्ते|नमस्कार|हेलो|हैलो|प्रणाम|सुप्रभात|राम राम|आप कैसे हैं|मदद चाहिए|मुझे मदद चाहिए|मदद|मेरी मदद कीजिए|एक सवाल है
        |मेरा एक सवाल है|एक समस्या है
        |मुझे एक समस्या है|हमें एक समस्या है|क्या आप मेरी मदद कर सकते हैं|क्या आप मुझे सुन सकते हैं|हमें मदद चाहिए|मुझे आपकी मदद चाहिए
        |मुझे थोड़ी मदद चाहिए
        |namaskar|kaise hain aap|madad chahiye|mujhe madad chahiye|ek sawal hai|aap kaise hain
        |வணக்கம்|ஹலோ|எப்படி இருக்கிறீர்கள்|உதவி வேண்டும்|எனக்கு உதவி வேண்டும்|எனக்கு ஒரு கேள்வி|எனக்கு ஒரு பிரச்சனை|கேட்கிறதா|vanakkam
    """,
}
_FILLERS = frozenset(
    language.words("""
    please um uh hmm hm ah oh well so sir madam mam ma'am actually now then and but can could you will would the a this that
    सर मैडम कृपया तो अभी और आज देखिए सुनिए sir kripya to abhi சார் மேடம் தயவுசெய்து இப்போது
""")
)


# a caller who says who is there waits to be asked: up to so many words of name stand after the one, before the other
_NAME_WORDS = 3
_NAME_FOLLOWS = "my name is|i am calling from|we are calling from|my company is|my company name is|मेरा नाम|mera naam|என் பெயர்"
_NAME_STANDS_BEFORE = "बोल रहा हूँ|बोल रही हूँ|bol raha hoon|bol rahi hoon|speaking|பேசுகிறேன்"


_NOT = "not"  # "i do not know" is no "i do"
_ONLY_ALONE = {YES, NO, GREETING}  # "no, my licence ...", "i need help with ...": more was said than that


@dataclass(frozen=True, slots=True)
class Reading:
    """The everyday intents in an utterance, the weightiest first, and how sure it is that there is nothing more in it (0..1)."""

    intents: tuple[str, ...]
    confidence: float
    leaves_nothing: bool  # every meaningful word is explained
    without_names: list[str]  # the words but those with which callers introduce themselves


def read(words: list[str]) -> Reading:
    """Read `language.words(...)` from left to right, the longest phrase at each place."""
    found, unread, at = Counter[str](), [], 0  # intent -> how many words say it
    while at < len(words):
        intent, length = _longest(words, at)
        if intent:
            found[intent] += length
        elif words[at] not in _FILLERS:
            unread.append(at)
        at += length
    if any(words[at] == _NOT for at in unread):
        del found[YES]
    strange = [at for at in unread if not language.is_function_word(language.stem(words[at]))]
    names = _names(words)
    if strange:
        found = Counter({GREETING: 0}) if names else Counter({name: count for name, count in found.items() if name not in _ONLY_ALONE})
    matched = found.total()
    loose = len({*strange} - names) + _LOOSE_GRAMMAR * (len(unread) - len(strange))
    return Reading(
        tuple(intent for intent in _WEIGHTIEST_FIRST if intent in found),
        _SURE * (matched + len(names)) / (matched + len(names) + loose) if found else 0.0,
        bool(found) and not strange,
        [word for at, word in enumerate(words) if at not in names],
    )


def _names(words: list[str]) -> set[int]:
    """Where the caller's name stands, and the words that announce it."""
    before, after = _introductions()
    for at in range(len(words)):
        for phrase in before:
            if tuple(words[at : at + len(phrase)]) == phrase:
                return set(range(at, min(len(words), at + len(phrase) + _NAME_WORDS)))
        for phrase in after:
            if at and tuple(words[at : at + len(phrase)]) == phrase:
                return set(range(max(0, at - _NAME_WORDS), at + len(phrase)))
    return set()


@cache
def _introductions() -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    before, after = ([tuple(language.words(phrase)) for phrase in text.split("|")] for text in (_NAME_FOLLOWS, _NAME_STANDS_BEFORE))
    return before, after


def _longest(words: list[str], at: int) -> tuple[str, int]:
    """The intent of the longest phrase that begins at `at` and its length in words; ("", 1) when there is none."""
    phrases, longest = _phrases()
    for length in range(min(longest, len(words) - at), 0, -1):
        if intent := phrases.get(tuple(words[at : at + length])):
            return intent, length
    return "", 1


@cache
def _phrases() -> tuple[dict[tuple[str, ...], str], int]:
    phrases = {tuple(language.words(phrase)): intent for intent, text in PHRASES.items() for phrase in text.split("|")}
    return phrases, max(map(len, phrases))
