"""The phrases behind nlu/signals.py: English, Hindi, romanised Hindi, Tamil, romanised Tamil, one language a line or more.

`..` stands for up to three words, `word*` for any ending, `<group>` for any word of the group.
"""

from __future__ import annotations

from calls.urgency import Signal

GROUPS = {
    "soon": """
        today tonight tomorrow todays आज कल aaj kal இன்று இன்னைக்கு இன்னிக்கு இன்னைக்குள்ள நாளை நாளைக்கு innaiku innikki naalaiku
    """,
    "aaj": "आज कल aaj kal இன்று இன்னைக்கு இன்னிக்கு நாளை நாளைக்கு innaiku innikki naalaiku",
    "last": "last final due आखिरी अंतिम लास्ट ड्यू aakhri akhri antim கடைசி லாஸ்ட் டியூ kadaisi",
    "day": "date day deadline तारीख तारीक दिन डेट tareekh tarikh tareek din நாள் தேதி டேட் நாளு naal thedhi",
    "checking": "inspection audit raid survey इंस्पेक्शन ऑडिट जांच छापा jaanch chhapa இன்ஸ்பெக்ஷன் ஆடிட் சோதனை auditor ऑडिटर ஆடிட்டர்",
    "service": """
        service services support helpdesk company software product experience people team staff tally सर्विस सेवा सपोर्ट कंपनी सॉफ्टवेयर लोग टैली
        हेल्पडेस्क சேவை சர்வீஸ் சப்போர்ட் கம்பெனி சாப்ட்வேர் ஆளுங்க டேலி
    """,
    "very": "very so really extremely totally quite too getting damn just already बहुत इतना bahut itna ரொம்ப romba",
    "furious": "angry furious mad annoyed irritated frustrated upset outraged",
    "insult": """
        idiot idiots moron morons bastard bastards bloody bullshit shit shitty crap fuck* asshole* pathetic ridiculous disgusting
        disgusted disgraceful shameful shameless
        बकवास घटिया वाहियात निकम्मे निकम्मा निकम्मी हरामी हरामखोर कमीने कमीना साले गधे नालायक बेशर्म चूतिया चूतिये मादरचोद बहनचोद भोसड़ी भोसड़ीके धोखेबाज
        घटीया bakwas bakwaas bakvas ghatiya ghatia vahiyat nikamme nikamma harami haramkhor kamine kameene saale nalayak besharam chutiya
        chutiye madarchod behenchod bhenchod bhosdi* gandu dhokebaaz dhokhebaaz
        கேவலமான கேவலம் கேவலமா முட்டாள் முட்டாளுங்க மடையன் அயோக்கிய* ஏமாற்றுக்காரர்* பொறம்போக்கு உருப்படாத தேவிடியா* ஒத்தா நாயே லூசு லூசுங்க போடா
        kevalam kevalamana muttal madaiyan ayokkiya* thevidiya* oththa naaye loosu porambokku
    """,
    "books": """
        data entries vouchers ledgers books records companies डेटा डाटा एंट्रियां वाउचर्स data entriyan
        டேட்டா* தரவு* எண்ட்ரி* வவுச்சர்கள் கணக்குகள்
    """,
    "safe": "backup backups company बैकअप कंपनी பேக்கப் கம்பெனி",
    "gone": "gone lose deleted vanished disappeared erased wiped destroyed",
    "work": "work business billing production sales dispatch operations counter everything",
    "halted": "stopped stuck halted standstill paralysed blocked",
    "shop": "shop store showroom counter factory business दुकान शॉप फैक्ट्री dukaan dukan dukhan shop கடை ஷாப் பேக்டரி kadai",
    "buyers": """
        customers customer clients parties patients trucks vehicles ग्राहक कस्टमर गाड़ियां graahak grahak பார்ட்டி கஸ்டமர்
        கஸ்டமர்ஸ் வாடிக்கையாளர்*
    """,
    "third": """
        third fourth fifth sixth tenth hundredth 3rd 4th 5th तीसरी चौथी पांचवीं पाँचवी दसवीं teesri tisri chauthi chouthi
        paanchvi panchvi மூணாவது மூன்றாவது நாலாவது நான்காவது அஞ்சாவது ஐந்தாவது moonavadhu moonavathu naalavadhu
    """,
    "once": "time बार baar bar dafa தடவை முறை தடவையா thadava thadavai",
    "several": """
        two three four five six seven eight ten 2 3 4 5 6 7 8 10 several many दो तीन चार पांच कई do teen char chaar paanch kai
        ரெண்டு இரண்டு மூணு மூன்று நாலு அஞ்சு பல rendu moonu naalu pala
    """,
    "called": """
        called calling call phoned phoning complained complaining told telling explained
        कॉल फोन बोल* बता* कह* शिकायत call phone bol* bata* keh* shikayat कम्प्लेन
        கால் போன் சொல்ல* சொல்ற* சொல்றது அழைத்* அழைக்* கூப்பி* கூப்பிட* புகார் sonnen solren solra* pannen
    """,
    "same": "same वही सेम wahi vahi same அதே அதேதான் adhe athe",
    "trouble": """
        problem issue error trouble complaint question thing समस्या प्रॉब्लम दिक्कत परेशानी एरर samasya dikkat problem
        பிரச்சனை பிரச்னை பிராப்ளம் prachanai
    """,
    "again": "again फिर दोबारा वापस fir phir dobara மறுபடி* திரும்ப* மீண்டும் marubadi* thirumba*",
}

PHRASES = [
    (
        Signal.ANGER,
        """
        <insult>|worst|useless|what nonsense|is nonsense|talking nonsense|this nonsense|waste fellow|waste fellows|waste company
        |waste people|total waste of|complete waste of|waste of money|wasting my time|wasted my time|wasting our time
        |waste of my time|terrible <service>|horrible <service>|awful <service>|rubbish <service>|<service> is rubbish
        |<service> is terrible|<service> is horrible|<service> is very bad|<service> is so bad|very bad <service>
        |third class <service>|<service> is third class|what kind of service|what kind of support|cheating us|cheating me
        |you are cheating|you cheated|have cheated|you are cheaters|you are all cheaters|cheated me|cheated us|cheaters
        |you are frauds|you are fraud|fraud company|fraud people|are fraudsters|daylight robbery|you are thieves|consumer court
        |consumer forum|consumer complaint|legal action|legal notice|take you to court|go to court|sue you|going to sue
        |police complaint|complain to the police|complain against you|social media about you|bad review|fed up|sick of
        |sick and tired|lost my patience|losing my patience|lose my patience|lose patience|i am <furious>|i am <very> <furious>
        |we are <very> <furious>|makes me <furious>|making me <furious>|i am boiling|totally unacceptable|this is unacceptable
        |shame on you|should be ashamed|what the hell|go to hell|to hell with|how dare|not at all happy|not happy with your
        |very unhappy|highly disappointed|very disappointed|extremely disappointed|not satisfied with your|never buy .. again
        |never use .. again|switch to another software|move to another software|shift to another software|shut up
        |have you gone mad|are you mad|are you stupid|you are stupid|stupid people|stupid machine|stupid bot|stupid <service>
        |making a fool|making fool|making us fools|fooling us|fooling me
        """,
    ),
    (
        Signal.ANGER,
        """
        बेकार सर्विस|बेकार कंपनी|बेकार सपोर्ट|बेकार सॉफ्टवेयर|बेकार लोग|सर्विस बेकार|सर्विस बहुत बेकार|सर्विस एकदम बेकार
        |सॉफ्टवेयर बेकार|फालतू सर्विस|फालतू कंपनी|फालतू लोग|धोखा|ठग लिया|ठग रहे|ठगा|लूट रहे|लूट मचा|लूट लिया|चोर कंपनी|चोर लोग
        |सब चोर|बेवकूफ बना|पागल बना|पागल समझ|उल्लू बना|मज़ाक बना|गुस्सा आ|गुस्सा दिला|गुस्से में|तंग आ|तंग कर|दिमाग खराब कर
        |दिमाग मत खा|दिमाग खा|कंज्यूमर कोर्ट|कंज्यूमर फोरम|उपभोक्ता फोरम|उपभोक्ता अदालत|उपभोक्ता न्यायालय|कोर्ट जाऊंगा
        |कोर्ट में जाऊंगा|कोर्ट में घसीट|केस कर दूंगा|केस करूंगा|पुलिस में शिकायत|पुलिस कंप्लेंट|लीगल नोटिस|शर्म आनी चाहिए
        |शर्म नहीं आती|शर्म करो|टाइम बर्बाद|समय बर्बाद|पैसा बर्बाद|पैसे बर्बाद|बहुत खराब सर्विस|सर्विस बहुत खराब|कैसी सर्विस
        |बहुत नाराज|सबसे खराब|सबसे घटिया|वर्स्ट सर्विस|bekar service|bekaar service|bekar company|bekar log|bekar software
        |service bekar|service bekaar|service bahut bekar|faltu service|faltu company|faltu log|dhoka|dhokha|thag liya|thag rahe
        |thaga|loot rahe|loot macha|loot liya|chor company|sab chor|bewakoof bana|bewkoof bana|pagal bana|pagal samajh|ullu bana
        |mazaak bana|gussa aa|gussa dila|gusse mein|tang aa|tang kar|dimag kharab kar|dimaag kharab kar|dimag mat kha
        |consumer forum|court jaunga|court mein jaunga|case kar dunga|case karunga|police mein shikayat|police complaint
        |sharam aani chahiye|sharam nahi aati|sharam karo|time barbad|time barbaad|paisa barbad|paise barbad
        |bahut kharab service|service bahut kharab|kaisi service|bahut naraz|sabse kharab|sabse ghatiya
        """,
    ),
    (
        Signal.ANGER,
        """
        மோசமான <service>|<service> மோசம்|<service> .. மோசம்|<service> .. மோசமா|படு மோசம்|ரொம்ப மோசம்|ஏமாத்து*|ஏமாற்று*|ஏமாற்றி*
        |ஏமாத்தி*|வேஸ்ட் கம்பெனி|வேஸ்ட் சர்வீஸ்|வேஸ்ட் சாப்ட்வேர்|வேஸ்ட் ஃபெல்லோ|<service> வேஸ்ட்|திருட்டு கம்பெனி|திருட்டுப்
        |திருடனுங்க|கோபம் வரு*|கோபமா இரு*|கோபமாக இரு*|கோவம் வரு*|கோவமா இரு*|கடுப்பா இரு*|கடுப்பு ஏத்*|எரிச்சலா இரு*
        |எரிச்சலாக இரு*|எரிச்சல் வரு*|வெறுத்து போ*|பொறுமை போ*|பொறுமை இல்லை|நுகர்வோர் நீதிமன்*|நுகர்வோர் கோர்*|கன்ஸ்யூமர் கோர்*
        |கோர்ட்டுக்கு போ*|வழக்கு போடு*|கேஸ் போடு*|போலீஸ்ல புகார்|போலீசில் புகார்|வெட்கமா இல்ல*|என்ன சர்வீஸ் இது|என்ன சேவை இது
        |நேரத்தை வீணா*|டைம் வேஸ்ட் பண்*|பைத்தியக்கார* ஆக்*|முட்டாளாக்*|mosamana <service>|service .. mosam|romba mosam|emathura*
        |emathar*|ematri*|yemathu*|yemathar*|kobam varu*|kovam varu*|kobama iru*|kaduppa iru*|kadupa iru*|erichala iru*
        |enna service idhu|vekkama illa*
        """,
    ),
    (
        Signal.REPETITION,
        """
        <third> <once>|second time .. call*|second time .. phon*|second time .. same|twice already|called .. twice|called twice
        |already called|already complained|already told you|already explained|how many times .. <called>
        |how many times do i have|how many times should i|so many times .. <called>|many times .. <called>
        |<called> .. many times|<several> times .. <called>|<called> .. <several> times|again and again .. <called>
        |<called> .. again and again|calling again and again|called yesterday also|called last week also|called before also
        |keep calling|keeps calling|still nobody called|still no one called|nobody called me back|nobody called back
        |no one called back|no one has called|nobody has called|not got any call back|same <trouble> again
        |again the same <trouble>|again same <trouble>|<same> <trouble> <again>|every time i call|each time i call
        |same thing again and again|<again> से वही|<again> वही <trouble>|फिर वही|वही <trouble> .. <again>|कितनी बार .. <called>
        |कई बार .. <called>|बार बार .. <called>|<several> बार .. <called>|दूसरी बार .. <called>|पहले भी .. <called>
        |कल भी .. <called>|<called> .. <several> बार|वापस कॉल नहीं आया|<again> se wahi|<again> se same|<again> wahi <trouble>
        |phir wahi|fir wahi|wahi <trouble> <again>|kitni baar .. <called>|kitni bar .. <called>|kai baar .. <called>
        |baar baar .. <called>|<several> baar .. <called>|<several> bar .. <called>|doosri baar .. <called>
        |dusri baar .. <called>|pehle bhi .. <called>|kal bhi .. <called>|<called> .. <several> baar|wapas call nahi aaya
        |<again> அதே <trouble>|அதே <trouble> <again>|எத்தனை தடவை .. <called>|எத்தனை முறை .. <called>
        |எத்தன தடவ* .. <called>|<several> தடவை .. <called>|<several> முறை .. <called>|நேத்தும் .. <called>|ரெண்டாவது தடவை
        |இரண்டாவது முறை|ethana thadava* .. <called>|ethanai thadava* .. <called>|<several> thadava .. <called>
        """,
    ),
    (
        Signal.DATA_LOSS,
        """
        <books> <gone>|<books> .. <gone>|<safe> .. gone|backup .. deleted|backup .. vanished|company .. vanished
        |company .. disappeared|company .. deleted by mistake|deleted .. by mistake|lose .. <books>|lose .. backup|data loss
        |entries .. missing|vouchers .. missing|ledgers .. missing|my data .. missing|our data .. missing|all data .. missing
        |deleted my company|deleted the company|<books> गायब|<books> .. गायब|<safe> .. गायब|एंट्री .. गायब|वाउचर .. गायब
        |<books> .. उड़|<books> .. डिलीट हो|एंट्री .. डिलीट हो|<safe> .. डिलीट हो|<books> .. मिट|<books> .. चला गया
        |<books> .. खो|<books> .. नष्ट|<safe> .. खो|data .. gayab|entry .. gayab|company .. gayab|backup .. gayab
        |voucher .. gayab|sab gayab|data .. ud gaya|data .. udd gaya|data .. delete ho|entry .. delete ho|data .. mit gaya
        |data .. chala gaya|data .. kho gaya|backup .. delete ho|company .. delete ho|<books> .. அழிந்*|<books> .. அழிஞ்*
        |<books> .. போய்விட்ட*|<books> .. போயிடுச்சு|<books> .. போயிட்ட*|<books> .. போயிருச்சு
        |<books> .. போச்சு|<books> .. காணோம்|<books> .. காணவில்லை|<books> .. காணாம*
        |<books> .. தொலைந்*|<books> .. டெலிட் ஆ*|<safe> .. காணோம்|<safe> .. காணவில்லை|<safe> .. டெலிட் ஆ*|<safe> .. போச்சு
        |வவுச்சர் .. காணோம்|data .. pochu|data .. poiduchu|data .. kaanom|data .. kanom|data .. azhinj*|company .. kaanom
        """,
    ),
    (
        Signal.DEADLINE,
        """
        <soon> <last> <day>|<soon> is <last> <day>|<soon> is the <last> <day>|<soon> is my <last> <day>
        |<soon> is our <last> <day>|<last> <day> .. <soon>|<soon> .. deadline|deadline .. <soon>|due <soon>|is due .. <soon>
        |due by <soon>|<checking> .. <soon>|<soon> .. <checking>|must file <soon>|must be filed <soon>|have to file .. <soon>
        |need to file .. <soon>|have to submit .. <soon>|must submit .. <soon>|file .. before midnight|submit .. before midnight
        |only today is left|only one day left|only one day is left|only few hours left|few hours left|otherwise penalty
        |otherwise .. penalty|or else .. penalty|officer is coming|officers are coming|<aaj> .. <last> <day>|आज ही भरना
        |आज ही फाइल|आज तक भरना|आज रात तक|आज शाम तक|नहीं तो पेनल्टी|नहीं तो जुर्माना|वरना पेनल्टी|वरना जुर्माना|aaj hi bharna
        |aaj hi file|aaj raat tak|aaj shaam tak|nahi to penalty|warna penalty|varna penalty|nahi to jurmana
        |இன்னைக்குள்ள .. பண்ண*|இன்றைக்குள் .. செய்ய*|இன்று மாலைக்குள்|இல்லைனா பெனால்டி|இல்லனா பெனால்டி|இல்லையென்றால் அபராதம்
        """,
    ),
    (
        Signal.STANDSTILL,
        """
        <shop> is closed because|<shop> closed because|closed .. because of this|closed .. because of you|<shop> is shut because
        |<work> is <halted>|<work> has <halted>|<work> are <halted>|<work> has come to|<work> is completely <halted>
        |<work> is totally <halted>|<work> is fully <halted>|<work> <halted>|all work is <halted>|whole <work> is <halted>
        |come to a standstill|came to a standstill|<buyers> are waiting|<buyers> are standing|<buyers> is waiting
        |<buyers> is standing|<buyers> waiting|queue of <buyers>|line of <buyers>|<buyers> are shouting|<buyers> are going away
        |<buyers> are leaving|losing <buyers>|losing business|losing sales|can not bill|can not do billing|can not make any bill
        |can not do any work|can not do anything|no billing since|no work since|not able to bill|not able to do billing
        |not able to do any work|staff is sitting idle|staff are sitting idle|sitting idle|sitting without work|काम रुक|काम ठप
        |काम अटक|काम बंद है|काम बंद हो|काम बंद पड़|पूरा काम रुका|धंधा बंद|धंधा ठप|धंधा चौपट|बिज़नेस रुक|बिजनेस ठप|बिलिंग बंद
        |बिलिंग रुक|बिलिंग ठप|बिल नहीं बन पा|सब कुछ रुक|दुकान बंद पड़|दुकान बंद करनी|दुकान ठप|वजह से दुकान बंद|<buyers> खड़े
        |<buyers> इंतज़ार|<buyers> इंतजार|<buyers> लाइन|<buyers> वापस जा|<buyers> भाग|स्टाफ खाली बैठ|kaam ruk|kaam thap
        |kaam atak|kaam band hai|kaam band ho|kaam band pad*|pura kaam ruka|dhandha band|dhanda band|dhandha thap|billing band
        |billing ruk|billing thap|sab kuch ruk|sab ruk gaya|dukaan band pad*|dukan band pad*|dukaan band karni|dukaan thap
        |wajah se dukaan band|wajah se dukan band|<buyers> khade|<buyers> intezaar|<buyers> intezar|<buyers> wait kar
        |<buyers> line mein|<buyers> wapas ja|<buyers> bhag|staff khali baith*|வேலை நின்*|வேலை எல்லாம் நின்*|வேலையே நின்*
        |வேலை ஓடல|வேலை நடக்கவில்லை|வேலை நடக்கல|வேலையே நடக்கல|பில்லிங் நின்*|பில்லிங் ஓடல|பில் போட முடிய*|பிசினஸ் நின்*
        |வியாபாரம் நின்*|எல்லாம் நின்னு|கடையை மூட*|கடைய மூட*|கடை மூடி|<buyers> காத்திரு*|<buyers> வெயிட்*|<buyers> நிக்க*
        |<buyers> நிற்கி*|<buyers> .. நிக்கிறாங்க|<buyers> .. காத்துகிட்டு|velai ninnu*|billing ninnu*|customer wait pann*
        |customers wait pann*|kadai moodi*
        """,
    ),
]

# what looks like a sign and is none
MEANT_OTHERWISE = """
    angry birds|worst case|worst comes|cheat sheet|stupid question|stupid mistake|i am stupid
    |useless entr*|useless ledger*|useless data|useless file*|useless item*|useless voucher*|useless compan*
    |balance shit|excel shit|work shit|spread shit|data entry|data entries|no data loss|third party
    |calling me again and again|keep calling me|keeps calling me|calling us again and again|keep calling us|keeps calling us
    |figure* bakwaas|figure bakwas|number bakwas|மூடிட்டேன்|மூடிவிட்டேன்
    |கெட்டு போச்சு|கெட்டுப் போச்சு|audit trail|audit log|audit report|audit feature|inspection report|quality inspection
"""
