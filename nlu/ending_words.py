"""The words that tell whether a sentence can be over: those after which more must come, and those that end one.

English, Hindi in both scripts, Tamil. Hindi and Tamil put the verb last: a verb at the end ends the sentence. English puts it in the
middle: there only what is missing can be told.
"""

from __future__ import annotations

# the caller is looking for words
HESITATIONS = """
    um uh er erm hmm hm mm ah eh umm uhh basically actually so
    matlab yaani yani
    मतलब यानी यानि अम उम हम्म वैसे एक्चुअली बेसिकली
    ம் ம்ம் உம் அதாவது வந்து ஆக்சுவலி
"""

# the next clause is announced
CONJUNCTIONS = """
    and or but because since while if unless until although when whenever which as than where whether plus
    aur ya lekin magar par kyunki kyonki isliye agar jab jo jaise ki toh taki
    और या लेकिन मगर पर किंतु परंतु क्योंकि इसलिए अगर यदि जब जो जैसे कि ताकि तो एवं तथा
    ஆனா ஆனால் அப்புறம் அப்புறமா அப்பறம் பிறகு மற்றும் அல்லது அதனால அதனால் ஏன்னா ஏனென்றால் ஏனெனில் இல்லன்னா இல்லனா ஆகவே
"""

# a noun or a verb must follow
OPENERS = """
    the a an my our your his their its every another
    i we he she they am is are was were be been have has had will would shall should may might must could
    to of for from with at by into about under between without on in
    want wants need needs very tell like not
    mera meri mere hamara hamari hamare humara apna apni apne mujhe humein hume hamein main maine hum humne aapka aapki aapke uska uski
    iska iski ka ki ke ko se mein ne ek koi kisi
    मेरा मेरी मेरे हमारा हमारी हमारे अपना अपनी अपने मुझे हमें मैं मैंने हम हमने आपका आपकी आपके उसका उसकी इसका इसकी का की के को से में ने पर
    एक कोई किसी इस उस बहुत बाद baad
    எனக்கு எங்களுக்கு என் என்னோட என்னுடைய என்னை எங்க எங்கள் எங்களோட எங்களுடைய நான் நாங்க நாங்கள் இந்த அந்த ஒரு உங்க உங்கள் ரொம்ப
"""
# these may stand last where the sentence has had its verb: "install karna hai naye laptop mein", "what is it about"
MAY_STAND_LAST = """
    to for from with at by into about under without on in i we he she they is are was were have has had am be will would should could
    like as
    ka ki ke ko se mein par mujhe humein hum main ne to
    का की के को से में पर मुझे हमें हम मैं ने तो वैसे
    எனக்கு எங்களுக்கு நான் நாங்க நாங்கள் அப்புறம் பிறகு வந்து
"""
# whole with what stands before it
PAIRS = """
    think so|or not|why not|if not|do not|does not|did not|am not|switch on|turn on|go on|going on|hold on|come in|is in
"""
# a question word at the front: "what is it for", "where are you"
ASKING = "what where who which when how why whom whose"
# clauses that begin with these need another
WAITING = "when if because since while after before as once although unless"

# who or whose, at the front of a sentence that will say what of them
SUBJECTS = """
    my our the mera meri mere hamara hamari hamare mujhe hume humein hamein main maine hum humne
    मेरा मेरी मेरे हमारा हमारी हमारे मुझे हमें मैं मैंने हम हमने
    எனக்கு எங்களுக்கு என் என்னோட என்னுடைய எங்க எங்கள் எங்களோட நான் நாங்க நாங்கள்
"""
BEFORE_ALL = (
    "hello hi yes no sir madam so ok okay um uh haan ji namaste matlab नमस्ते हेलो हां जी नहीं मतलब அப்புறம் வணக்கம் ஹலோ சார் ஆமா ஆமாம் சரி இல்ல இல்லை"
)
HINDI_INFINITIVES = ("ना", "नी", "ने", "na", "ni", "ne")

# courtesy behind the last word
COURTESY = """
    please sir madam ma'am mam thanks thank you kindly ji yaar bhai bhaiya na kya bhi
    कृपया प्लीज़ सर मैडम जी यार भाई भैया ना न क्या भी
    சார் மேடம் ப்ளீஸ் தயவுசெய்து தான் நன்றி
"""

# what a Hindi sentence ends with
HINDI_VERBS = """
    है हैं हूं था थी थे होगा होगी चाहिए दीजिए दीजिये कीजिए कीजिये कराइए करवाइए बताइए बोलिए करो करवाओ कराओ बताओ
    गया गई गयी गए गये चुका चुकी चुके पाया पाई आया आई आए हुआ हुई हुए दिया दी दिए लिया ली लिए किया
    मिला मिली बना बनी खुला खुली करें दें लें जाए
    hai hain hoon hun tha thi hoga hogi chahiye dijiye kijiye karaiye karwaiye bataiye boliye karo karwao karao batao
    gaya gayi gaye gai chuka chuki paya aaya aayi aaye hua hui diya di diye liya kiya
    mila mili bana bani khula khuli karein karen dein jaye karunga karungi lunga
"""
# and what it ends with only where something is denied: "nahi khul raha", but "khul raha hai"
HINDI_PARTICIPLES = """
    रह सकता सकती सकते आता आती जाता जाती होता होती करता करती मिलता मिलती चलता चलती खुलता खुलती दिखता दिखती बनता बनती
    raha rahi rahe sakta sakti sakte aata aati jata jati hota hoti karta karti milta milti chalta chalti khulta khulti dikhta banta
"""
HINDI_GIVE = "do दो"  # behind a verb "do it for me", else a number
DENIALS = "नहीं मत nahi mat"
# a verb goes on with these, or has just begun
HINDI_HALVES = "हो नहीं चला चली ho nahi chala chali"
HINDI_VERB_ENDS = ("ऊंगा", "ऊंगी", "ूंगा", "ूंगी", "ेगा", "ेगी", "ेंगे", "इए", "इये", "िए", "िये")
ROMANISED_VERB_ENDS = ("unga", "ungi", "oonga", "oongi", "ega", "egi", "enge", "iye", "iyega")

# and a Tamil one
TAMIL_VERBS = """
    வேண்டும் வேணும் வேண்டாம் வேணாம் இல்லை இல்ல முடியாது முடியல தெரியாது தெரியல தெரியலை புரியல வரல வரலை ஆகல போகல திறக்கல வருது ஆகுது காட்டுது
    கேக்குது இருக்கு இருக்கிறது இருக்கா என்ன எவ்வளவு எங்கே ஆச்சு போச்சு போச்சா முடிஞ்சிருச்சு போயிடுச்சு வந்துச்சு ஆயிடுச்சு மறந்துட்டேன்
    மறந்துவிட்டேன் தாங்க வாங்க பாருங்க கெட்டுப்போச்சு வந்தது தெரியணும் இருக்குது
"""
TAMIL_VERB_ENDS = (
    *("வில்லை", "வில்ல", "ங்க", "ங்கள்", "ணும்", "க்கணும்", "ச்சு", "ச்சா", "ட்டேன்", "றேன்", "கிறேன்", "ினேன்", "ியது"),
    *("கிறது", "கிறதா", "றது", "வது", "குது", "ருது", "ிட்டது", "ந்தது", "ய்தது", "ட்டது", "லாமா", "லாம்", "ட்டுமா", "முடியுமா", "ருக்கு", "டாது", "யாது"),
    *("வேண்டும்", "வேணும்", "க்கவும்", "யவும்", "னார்", "வார்", "வீங்களா"),
)
TAMIL_OPEN_ENDS = ("க்கு", "ன்னா", "ும்போது", "னதும்", "்ததும்", "ுக்காக", "னால", "னால்", "யோட", "ுடைய", "ிடம்", "ிட்ட", "யில்", "ஆகணும்னா")

# an English sentence has one of these, or a word in -ed or -ing
ENGLISH_VERBS = """
    is are was were am has have had do does did can could will would want need help get give tell show forgot lose went came said says
    say call connect transfer speak talk install renew buy use make take file send change reset open happened works keeps keep pay know let
    put shows asks gives stop callback
"""
# and is not over with one of these, which want to be told what
OBJECTLESS = "renew install use file change make send get take give buy reset want need know tell show put let say says said keep"
