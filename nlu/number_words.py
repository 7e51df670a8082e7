"""Number words of three languages, in every script that recognisers write them in, and the characters that callers spell out.

English words stand in Devanagari and Tamil too, as loan words do. A line is a number and its forms.
"""

from __future__ import annotations

UNITS = {
    "en": """
        0 zero nought naught nil cypher cipher ziro zeero जीरो जिरो ஜீரோ ஸீரோ சீரோ ஜிரோ சைபர்
        1 one वन ஒன் வன்
        2 two टू டூ டு
        3 three थ्री त्री த்ரீ திரீ
        4 four फोर ஃபோர்
        5 five fife फाइव फाईव फाइब ஃபைவ்
        6 six सिक्स சிக்ஸ்
        7 seven सेवन सेवेन செவன் ஸெவன் செவென்
        8 eight एट ऐट எயிட் எய்ட்
        9 nine niner नाइन नाईन நைன்
    """,
    "hi": """
        0 शून्य शुन्य सिफर shunya shoonya sunya soonya shunye sifar
        1 एक ek
        2 दो
        3 तीन
        4 चार chaar char
        5 पाँच पाच paanch panch paach
        6 छह छः छे छै छ छेह chhe chhah chhai chah cheh chhey
        7 सात saat
        8 आठ aath
        9 नौ nau
    """,
    "ta": """
        0 பூஜ்ஜியம் பூஜ்யம் பூஜியம் பூச்சியம் பூஜ்ஜியமும் சுழியம் சுழி poojyam poojiyam pujyam
        1 ஒன்று ஓன்று ஒண்ணு ஒன்னு ஒண்று onnu ondru onru
        2 இரண்டு ரெண்டு ரண்டு rendu irandu randu
        3 மூன்று மூணு மூனு முன்று moonu moonru moondru
        4 நான்கு நாலு நாளு நால் naalu naangu
        5 ஐந்து அஞ்சு ஐஞ்சு anju ainthu aindhu
        6 ஆறு aaru
        7 ஏழு ஏலு ezhu yezhu
        8 எட்டு ettu
        9 ஒன்பது ஓன்பது ஒம்பது ஒம்போது onbathu ombathu ombadhu onpathu
    """,
}

# what a recogniser writes for a digit and what is more often something else: counts only among other digits
DOUBTFUL_UNITS = """
    0 o oh null ओ ओह ஓ
    1 won wan ஒரு इक
    2 to too tu do तू टु
    3 tree free teen tin
    4 for fore फॉर फार போர்
    5 punch pach
    6 sex sicks che छी
    7 sat saath साथ
    8 ate aat ath आट ஏட்
    9 nein nao mine नो நயன்
"""
# ... but no more than the rest of a sentence in these languages
NATIVE = {"hi": frozenset({"do", "teen", "tin", "sat", "aat", "ath", "pach"}), "ta": frozenset({"ஒரு"})}

TEENS = {
    "en": """
        10 ten टेन டென்
        11 eleven इलेवन एलेवन லெவன் எலெவன்
        12 twelve ट्वेल्व ட்வெல்வ்
        13 thirteen थर्टीन தர்ட்டீன்
        14 fourteen फोर्टीन फोरटीन ஃபோர்ட்டீன்
        15 fifteen फिफ्टीन ஃபிஃப்டீன்
        16 sixteen सिक्सटीन सिक्स्टीन சிக்ஸ்டீன்
        17 seventeen सेवनटीन सेवेंटीन செவன்டீன்
        18 eighteen एटीन எய்ட்டீன்
        19 nineteen नाइनटीन நைன்டீன்
    """,
    "ta": """
        10 பத்து pathu paththu
        11 பதினொன்று பதினொண்ணு பதினொன்னு pathinonnu
        12 பன்னிரண்டு பன்னெண்டு பன்னிரெண்டு பன்னண்டு pannendu pannirendu
        13 பதிமூன்று பதிமூணு pathimoonu
        14 பதினான்கு பதினாலு pathinaalu
        15 பதினைந்து பதினஞ்சு pathinanju
        16 பதினாறு pathinaaru
        17 பதினேழு pathinezhu
        18 பதினெட்டு pathinettu
        19 பத்தொன்பது பத்தொம்பது பத்தொம்போது pathombathu
        20 இருபது இருவது irupathu iruvathu
        30 முப்பது muppathu
        40 நாற்பது நாப்பது naarpathu naapathu
        50 ஐம்பது அம்பது aimbathu ambathu
        60 அறுபது அறுவது arupathu aruvathu
        70 எழுபது எழுவது ezhupathu
        80 எண்பது எம்பது enbathu
        90 தொண்ணூறு thonnooru
    """,
    "hi": """
        10 दस das dus
        11 ग्यारह ग्यारा gyarah gyaarah gyara
        12 बारह barah baarah
        13 तेरह terah
        14 चौदह chaudah chaudha
        15 पंद्रह पन्द्रह pandrah pandra
        16 सोलह solah
        17 सत्रह सतरह satrah
        18 अठारह अट्ठारह atharah athara
        19 उन्नीस unnis
        20 बीस bees
        21 इक्कीस ikkis
        22 बाईस बाइस bais
        23 तेईस तेइस teis
        24 चौबीस chaubis
        25 पच्चीस pachis
        26 छब्बीस chhabbis
        27 सत्ताईस सत्ताइस sattais
        28 अट्ठाईस अठाईस अट्ठाइस atthais athais
        29 उनतीस untis unatis
        30 तीस tees
        31 इकतीस इकत्तीस iktis ikattis
        32 बत्तीस battis
        33 तैंतीस तेंतीस taintis
        34 चौंतीस chauntis
        35 पैंतीस paintis
        36 छत्तीस chhattis
        37 सैंतीस saintis
        38 अड़तीस adtis artis
        39 उनतालीस untalis
        40 चालीस chalis
        41 इकतालीस iktalis
        42 बयालीस बियालीस bayalis byalis
        43 तैंतालीस तेतालीस taintalis
        44 चौंतालीस चवालीस chauntalis chavalis
        45 पैंतालीस paintalis
        46 छियालीस chhiyalis
        47 सैंतालीस saintalis
        48 अड़तालीस adtalis artalis
        49 उनचास उनंचास unchas
        50 पचास pachas
        51 इक्यावन ikyavan ikyawan
        52 बावन bavan
        53 तिरपन तिरेपन tirpan tirepan
        54 चौवन चौअन chauvan
        55 पचपन pachpan
        56 छप्पन chhappan
        57 सत्तावन sattavan
        58 अट्ठावन अठावन atthavan athavan
        59 उनसठ unsath
        60 साठ
        61 इकसठ iksath
        62 बासठ basath
        63 तिरसठ तिरेसठ tirsath tiresath
        64 चौंसठ chaunsath
        65 पैंसठ painsath
        66 छियासठ छयासठ chhiyasath
        67 सड़सठ सरसठ sadsath sarsath
        68 अड़सठ adsath arsath
        69 उनहत्तर unhattar
        70 सत्तर sattar
        71 इकहत्तर ikhattar
        72 बहत्तर bahattar
        73 तिहत्तर tihattar
        74 चौहत्तर chauhattar
        75 पचहत्तर पिचहत्तर pachhattar
        76 छिहत्तर chhihattar
        77 सतहत्तर सतत्तर sathattar satattar
        78 अठहत्तर athhattar
        79 उन्यासी उनासी unyasi unasi
        80 अस्सी assi
        81 इक्यासी ikyasi
        82 बयासी bayasi
        83 तिरासी tirasi
        84 चौरासी chaurasi
        85 पचासी पिचासी pachasi pichasi
        86 छियासी chhiyasi
        87 सत्तासी सतासी sattasi
        88 अट्ठासी अठासी athasi atthasi
        89 नवासी navasi
        90 नब्बे nabbe nabe
        91 इक्यानवे इक्यानबे ikyanave ikyanbe
        92 बानवे बयानवे बानबे banave banbe
        93 तिरानवे तिरानबे tiranave tiranbe
        94 चौरानवे चौरानबे chauranave chauranbe
        95 पचानवे पंचानवे पंचानबे pachanave panchanave pachanbe
        96 छियानवे छियानबे chhiyanave chhiyanbe
        97 सत्तानवे सत्तानबे sattanave sattanbe
        98 अट्ठानवे अठानवे अट्ठानबे अठानबे atthanave athanave athanbe
        99 निन्यानवे निन्यानबे ninyanave ninyanbe
    """,
}

# go with a following unit of their language: "forty five"
TENS = {
    "en": """
        20 twenty ट्वेंटी ட்வென்டி ட்வென்ட்டி
        30 thirty थर्टी தர்ட்டி
        40 forty fourty फोर्टी फॉर्टी ஃபார்ட்டி ஃபோர்ட்டி
        50 fifty फिफ्टी ஃபிஃப்டி
        60 sixty सिक्स्टी सिक्सटी சிக்ஸ்டி
        70 seventy सेवंटी सेवेंटी செவன்டி செவன்ட்டி
        80 eighty एटी एट्टी எய்ட்டி
        90 ninety नाइंटी नाइनटी நைன்டி நைன்ட்டி
    """,
    "ta": """
        20 இருபத்து இருபத்தி இருவத்தி irupathi iruvathi
        30 முப்பத்து முப்பத்தி muppathi
        40 நாற்பத்து நாற்பத்தி நாப்பத்தி naapathi
        50 ஐம்பத்து ஐம்பத்தி அம்பத்தி ambathi
        60 அறுபத்து அறுபத்தி அறுவத்தி aruvathi
        70 எழுபத்து எழுபத்தி எழுவத்தி ezhupathi
        80 எண்பத்து எண்பத்தி எம்பத்தி enbathi
        90 தொண்ணூற்று தொண்ணூற்றி தொண்ணூத்தி thonnoothi
    """,
}
# Tamil writes ten and unit as one word: stem and ending
TAMIL_TENS = """
    20 இருபத் இருவத்
    30 முப்பத்
    40 நாற்பத் நாப்பத்
    50 ஐம்பத் அம்பத்
    60 அறுபத் அறுவத்
    70 எழுபத் எழுவத்
    80 எண்பத் எம்பத்
    90 தொண்ணூத் தொண்ணூற்
"""
TAMIL_ENDINGS = """
    1 தொன்று தொண்ணு தொன்னு தியொன்று
    2 திரண்டு திரெண்டு துரெண்டு திஇரண்டு
    3 திமூன்று துமூன்று திமூணு துமூணு
    4 திநான்கு துநான்கு திநாலு துநாலு
    5 தைந்து தஞ்சு தியஞ்சு தியைந்து
    6 தாறு தியாறு
    7 தேழு தியேழு
    8 தெட்டு தியெட்டு
    9 தொன்பது தொம்பது தொம்போது தியொன்பது
"""

HUNDREDS = """
    100 நூத்தி நூற்று நூற்றி
    200 இருநூறு இருநூத்தி இருநூற்று இரநூறு
    300 முந்நூறு முன்னூறு முன்னூத்தி முந்நூற்று
    400 நானூறு நானூத்தி நானூற்று
    500 ஐநூறு ஐந்நூறு ஐநூத்தி ஐநூற்று ஐந்நூற்று
    600 அறுநூறு அறுநூத்தி அறுநூற்று
    700 எழுநூறு எழுநூத்தி எழுநூற்று
    800 எண்ணூறு எண்ணூத்தி எண்ணூற்று
    900 தொள்ளாயிரம் தொள்ளாயிரத்து தொள்ளாயிரத்தி
"""
# those of other numbers are made of their words: பத்து, பத்தாயிரம்
THOUSANDS = """
    2 இரண்டா ரெண்டா
    3 மூவா மூன்றா மூணா
    4 நாலா நான்கா
    5 ஐயா ஐந்தா அஞ்சா
    6 ஆறா
    7 ஏழா
    8 எட்டா எண்ணா
    9 ஒன்பதா
"""
TAMIL_THOUSAND = ("யிரம்", "யிரத்து", "யிரத்தி")
MULTIPLES = """
    100 hundred hundreds hundered सौ sau हंड्रेड हंड्रड நூறு nooru ஹண்ட்ரட் ஹன்ட்ரட்
    1000 thousand thousands हजार hazaar hazar hajar hajaar थाउजेंड थाउजंड ஆயிரம் ஆயிரத்து ஆயிரத்தி aayiram தவுசண்ட்
    100000 lakh lakhs lac lacs laakh लाख லட்சம் லட்சத்து லட்சத்தி லட்ச latcham
    10000000 crore crores karod karor करोड़ கோடி கோடியே
"""
PLURALS = """
    0 zeros zeroes
    1 ones
    2 twos
    3 threes
    4 fours
    5 fives
    6 sixes
    7 sevens
    8 eights
    9 nines
"""
REPEATS = """
    2 double dabal dubble डबल டபுள் டபிள் டபல்
    3 triple tripple thriple treble ट्रिपल ट्रीपल டிரிபிள் ட்ரிபிள் ட்ரிபள் திரிபிள்
    4 quadruple
"""
TIMES = "times time baar bar बार முறை தடவை வாட்டி"
ONCE_MORE = """
    2 twice
    3 thrice
"""

LETTERS = """
    A a ay eigh ए அ ஏ எ
    B b bee be बी பி பீ
    C c cee see sea सी சி சீ ஸி
    D d dee डी டி டீ
    E e ee ई इ ஈ இ
    F f ef eff एफ எஃப்
    G g gee ji जी ஜி ஜீ
    H h aitch haitch hech एच ஹெச் எச் ஹெச்ச்
    I i eye ai आई आइ ஐ
    J j jay je जे ஜே
    K k kay ke के கே
    L l el ell एल எல்
    M m em एम எம்
    N n en एन என்
    O o oh ओ ஓ
    P p pee पी பி பீ
    Q q queue cue kyu क्यू க்யூ கியூ
    R r ar are आर ஆர்
    S s ess es एस எஸ்
    T t tee tea टी டி டீ
    U u you yu यू யூ யு
    V v vee we वी வி வீ
    W w double_u double_you डबल_यू டபிள்யூ டபுள்யூ டபிள்_யூ டபுள்_யூ டபுள்யு डब्ल्यू डब्लू डबल्यू
    X x ex eks एक्स எக்ஸ்
    Y y why wye वाई वाय ஒய்
    Z z zed zee jed zet जेड ज़ेड ज़ी जैड जेट இசட் ஜெட் ஸெட் இஜட்
"""
# words of grammar too: letters only among other characters of a code
DOUBTFUL_LETTERS = "a ay eigh be see sea ji je i eye ai ke are es en we you why tea oh जी के आई आइ என்"

ALPHABET = """
    A alpha alfa
    B bravo
    C charlie
    D delta
    E echo
    F foxtrot
    G golf
    H hotel
    I india
    J juliet juliett
    K kilo
    L lima
    M mike
    N november
    O oscar
    P papa
    Q quebec
    R romeo
    S sierra
    T tango
    U uniform
    V victor
    W whiskey whisky
    X xray
    Y yankee
    Z zulu
"""
AS_IN = "for from as in like फॉर फोर फार से ஃபார் ஃபோர் போல"
# the first sound of a spelled word in Indian scripts, and the letters that it may stand for
SOUNDS = """
    अ A U|आ A|इ I E|ई E I|उ U|ऊ U|ए A E|ऐ A I|ओ O|औ O A|ऑ O|ऍ A|एम M|एक्स X|क K C Q|ख K|ग G|घ G|च C|छ C
    ज J G Z|झ J Z|ट T|ठ T|ड D|ढ D|त T|थ T|द D|ध D|न N|प P|फ F P|ब B|भ B|म M|य Y U|र R|ल L|व V W
    श S|ष S|स S C|ह H|அ A|ஆ A|இ I E|ஈ E I|உ U|ஊ U|எ E A|ஏ A E|ஐ I|ஒ O|ஓ O|ஔ O A|க K G C|ச S C|ஜ J G Z|ட T D
    த T D|ந N|ன N|ப P B F|ம M|ய Y U|ர R|ல L|வ V W|ஸ S C|ஷ S|ஹ H
"""
