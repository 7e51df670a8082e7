"""The word lists behind nlu/language.py: spellings, compounds, and the words that carry grammar and no wish."""

from __future__ import annotations

CONTRACTIONS = {
    "can't": "can not",
    "cannot": "can not",
    "won't": "will not",
    "let's": "let us",
    "that's": "that is",
    "it's": "it is",
    "what's": "what is",
    "where's": "where is",
    "when's": "when is",
    "who's": "who is",
    "how's": "how is",
    "there's": "there is",
    "thats": "that is",
    "unable": "not able",
    "dont": "do not",
    "cant": "can not",
    "didnt": "did not",
    "doesnt": "does not",
    "isnt": "is not",
    "gonna": "going to",
    "wanna": "want to",
}

# one spelling for what British, American, Indian and telephone ears write differently
SPELLINGS = {
    "license": "licence",
    "licenses": "licences",
    "licensing": "licence",
    "licencing": "licence",
    "cheques": "cheque",
    "nahin": "nahi",
    "nahee": "nahi",
    "nai": "nahi",
    "hain": "hai",
    "receive": "get",
    "received": "get",
    "chahie": "chahiye",
    "chaiye": "chahiye",
    "chahiae": "chahiye",
    "mujhko": "mujhe",
    "kharaab": "kharab",
    "khatm": "khatam",
    "bhul": "bhool",
    "vapas": "wapas",
    "insan": "insaan",
    "mobail": "mobile",
    "lost": "lose",
    "forgotten": "forgot",
    "forget": "forgot",
    "got": "get",
    "teaching": "teach",
    "bought": "buy",
    "purchase": "buy",
    "purchased": "buy",
    "mail": "email",
    "corruption": "corrupt",
    "रहा": "रह",
    "रही": "रह",
    "रहे": "रह",
    "इन्वॉइस": "इनवॉइस",
    "इनवाइस": "इनवॉइस",
    "इन्वाइस": "इनवॉइस",
    "लाइसेन्स": "लाइसेंस",
    "एक्सपायर्ड": "एक्सपायर",
    "खतम": "खत्म",
    "लॉगइन": "लॉगिन",
    "इन्स्टॉल": "इंस्टॉल",
    "इंस्टाल": "इंस्टॉल",
    "ट्रेंनिग": "ट्रेनिंग",
}

# several words that are one thing; "" drops words that only look like one of ours
JOINED = {
    "in order to": "inorderto",
    "in order": "inorder",
    "of course": "yes",
    "human resources": "humanresources",
    "human resource": "humanresources",
    "human being": "human",
    "real estate agent": "estateagent",
    "travel agent": "travelagent",
    "e way bill": "ewaybill",
    "eway bill": "ewaybill",
    "e way bills": "ewaybill",
    "way bill": "ewaybill",
    "ई वे बिल": "ईवेबिल",
    "இ வே பில்": "இவேபில்",
    "log in": "login",
    "logging in": "login",
    "logged in": "login",
    "log into": "login",
    "sign in": "login",
    "signing in": "login",
    "लॉग इन": "लॉगिन",
    "call back": "callback",
    "call me back": "callback me",
    "call us back": "callback me",
    "phone me back": "callback me",
    "ring me back": "callback me",
    "calling back": "callback",
    "कॉल बैक": "कॉलबैक",
    "back up": "backup",
    "backed up": "backup",
    "set up": "setup",
    "user name": "username",
    "pass word": "password",
    "pass words": "password",
    "यूजर नेम": "यूजरनेम",
    "पास वर्ड": "पासवर्ड",
    "tallyprime": "tally prime",
    "qr code": "qrcode",
    "क्यूआर कोड": "क्यूआरकोड",
    "க்யூஆர் கோட்": "க்யூஆர்கோட்",
    "e mail": "email",
    "multi user": "multiuser",
    "single user": "singleuser",
    "on line": "online",
    "g s t": "gst",
    "g s t r": "gstr",
    "two a": "2a",
    "two b": "2b",
    "three b": "3b",
    "nine c": "9c",
    "2 a": "2a",
    "2 b": "2b",
    "3 b": "3b",
    "9 c": "9c",
}

FUNCTION_WORDS = {
    "en": """
        a an the this that these those it its i me my mine we us our you your he she they them their is are am was were be been being
        do does did done has have had having will would shall should can could may might must to of in on at for from with by about
        into as and or but so if then than there here what which who when where why how not no yes please sir madam hello hi hey
        um uh oh well okay ok right now today tomorrow yesterday just also very really actually some any all too only still already again
        want need like get go going give make let know tell say help thank thanks good morning afternoon evening
        because since while during ever never always soon possible urgently immediately quickly thing things way
        one two three four five six seven eight nine ten use
        monday tuesday wednesday thursday friday saturday sunday week month year day days last next ago dear excuse listen see
        kindly inorderto inorder able trying much many tally try tried keep keeps quick hear calling called speaking
    """,
    "hi": """
        मैं मैंने मुझे मेरा मेरी मेरे हम हमें हमारा हमारी हमारे आप आपका आपकी आपके अपना अपनी यह ये वह वो इस उस का की के को से में पर ने
        है हैं हूँ हो होगा होगी था थी थे रहा रही रहे गया गई गए गयी करना करनी करने करें करो कर करता करती कीजिए कीजिये दीजिए दीजिये क्या कब कैसे
        कहाँ क्यों कौन किसी कोई कुछ और या भी तो ही जी सर मैडम कृपया नमस्ते हेलो अच्छा हाँ देखिए सुनिए जल्दी आज कल अब अभी चाहिए चाहता चाहती
        बहुत ज़रा थोड़ा थोड़ी एक दो तीन लिए साथ तक मतलब वाला वाली आ जा दे ले बता बताइए बताओ धन्यवाद सकता सकती सकते मदद नहीं ना न पा
    """,
    "romanised": """
        mai main maine mujhe mera meri mere hum hame humein hamara hamari aap aapka aapki apna apni yeh ye woh wo ka ki ke ko se mein par ne
        hai hoon hun ho hoga hogi tha thi the raha rahi rahe gaya gayi gaye karna karni karne kare karo kar kya kab kaise kahan kyon kaun
        kisi koi kuch aur ya bhi to hi ji sir kripya namaste accha achha haan dekhiye suniye jaldi aaj kal ab abhi chahiye chahta chahti
        bahut zara thoda ek do teen liye saath tak wala aa ja de le bata bataiye batao sakta sakte madad nahi na kijiye dijiye lag
    """,
    "ta": """
        நான் எனக்கு என் என்னை என்னுடைய நாங்கள் எங்கள் எங்களுக்கு நீங்கள் உங்கள் இது அது இந்த அந்த ஒரு என்ன எப்படி எப்போது எங்கே ஏன் யார்
        வேண்டும் வேணும் இருக்கிறது இருக்கு இருக்கிறதா பண்ண பண்ணணும் செய்ய செய்வது ஆகவில்லை ஆகிவிட்டது ஆகிறது சார் மேடம் வணக்கம் தயவுசெய்து
        ரொம்ப இப்போது இன்று நாளை நேற்று கொஞ்சம் உதவி சொல்லுங்கள் முடியவில்லை இல்லை வருகிறது வரவில்லை உடன்
    """,
}
