"""Months, weekdays, days counted from today and ordinals, as callers of three languages say them."""

from __future__ import annotations

from functools import cache

from nlu.slot_words import fold

MONTHS = """
    1 january jan janvari जनवरी ஜனவரி
    2 february feb farvari februvari फरवरी பிப்ரவரி
    3 march mar मार्च மார்ச்
    4 april apr aprail अप्रैल अप्रेल ஏப்ரல்
    5 may mai मई மே
    6 june jun जून ஜூன்
    7 july jul julai जुलाई ஜூலை
    8 august aug agast अगस्त ஆகஸ்ட் ஆகஸ்டு
    9 september sep sept sitambar सितंबर सितम्बर செப்டம்பர்
    10 october oct aktubar अक्टूबर अक्तूबर அக்டோபர்
    11 november nov navambar नवंबर नवम्बर நவம்பர்
    12 december dec disambar दिसंबर दिसम्बर டிசம்பர்
"""
WEEKDAYS = """
    0 monday somvar somwar सोमवार மண்டே திங்கள் திங்கட்கிழமை திங்கள்கிழமை मंडे
    1 tuesday mangalvar mangalwar मंगलवार செவ்வாய் செவ்வாய்க்கிழமை ட்யூஸ்டே ट्यूसडे
    2 wednesday budhvar budhwar बुधवार புதன் புதன்கிழமை वेडनेसडे
    3 thursday guruvar guruwar virvar brihaspativar गुरुवार गुरूवार बृहस्पतिवार வியாழன் வியாழக்கிழமை थर्सडे
    4 friday shukravar shukrawar शुक्रवार வெள்ளி வெள்ளிக்கிழமை फ्राइडे
    5 saturday shanivar shaniwar शनिवार சனி சனிக்கிழமை सैटरडे
    6 sunday ravivar raviwar itvar itwar रविवार इतवार ஞாயிறு ஞாயிற்றுக்கிழமை संडे சண்டே
"""
# days from today; the longest phrase first where one is part of another. "~": which side is told by the rest
RELATIVE = """
    2 day_after_tomorrow
    -2 day_before_yesterday
    2 நாளை_மறுநாள்
    2 நாளைக்கு_மறுநாள்
    2 நாளை_மறுதினம்
    2 நாளன்னைக்கு
    -2 நேற்று_முன்தினம்
    -2 முந்தாநாள்
    -2 முந்தாநேத்து
    0 today aaj आज இன்று இன்னைக்கு இன்றைக்கு இன்னிக்கு टुडे
    1 tomorrow tommorow tomorow நாளை நாளைக்கு टुमारो टुमॉरो
    -1 yesterday நேற்று நேத்து நேற்றைக்கு
    ~1 kal कल
    ~2 parso parson परसों परसो
"""
TODAY = "today aaj आज இன்று இன்னைக்கு இன்றைக்கு இன்னிக்கு टुडे"
NEXT = """
    next coming upcoming agle agla agli aane aanewale आने अगले अगला अगली அடுத்த வரும் வர வர்ற நெக்ஸ்ட் नेक्स्ट hoga honge hogi होगा होगी होंगे
    baad बाद aaunga aaungi आऊंगा आऊंगी will
"""
LAST = """
    last past previous ago was were pichhle pichle pichhla pichla pichhli पिछले पिछला पिछली गया गई गए tha thi था थी थे pehle pahle पहले
    bite बीते கடந்த போன முன்பு முன்னாடி முன் did had लास्ट லாஸ்ட்
"""
THIS = "this is इस इसी இந்த"
AFTER = "in after within में கழித்து நாளில் வாரத்தில்"
MONTH = "month mahina mahine mahiney महीना महीने माह மாதம் மாசம் மாத மாதத்தில்"
DAYS = "day days din dino दिन दिनों நாள் நாட்கள் நாளில் நாட்களில்"
WEEKS = "week weeks hafta hafte haftey हफ्ता हफ्ते सप्ताह வாரம் வாரத்தில் வாரங்கள்"
DATE = "date dated tarikh tareekh taareekh तारीख तारिख तारीक தேதி தேதியில் தேதிக்கு"
OF = "of the ka ki ke ko का की के को on ம் ஆம்"

ORDINALS = """
    1 first पहला पहली पहले pehla pehli pahla pahli முதல் முதலாவது முதலாம்
    2 second दूसरा दूसरी दूसरे doosra doosri dusra dusri இரண்டாவது ரெண்டாவது
    3 third तीसरा तीसरी तीसरे teesra teesri tisra tisri மூணாவது
    4 fourth forth चौथा चौथी चौथे chautha chauthi நாலாவது
    5 fifth
    6 sixth छठा छठी छठे chhatha chhathi chatha
    7 seventh
    8 eighth
    9 ninth
    10 tenth
    11 eleventh
    12 twelfth twelveth
    13 thirteenth
    14 fourteenth
    15 fifteenth
    16 sixteenth
    17 seventeenth
    18 eighteenth
    19 nineteenth
    20 twentieth
    30 thirtieth
"""
HINDI_ORDINAL = ("वां", "वीं", "वें", "वा", "वी", "van", "vaan", "vi", "veen", "va")
TAMIL_ORDINAL = ("ாவது", "ாம்")
ENGLISH_ORDINAL = frozenset({"st", "nd", "rd", "th"})


@cache
def relative() -> list[tuple[tuple[str, ...], int, bool]]:
    """(words, days from today, whether the side is open), the longest first."""
    lines = (line.split() for line in RELATIVE.strip().splitlines())
    known = [(tuple(fold(word).split("_")), int(days.removeprefix("~")), days.startswith("~")) for days, *words in lines for word in words]
    return sorted(known, key=lambda entry: -len(entry[0]))
