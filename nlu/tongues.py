"""The small words that give a language away, in the scripts that a recogniser may write it in. Behind nlu/following.py.

Borrowed words ("licence", "लाइसेंस"), numbers, names, yes and no are left out on purpose: every caller of every language says them.
"""

from __future__ import annotations

# grammar and everyday verbs that only this language has
TELLING = {
    "en": """
        i my we our your they their he she his her this that these those it its a an am was were been being does did
        done has have had will would shall should can could may might must of at for from with by about into as and or
        but if then than there here what which who when where why how any some because since while during want need
        like get going make know tell said came something someone anything nothing everything still again yesterday
        tomorrow today after before under without every very much many too also only just showing working coming
        getting trying says keeps forgot let speak talk understand
        माय माई माइ इज हैज हैव हैड द दिस दैट दोज वॉट व्हाट वाट हाउ व्हेन वेन वेयर व्हेयर व्हाई हूज वांट वॉन्ट नीड नॉट
        डोंट डोन्ट कांट कान्ट कैनॉट कैन कुड वुड शुड विल डज डिड वाज वॉज वर फ्रॉम विद अवर योर यौर इट इट्स देयर समवन
        समथिंग एनीवन बट बिकॉज सिंस अबाउट गेटिंग वर्किंग शोइंग कमिंग ट्राइंग फॉरगॉट एवरी ऑल्सो स्टिल आफ्टर बिफोर टुडे
        यस्टरडे प्लीज्ड ओपनिंग टॉकिंग नाउ फॉर टेल
        மை ஹேஸ் ஹாஸ் ஹேவ் ஹவ் இஸ் தி திஸ் தட் வாட் வென் வேர் வாண்ட் வான்ட் வான்ட்டு நாட் டோன்ட் டோண்ட் காண்ட் கான்ட்
        கேன் குட் வுட் ஷுட் வில் டஸ் டிட் வாஸ் ஃப்ரம் வித் யுவர் இட்ஸ் இட் சம்ஒன் பட் பிகாஸ் சின்ஸ் அபௌட் ஒர்க்கிங்
        வொர்க்கிங் ஷோயிங் நீட் ஃபார் மைய் ஃபர்காட்
    """,
    "hi": """
        mai maine mainne mujhe mujhse mera meri mere hamein hume humein humko hamara hamari hamare humara humari
        humare humne hamne aap aapka aapki aapke aapko aapne apna apni apne yeh ye woh wo isko usko isse usse iska
        uska isme usme ka ki ke ko se mein ne hai hoon hun hota hoti hote hoga hogi tha thi raha rahi rahe rha rhi
        gaya gayi gaye gya karna karni karne kare karen karo kar karke karta karti karte kiya kijiye kijie dijiye
        dijie de diya dena lena leni kya kab kaise kese kaisa kahan kahaan kyon kyun kyu kaun kisi kis koi kuch kuchh
        aur ya bhi toh lekin magar agar kyunki chahiye chahta chahti chahte sakta sakti sakte aaya aayi aaye aata aati
        jata jati jaye liye saath tak wala wali wale bahut zyada jyada thoda thodi abhi ab aaj kal phir fir yahan
        wahan bata bataiye batao bataye bol bolo boliye baat kitna kitne kitni konsa kaunsa pata samajh lagega lagta
        mila mili milega rakha dala daalna hua hui hue jab tab sab pehle baad khul khula khatam kharab gayab bhool
        bhul chal chalu band galat nahi paisa paise dikha dikh pe liya gaadi wapas waapas naya nayi waqt jo bhare
        badle jode karwao dono sirf mat bolna wahi kahi purana karwana karwa karaiye hamlog bhai bhaiya bhejo bhejiye
        bana banana banaye banane dalna rahenge karunga karungi doge denge karega
        मैं मैने मैंने मुझे मुझसे मुझको मेरा मेरी मेरे हम हमें हमको हमारा हमारी हमारे हमने आप आपका आपकी आपके आपको आपने
        अपना अपनी अपने यह ये वह वो इस उस इसे उसे इसका उसका इसमें उसमें का की के को से में ने है हैं हूं हूँ हो होगा
        होगी होता होती था थी थे रहा रही रहे गया गई गए गयी करना करनी करने करें करो कर करके करता करती करते किया कीजिए
        कीजिये दीजिए दीजिये दे दिया दी लेना लेनी क्या कब कैसे कैसा कहां क्यों क्यूं कौन किसी किस कोई कुछ और या भी तो
        ही लेकिन मगर अगर क्योंकि चाहिए चाहता चाहती चाहते सकता सकती सकते आ आया आई आए आता आती जा जाता जाती जाए लिए साथ
        तक वाला वाली वाले बहुत ज्यादा थोडा थोडी अभी अब आज कल फिर पर यहां वहां बता बताइए बताओ बताएं बोल बोलो बोलिए बात
        कितना कितने कितनी कौनसा पता समझ लगेगा लगता मिल मिला मिली मिलेगा रखा डाला डालना पड चाहे हुआ हुई हुए जब तब सब
        सभी पहले बाद
    """,
    "ta": """
        enakku enaku ennoda ennudaiya engal engaloda engalukku namma naan neenga unga ungal idhu athu adhu intha indha
        antha andha enna yenna eppadi epdi yeppadi eppo yeppo enga yenga yaar yaaru evlo evvalavu venum vendum illaya
        irukku irukka iruku irukkudhu panna pannanum pannunga pannunum pannalam panni pannitten pannuven sollunga
        solluga sollu seiya seyya aagala aagalai aagudhu aaguthu aachu aayiduchu mudiyala mudiyalai mudinjiduchu
        mudinjidichu mudinju mudiyuma maranthutten marandhutten theriyala theriyum theriyuma puriyala puriyalai konjam
        romba ippo ippa appuram innum kooda mattum kitta pesanum pesunga pesa varala varalai varudhu varuthu vandhuchu
        vanthuchu poiduchu kudunga kodunga thaanga vaanganum seekiram odala thirakkala
    """,
}

# said by callers of all languages, or the same letters in two of them: they only strengthen what others have told
WEAK = {
    "en": "is are the to in on me us do so or no not be all out up he use main yes now",
    "hi": "the to in is me us do so ho hi par or main hum he na ji nahi mat bas theek thik haan नहीं ना न मत जी बस ठीक",
    "ta": "en la oru illa vendam venam இல்லை இல்ல வேண்டாம் வேணாம்",
}

# nobody's: courtesy, answers and numbers
NEUTRAL = """
    " ok okay yes yeah hello hi hey please sir madam thanks thank you haan ji sari aama aamam namaste vanakkam nandri
    dhanyavad shukriya bye goodbye right sorry accha achha theek thik bilkul zero one two three four five six seven
    eight nine ten hundred thousand double triple shunya ek teen char chaar paanch panch chhe saat aath nau
    हां हाँ जी ठीक अच्छा बिल्कुल नमस्ते धन्यवाद शुक्रिया थैंक यू ओके यस नो हेलो हैलो सॉरी प्लीज शून्य एक दो तीन चार
    पांच छह छः सात आठ नौ दस डबल ट्रिपल सौ हजार
    ஆமா ஆமாம் சரி ஓகே ஹலோ வணக்கம் நன்றி தேங்க்ஸ் யெஸ் நோ ப்ளீஸ் பூஜ்யம் சைபர் ஒன்று ஒண்ணு இரண்டு ரெண்டு மூன்று மூணு
    நான்கு நாலு ஐந்து அஞ்சு ஆறு ஏழு எட்டு ஒன்பது டபுள்
"""

TAMIL_WORDS = """
    நான் எனக்கு என் என்னுடைய என்னோட எங்கள் எங்க எங்களுக்கு எங்களோட நாங்கள் நாங்க நாம நம்ம நீங்கள் நீங்க உங்கள் உங்க
    உங்களுக்கு இது அது இந்த அந்த ஒரு என்ன எப்படி எப்போ எப்ப எப்போது எங்கே ஏன் யார் யாரு எவ்வளவு எவ்ளோ எத்தனை எது
    கொஞ்சம் ரொம்ப இப்போ இப்ப இப்போது இன்னும் அப்புறம் பிறகு மட்டும் தான் கூட கிட்ட இருந்து என்று அல்லது ஆனால் ஆனா மேல
    கீழ பத்தி பற்றி மாதிரி வரை முன்னாடி பண்ண பண்ணி செய்ய போக வர தர பேச சொல்ல கொடுங்க சொல்லுங்க பண்ணுங்க இன்னைக்கு
    நேத்து நாளைக்கு இன்று நேற்று நாளை தயவுசெய்து உதவி ஆச்சு இருக்கு இருக்கா புது பழைய எல்லா எல்லாம் வேற வேறு வரல வரலை
    ஆகல ஆகலை இல்லாத அண்ணா அண்ணே அக்கா தடவை நிமிஷம் தேதி விலை எண் வரி வண்டி கடை ஆள் ஆள பேசாத அடுத்த போன வேலை மறந்த
    மாற்ற வழி உண்டா குடு குடுங்க தர்றீங்களா எவ்ளோங்க காட்டல மாத்த கத்துக் அப்படின்னா
"""
# how Tamil verbs and cases end, also on borrowed words; a verb says as much as two small words of the others
TAMIL_VERBS = (
    "வில்லை வில்லையா லலை ணும் ணுமா வேண்டும் வேணும் ுச்சு ிச்சு ாச்சு ுது ுதா கிறது கிறதா கிறேன் கிறார்கள் றாங்க றீங்க றேன் ிட்டேன் ட்டேன் ிட்டது விட்டது டுச்சு"
    " க்கல க்கலை ரலை ரல டலை கலை யலை யல ாது ாதா முடியுமா லாமா லாம் ுங்கள் ுங்க ட்டுமா மாட்டேங்குது மாட்டேன் க்கிறது ந்தது ந்தேன் ருக்கு ருக்கா"
)
TAMIL_CASES = (
    "ும் ுமா னும் கறது றப்போ ப்போ ால ங்க லை னை ரை டை த்து ட்டு ியா க்கு கிட்ட ோட ுடன் ிடம் ில் ிலிருந்து ுடைய ுக்கு ுக்காக ாக ாவது ுனு ன்னு வதற்கு வது றது"
)

HINDI_VERBS = "ाओ ाइए िए िएगा ूंगा ूंगी ेंगे ेगा ेगी वाना वानी वाने वाएं वाऊं"
# endings of romanised verbs that are in no list
LATIN_ENDINGS = {
    "hi": "ao wana wane waye iye iyega iyo yenge renge denge lenge runga dunga lunga rungi dungi",
    "ta": "gudhu guthu udhu uthu iduchu ichidu ichi achu uchu anum unum inga ukku itten utten attum irukku dhunga theenga",
}

LANGUAGE_NAMES = {
    "en": "english inglish angrezi angreji अंग्रेजी इंग्लिश अंगरेजी इंगलिश ஆங்கில* இங்கிலீஷ்* இங்லிஷ்* இங்கிலிஷ்*",
    "hi": "hindi hindhi हिंदी हिन्दी ஹிந்தி* இந்தி* ஹிந்தில*",
    "ta": "tamil tamizh thamizh tamilla tamizhla thamizhla tamilil tamizhil तमिल तामिल தமிழ* தமில்",
    "te": "telugu तेलुगु தெலுங்கு*",
    "kn": "kannada कन्नड கன்னட*",
    "ml": "malayalam मलयालम மலையாள*",
    "mr": "marathi मराठी மராத்தி*",
    "bn": "bengali bangla बंगाली बांग्ला பெங்காலி*",
    "gu": "gujarati गुजराती குஜராத்தி*",
    "pa": "punjabi पंजाबी பஞ்சாபி*",
}
