"""The vocabulary of inline overrides in other languages: what gives an order, and what makes it a mention.

Each table is one idea of the grammar in `inline_foreign`; a language is a few words in each. All are
fragments of regular expressions over lower-case text with single spaces. What is `GLUED` belongs to scripts
that write words without spaces. Imperatives are listed in the form that only they have.

Source: rules.md section 5.
"""

from __future__ import annotations

from typing import Final

GLUED: Final = "\u0600-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Letters of scripts that write a name without a space beside it, as ranges of a character class."""

SUFFIX: Final = (
    r"(?:(?:ta|tä|lla|llä|illa|ia|a|in|iin|kseen|t|ot|et|szal|val|vel|tel|ra|re|on|en|n|em|u|ie|owi|cie|e)"
    r"|['’-]?(?:а|ом|е|у|и|ами)|['’](?:[yn]?[uıiüae]|l[ae]|[dt][ae]n?))(?!\w)"
)
"""What a language may put behind a name: opusta, opust, opusem, opus'u."""

USE: Final = (
    "используй(?:те)?|возьми(?:те)?|выбери(?:те)?|примени(?:те)?"
    "|(?:переключ(?:и(?:те)?(?:сь)?|ись)|перейди(?:те)?|переходи)(?: [^ ]+)? на",
    "використ(?:ай|овуй)(?:те)?|візьми|обери|(?:перемкни(?:сь)?|перейди) на",
    "użyj(?:cie)?|używaj(?:cie)?|wybierz|weź|(?:przełącz(?: się)?|przejdź)(?: [^ ]+)? na|skorzystaj z",
    "použij(?:te)?|používej(?:te)?|vyber|vezmi|(?:přepni(?: se)?|přejdi)(?: [^ ]+)? na",
    "použi(?:te)?|prepni na",
    "använd|välj|(?:byt|växla|gå över)(?: [^ ]+)? till|brug|bruk|vælg|velg|(?:skift|bytt|bytte|gå over) til",
    "käytä|käyttäkää|valitse|vaihda",
    "foloseș?ș?te|folosește|folosiți|utilizează|alege|(?:treci|comută|schimbă) (?:pe|la)",
    "használ(?:d|j|ja|jon)|válaszd",
    "gunakan(?:lah)?|pakai(?:lah)?|pilih|(?:beralih|ganti|pindah)(?:lah)? ke",
    "dùng|sử dụng|chọn|(?:chuyển|đổi) sang",
    "χρησιμοποί(?:ησε|ησέ|ήστε)|χρησιμοποιήστε|διάλεξε|επίλεξε|(?:άλλαξε|γύρνα|πήγαινε) σε",
    "استخدمي?|استعمل|اختر|(?:انتقل|بدل|بدّل|حول|حوّل) (?:إلى|الى)",
    "(?:תשתמש[יו]?|השתמש[יו]?) ב-?|(?:עבור|תעבור|החלף) ל-?|בחר ב-?",
    "(?:改|换|就|直接)?(?:使用|采用|用|使)|换|(?:换|切换?|改|转|升级?|降级?)(?:成|到|为|回)|选择?|交给",
    "ใช้|เปลี่ยนไปใช้|สลับไปใช้",
    "(?:cambia|cambie|pasa|passa|mud[ae]|troc[ae])(?: [^ ]+)? (?:a|al|para|pra|per)",
    "(?:us[ae]|utiliz[ae]|escolh[ae]) o|wechs(?:le|el) bitte zu|schalte bitte (?:um )?auf",
)
"""Imperatives that take the tier behind them."""

USE_BEHIND: Final = (
    "(?: model(?:i|ini))? kullan(?:ın|ınız|ır mısın|ırsan)?(?= |$)",
    "(?:['’]y?[ae]) geç(?:in)?(?= |$)| seç(?= |$)",
    " ?(?:モデル)?(?:を|に)(?:使っ|使用し|使い|使お|利用し|選ん|指定し|切り?替え|変更し|変え|戻し|して)",
    " ?(?:모델)?(?:을|를)? ?(?:사용|이용)(?:해|하(?:세요|십시오|자|여))",
    " ?(?:모델)?(?:으로|로) (?:바꿔|전환|변경)",
    " (?:का|को) (?:उपयोग|इस्तेमाल|प्रयोग) कर(?:ो|ें|ना)?(?= |$)|( )?(?:مدل )?استفاده (?:کن|کنید|بکن)(?= |$)",
)
"""Verbs that stand behind the tier."""

NOT: Final = (
    "не (?:надо |нужно )?(?:используй(?:те)?|использовать|бери|применяй|переключайся на)|только не|без",
    "не (?:використовуй(?:те)?|бери)",
    "nie (?:używaj(?:cie)?|bierz|wybieraj|korzystaj z|przełączaj(?: się)? na)|bez",
    "ne(?:používej(?:te)?|použij|použi|používaj|ber)",
    "använd (?:inte|aldrig|ej)|(?:inte|aldrig) (?:använd|med|på)|utan|undvik",
    "(?:brug|bruk) (?:ikke|aldrig|aldri)|(?:ikke|aldrig|aldri) (?:brug|bruk)|uden|uten|undgå|unngå",
    "älä(?: enää)? käytä|älkää käyttäkö|ilman|vältä",
    "nu (?:folosi(?:ți)?|utiliza)|fără|evită|ne használ(?:d|j|ja)|kerüld",
    "jangan(?: pernah)? (?:pakai|gunakan|memakai|menggunakan)|tanpa|hindari",
    "(?:đừng|không)(?: có)? (?:dùng|sử dụng)|tránh(?: dùng)?",
    "μην? χρησιμοποι(?:είς|ήσεις|ήσετε|είτε)|χωρίς",
    "لا تستخدمي?|لا تستعمل|بدون|تجنب|דבר בלי|אל תשתמש[יו]? ב-?|בלי|ללא",
    "(?:请?不要|别|請勿|请勿|勿|禁止|避免)再?(?:使用|采用|用)|不(?:使用|采用|用)",
    "(?:อย่า|ห้าม|ไม่ต้อง)ใช้",
    "nã?o us[ae]|nunca us[ae]|não utiliz[ae]|nunca utiliz[ae]",
)
NOT_BEHIND: Final = (
    " kullanma(?:yın|yin|sın)?(?= |$)| olmadan(?= |$)| nélkül(?= |$)",
    " ?(?:モデル)?(?:は|を)?(?:使わない(?:で|よう)|使用しない(?:で|よう)|使うな)",
    " ?(?:モデル)?(?:は|を)?(?:やめて|避けて|なしで|抜きで|以外で)",
    " ?(?:모델)?(?:은|는|을|를)? ?(?:(?:사용하|쓰)지 ?(?:마|말)|말고|없이)",
    " (?:का|को) (?:उपयोग|इस्तेमाल|प्रयोग) (?:मत|न|नहीं) कर| के बिना| استفاده (?:نکن|نکنید)(?= |$)",
)
"""Orders against the tier, before and behind it."""

TIES: Final = (
    "с помощью|при помощи|с|со|на|через|за допомогою|з|із|za pomocą|przez|na|z|pomocí|přes|s|se|cez",
    "på|med|pe|cu|folosind|dengan|menggunakan|bằng|với|trên|με|στο|στον|على|باستخدام|مع|ب|با|روی",
    "עם|על|באמצעות|ב-?|con|en|em|no|na|com|su|usando|mediante|auf|mit|op|met|sur|avec",
)
TIES_BEHIND: Final = (
    "(?:['’]?l[ae]|lla|llä|illa|val|vel|szal|tel|on|n)(?= |$)",
    "(?: |['’])(?:ile|yle|yla)(?= |$)| üzerinde(?= |$)| (?:से|पर|के साथ)(?= |$)",
    " ?(?:モデル)?で|(?:으로|로)(?= )",
)
"""What ties the tier to a clause that is an order because it holds one of `WORK`."""

WORK: Final = (
    "сделай|исправь|почини|запусти|выполни|проверь|отладь|напиши|найди|реши|разбери|перепиши|прогони|обработай",
    "проанализируй|продолж(?:и|ай)|зроби|виправ|запусти|перевір|знайди",
    "zrób|napraw|uruchom|wykonaj|sprawdź|napisz|znajdź|popraw|przepisz|odpal|puść|przeanalizuj|rozwiąż|kontynuuj",
    "udělej|oprav|spusť|proveď|zkontroluj|napiš|najdi|přepiš|vyřeš|pokračuj|urob|sprav|spusti|skontroluj",
    "gör|kör|fixa|rätta|kontrollera|hitta|analysera|fortsätt|lös|felsök|granska|gør|lav|kør|ret|fiks|tjek|løs",
    "gjør|kjør|rett|sjekk|finn|analyser|fortsett|fortsæt|feilsøk|fejlsøg|aja|korjaa|suorita|tarkista|jatka",
    "fă|rulează|repară|verifică|execută|analizează|găsește|continuă|corectează|csináld|futta(?:sd|ss)|javítsd|ellenőrizd",
    "kerjakan|jalankan|lakukan|perbaiki|periksa|analisis|selesaikan|lanjutkan|buat",
    "làm|chạy|sửa|kiểm tra|phân tích|tìm|giải quyết|thực hiện|tiếp tục|hoàn thành",
    "κάνε|κάν' το|κάντε|τρέξε|τρέξτε|φτιάξε|διόρθωσε|έλεγξε|ανάλυσε|βρες|εκτέλεσε|συνέχισε",
    "اجرا کن|انجام بده|شغل|شغّل|نفذ|نفّذ|أصلح|اصلح|افعل|حلل|افحص|أكمل|صحح|اعمل",
    "תריץ|הרץ|תעשה|עשה|תקן|תתקן|בדוק|תבדוק|נתח|מצא|המשך|תמשיך",
    "haz(?:lo)?|ejecut[ae]|corre|lanza|arregla|corrige|revisa|analiza|depura|resuelve|continúa|procesa",
    "faz|faça|roda|rode|executa|corrija|conserta|analisa|revisa|resolva|continua|depura",
    "fallo|fai|esegui|lancia|correggi|sistema|controlla|analizza|risolvi|voer|doe|draai",
    "yap|çalıştır|düzelt|analiz et|çöz|kontrol et|incele|devam et|test et|कर(?:ो|ें)|चला(?:ओ|एं)|ठीक कर",
)
"""Imperatives of work; none of them is an English word."""
WORK_GLUED: Final = (
    "(?:お願い|頼|や(?:って|り)|し(?:て|ろ)|直し|修正|実行|書き直|試し|動かし|進め|調べ|作っ|走らせ|回し|解い|分析|確認)",
    "(?:해|고쳐|돌려|실행|작성|분석|진행|처리|부탁|만들어|찾아|확인|수정)",
)

EVERYTHING: Final = (
    "вс[её]|всего|усе|wszystko|wszystkiego|vše|všechno|všetko|allt|alt|kaikki|totul|toate|minden|mindent|semua"
    "|semuanya|tất cả|mọi thứ|toàn bộ|όλα|كل شيء|الكل|הכל|הכול|सब|सब कुछ|همه|her şeyi?|hepsini|todo|tudo|tutto"
    "|alles|tout",
)
EVERYTHING_GLUED: Final = ("全部|所有|一切|都用|全て|すべて|ぜんぶ|모두|전부",)

FILLS: Final = (
    "модел(?:ь|и|ью)|model(?:u|ul|en|em|ą|o)?|modell(?:en)?|mallia|o|el|il|lo|la|le|az|a|den|det|το|τη|τον|نموذج|מודל",
    "claude|только|лучше|лише|tylko|raczej|jen|raději|bara|hellre|kun|bare|helst|vain|doar|csak|hanya|chỉ|μόνο",
    "فقط|רק|modelo|modello|modèle|mô hình|saja|же|ж",
)
"""What may stand between a verb and the tier."""
FILLS_GLUED: Final = "(?:一下|模型)? ?(?:claude ?)?"

FOLLOWERS: Final = frozenset(
    """do dla na w żeby proszę tutaj teraz i to tym pro aby prosím zde teď a för till här nu tack den det
    denna detta och så til her takk tak denne dette gang og tähän tässä tämän nyt kiitos ja pentru aici acum
    te și ca ehhez itt most kérlek és erre az untuk di ini saja dulu tolong ya dan agar cho để nhé đi ở và
    thôi để para por aqui agora nisso nesta nessa neste nesse isso per qui ora en e y esta este esto in tym
    med på om som při k ke za ku model modell modellen modelu modelo mô hình instead please için bu şimdi
    lütfen ile""".split()
)
"""Words in Latin letters that may follow a tier which stands alone. A noun may not: "använd opus *kodek*"."""

SUBJECTS: Final = (
    "我们|咱们|他们|她们|你们|他|她|团队|用户|项目|代码|昨天|之前|已经|正在|一直|以前",
    "(?<![帮给替让])我(?!想|要|希望|需要)|为何|是用|没|不",
    r"(?<![^ ])(?:kami|kita|mereka|dia|saya(?! mau| ingin)|proyek|chúng tôi|chúng ta|họ|anh ấy|dự án)"
    r"(?![^ ])|tôi(?! muốn)|เรา|พวกเขา|ผม|ฉัน",
)
"""Who does it, where a verb alone does not tell an order from a statement."""

ASKS: Final = (
    r"^\W*(?:почему|зачем|как|когда|какой|какая|какие|чем|что|кто|чому|як|коли|dlaczego|czy|jak|kiedy|co|kto|proč"
    r"|kdy|kdo|varför|hur|när|vad|vem|hvorfor|hvordan|hvornår|når|hva|hvad|hvem|miksi|miten|milloin|mikä|mitä"
    r"|de ce|cum|când|ce|cine|miért|hogyan|mikor|mi|ki|kenapa|mengapa|bagaimana|kapan|apa|apakah|siapa"
    r"|tại sao|vì sao|làm sao|khi nào|γιατί|πώς|πότε|τι|ποιος|لماذا|كيف|متى|ما|هل|من|למה|איך|מתי|מה|האם"
    r"|क्यों|कैसे|कब|क्या|چرا|چگونه|چطور|چه|آیا|neden|niye|nasıl|ne)(?!\w)",
    r"(?<![^ ])m[iıuü](?:sın|yız)?(?![^ ])|为什么|為什麼|怎么|如何|什么|吗|嗎|哪|是否|区别",
    "なぜ|どうして|何|いつ|違い|ですか|왜|어떻게|언제|무엇|뭐|차이|까요",
)
REQUESTED: Final = "くれますか|くれる|もらえ|いただけ|ください|お願い|줄래|줄 수|주시겠|주세요|mısın|misin"
"""Questions, and those that are requests."""

CONDITIONS: Final = (
    r"(?<![^ ,;])(?:если|когда|якщо|коли|jeśli|jeżeli|gdyby|gdy|kiedy|pokud|když|ak|om|när|hvis|når|jos|kun"
    r"|dacă|când|ha|jika|kalau|apabila|bila|nếu|khi|αν|εάν|όταν|إذا|لو|عندما|אם|כאשר|अगर|यदि|जब|اگر|وقتی|eğer"
    r"|si|se|cuando|quando)(?= )|[rsdn]s[ae](?= |$)",
    "如果|若|要是|的话|时候|もし|たら|れば|場合|なら|とき|만약|만일|하면|되면",
)
STATED: Final = (
    r"(?:た|だ|です|ます|ません|いる|ある|ない)[\s。]*$",
    r"(?:습니다|ㅂ니다|합니다|됩니다|했다|한다|했어(?:요)?|하고 있\w*)\s*$",
)
TOLD: Final = "失败|报错|出错|崩溃|(?:写|做|生成|完成|实现)(?:出来)?的"
"""How a sentence ends, or goes on, that tells what is or was."""

OTHER_LIVES: Final = (
    "стих|поэз|хокку|хайку|аудио|звук|кодек|музык|wiersz|poez|poem|poet|kodek|dźwięk|báse?ň?n|hudb|dikt",
    "ljud|lyd|runo|ääni",
    "költ|hangf|puisi|audio|codec|thơ|nhạc|âm thanh|ποίημα|ποίηση|ήχο|μουσικ|قصيدة|شعر|صوت|שיר|אודיו",
    "कविता|ऑडियो|şiir|ses ",
    "诗|俳句|音频|编码|格式|音乐|首|詩|短歌|音声|コーデック|エンコード|曲|음악|오디오|코덱|인코딩|하이쿠|시를|mp3|ffmpeg",
)
"""Poetry and audio, by parts of words."""
MODEL_BEHIND: Final = " ?(?:模型|モデル|모델|модель|model(?!s|l?ed|l?ing))"
