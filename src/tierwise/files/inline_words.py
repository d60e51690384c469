"""The vocabulary of inline overrides: what gives an order, and what makes a tier's name a mere mention.

Each table is one idea of the grammar in `inline_grammar`. Tuples hold fragments of regular expressions over
lower-case text with single spaces; sets hold plain words. A language is a few words in each table.

Source: rules.md section 5; seed A§3.3.
"""

from __future__ import annotations

from typing import Final

# -- what leads to a tier ----------------------------------------------------------------------------------

OBJECT: Final = (
    "(?:this|it|that|them|me|us|everything|all|all of (?:this|it|them)|alles|das|tout|tous?|todo|tutto|tudo"
    "|(?:the|this|that|my) (?:whole )?"
    "(?:model|tier|task|request|work|session|conversation|chat|rest|job|step|one))"
)
"""What may stand between a verb and its preposition: "switch *this* to opus"."""

_MOVE: Final = (
    "(?:switch|change|move|go|upgrade|downgrade|drop|fall|bump|step|escalate|promote|route|delegate|assign"
    "|hand|send|give|leave|revert|return|stick|set|keep)"
)

VERBS: Final = (
    "use|try|pick|choose|select|prefer|run|employ|let|have|ask|tell|mind using|(?:going|sticking) with",
    f"(?:go|stick|stay|continue|proceed|work|start|carry on|keep going)(?: {OBJECT})? (?:with|on)",
    f"{_MOVE}(?: {OBJECT})?(?: (?:over|back|down|up|off))?(?: from [^ ]+)? (?:to|at)",
    f"(?:use|run) for {OBJECT}",
    "not (?:with |on |using )?[^ ]+ but(?: rather)?(?: with| on| using)?",
    f"(?:benutze?|nutze?|verwendet?e?|nimm|nehmt|wähle|gebruik|kies)(?: (?:für|voor) {OBJECT})?",
    f"(?:wechs(?:le|el)|schalte|schakel(?: over)?)(?: {OBJECT})? (?:zu|auf|naar)",
    "utilise[rz]?|prends|prenez|choisis|(?:passez?|bascule) (?:à|sur|en|vers)",
    "usa|usad|utiliza|utilice|utilize|utilizza|emplea|elige|escolha|scegli",
    "(?:cambia|pasa|passa|mude) (?:a|para)",
)
"""Verbs that take the tier as their object, or lead to it by a preposition of their own."""

WISHES: Final = (
    "(?:i|we) (?:want|need|prefer|would like|would prefer)",
    "(?:i'd|we'd) (?:like|prefer|love|rather (?:have|you used))",
)
"""Statements whose object is the tier and that are orders all the same: "I want opus for this"."""

USING: Final = ("using", "en utilisant", "usando")
ON: Final = ("on", "auf", "sur", "op")
WITH: Final = ("with", "via", "mit", "avec", "con", "com", "met")
"""Words that tie a tier to an order: "debug this *using* sonnet". "Answer in haiku" asks for a poem."""

FILLERS: Final = (
    "the|claude|claude's|anthropic's|just|only|plain|simply|rather|instead|always|again|maybe|perhaps|please",
    "cheap|cheaper|cheapest|bigger|smaller|stronger|faster|better",
    "bitte|lieber|nur|das modell|modell|plutôt|le modèle|modèle|el modelo|il modello|o modelo|model",
)
"""What may stand between a verb or preposition and the tier: "use *the* haiku model"."""

NEGATED_VERBS: Final = (
    "(?:don't|dont|do not|never|must not|mustn't|should not|shouldn't)(?: ever| again| you)? "
    f"(?:use|try|pick|choose|waste|burn|spend|(?:run|do)(?: {OBJECT})? (?:on|with)|go with"
    f"|(?:switch|upgrade|escalate|go)(?: {OBJECT})?(?: up)? to)",
    "(?:don't|do not|never) (?:run|do) [^,;:¶]{1,60} (?:on|with|using)",
    "(?:(?:you|i|we) )?(?:don't|do not) (?:need|want)(?: you)?(?: to use)?",
    "(?:there is |there's )?no need (?:for|to use)|no more|stop using|avoid(?: using)?|skip|never|no",
    "not(?: with| on| using| use)?|(?:stay|keep)(?: (?:it|this|everything))? (?:off|away from)",
    "(?:use )?(?:anything|everything|whatever(?: you (?:like|want))?) (?:but|except(?: for)?|other than)",
    "(?:benutze?|nutze?|verwende|nimm) (?:nicht|kein(?:en)?)|nicht(?: mit)?|kein(?:en)?|vermeide",
    "n'utilisez? pas|pas|pas d'|évitez?(?: d'utiliser| d')?|gebruik geen|geen",
    "no (?:uses?|utilices?|usar)|non usare|não use|evitar?|evite",
)
"""Orders not to use the tier; they stand where a clause begins."""

WITHOUT: Final = (
    "without(?: using)?|(?:on|with|using) anything but",
    "ohne|sans(?: utiliser)?|sin(?: usar)?|senza(?: usare)?|sem(?: usar)?|zonder",
)
"""The negative prepositions: "fix this *without* opus"."""

EVERYTHING: Final = (
    "everything|everywhere|throughout|every (?:thing|skill|task|step|agent|subagent|request|call)",
    "all(?: of)?(?: the| my| your)? (?:skills|tasks|steps|agents|subagents|requests|calls|work|this|it)",
    "all(?! the way)|the whole (?:thing|task|session|request)|alles|tout|todo|tutto|tudo",
)
"""Objects that make an order hold for every skill of the request: "run *everything* on haiku"."""

THE_REST: Final = (
    "everything else|all else|(?:all )?the (?:rest(?! of the (?:session|conversation|chat|day))|others)",
    "den rest|le reste|el resto",
)
"""Objects that leave an order for the skill at hand as it is: "haiku for *everything else*"."""

# -- where a clause begins ---------------------------------------------------------------------------------

ADVERBS: Final = (
    "please|pls|plz|kindly|also|just|now|ok|okay|hey|hi|claude|instead|rather|actually|maybe|perhaps|simply",
    "only|next|first|finally|always|sorry|wait|no|yes|well|again|here|today|better|definitely|afterwards",
    f"this time|from now on|(?:for|für|pour|para) {OBJECT}",
    "bitte|jetzt|diesmal|s'il te plaît|s'il vous plaît|stp|svp|por favor|per favore|graag",
)
"""Words that may come before the verb of an order; the clause begins before them."""

CONJUNCTIONS: Final = ("and|then|und|dann|et|puis|y|luego|e|poi|en|dan",)
"""Words that join one order to another. After a statement they join statements: "we fork *and* use opus"."""

BREAKS: Final = ("but|so|aber|mais|pero|ma|mas|maar|therefore|hence",)
"""Words after which a bare verb is an order whatever came before."""

REQUESTS: Final = (
    "(?:can|could|would|will) (?:you|u)|(?:can|could) we|let's|lets|let us|we should|we can|we'll|we will",
    "you (?:should|must|can|may|could|will|have to|need to|are allowed to)|you're allowed to|feel free to",
    "(?:make|be) sure (?:to|you|that you)|remember to|(?:don't|do not) (?:forget|hesitate) to",
    "go ahead and|help me(?: to)?|i'd rather|i would rather|(?:i'd|we'd) (?:like|love|prefer)(?: you)? to",
    "(?:i|we) (?:want|need|would like|would prefer|prefer)(?: you)? to",
    "(?:i|we) (?:want|need|would like) (?:this|it|that|everything)",
    "(?:this|it|that|everything|all of (?:this|it)) (?:should|must|can|needs to|has to) (?:be|run|go)",
    "(?:kannst|könntest|würdest) du|können sie|könnten sie|ich möchte|ich will|kun je|kan je",
    "peux-tu|pouvez-vous|pourrais-tu|pourriez-vous|tu peux|merci de|veuillez|je veux|je voudrais",
    "puedes|podrías|quiero|puoi|potresti|voglio",
)
"""Openings that turn a statement or a question into a request."""

STATEMENTS: Final = frozenset(
    """a an the this that these those it its it's our my your their his her we they he she i i'm i've i'll
    we're we've you you're there here's there's some all most every each both many several nobody nothing
    something someone yesterday previously currently recently lately everybody everyone
    der die das dies dieser diese dieses ein eine mein meine unser unsere ich wir er sie es
    le la les un une ce cet cette ces mon ma mes je j'ai nous il elle ils elles
    el los las una este esta esto mi yo nosotros ella lo gli uno questo questa io o os as um uma eu nós
    het een deze dit mijn ik wij""".split()
)
"""Words that open a statement rather than an order."""

QUESTIONS: Final = frozenset(
    """what what's why who whose which how when where whether is are was were does did has had should shall
    would could can will am may might isn't aren't doesn't didn't
    warum wieso weshalb was wie wann wer wo ist sind kann kannst soll hat waarom wat hoe wanneer waar kan
    pourquoi comment quand que quel quelle est est-ce qui où qué que cómo cuándo quién dónde cuál
    come perché quando chi dove quale como quem onde qual""".split()
)
"""Words that open a question. A question is not an order, unless it is a request ("can you …?")."""

CONDITIONALS: Final = frozenset(
    "if when whenever unless once suppose imagine wenn falls si quand cuando se als".split()
)
"""Words that open a condition. What is ordered for a case that may come is not ordered for this request."""

CONDITIONED: Final = ("if|unless|in case|whenever|only when|falls|wenn",)
"""Words that make an order conditional from behind: "use opus for this *if* it fails"."""

COURTESY: Final = (
    "if (?:possible|you can|you don't mind|available|at all possible)",
    "whe(?:re|ne)ver possible|where possible|where(?:ver)? you can",
)
"""Conditions that are none."""

REASONS: Final = (
    "why|when|if|whether|because|while|since|until|warum|weil|wenn|pourquoi|quand|porque|cuando|perché",
)
RELATIVES: Final = ("that|which|who|whose|where|how|what|after|before|dass|qui|qué",)
"""Words that begin a dependent clause, which describes. "Using" reaches past RELATIVES, not past REASONS."""

TOPICS: Final = (
    "essays?|books?|articles?|papers?|posts?|blogs?|talks?|lectures?|notes?|chapters?|thoughts|opinions?",
    "info(?:rmation)?|research|tips|guides?|tutorials?|courses?|focus|spent?|money|budget|limits?|quota",
    "errors?|crash(?:es)?|failures?|timeouts?|latency|regressions?|results|performance|accuracy|tokens",
    "docs|documentation|data|numbers|stats|reports?|libros?|livres?|essais?|buch|bücher",
)
"""Nouns whose "on" names their topic: "the essay *on* haiku"."""

COMPANIONS: Final = (
    "problems?|issues|errors|trouble|wrong|experience|compatib(?:le|ility)|integration|familiar|happy|deal",
    "up|along|together|help (?:me|us)|compliant|comparison|difference|probleme?",
)
"""Words whose "with" belongs to them: "the problem *with* opus"."""

HAPPENINGS: Final = (
    "fails?|failing|crashing|breaks?|broken|broke|happens?|happening|occurs?|appears?|passes|hangs?|dies",
    "running|ran|behaves?|relying|rely|relies|depending|depends?|written|made|built|began|comes?|starts",
    "starting|ending|beginning|[^ ]+(?<!e)ed",
)
WORKINGS: Final = ("works?|working|runs",)
"""Verbs that describe: "it crashes *with* opus". "Using" reaches past WORKINGS ("how it works *using* …")."""

TOPICAL: Final = frozenset(
    """compare contrast replace swap benchmark evaluate integrate combine mix pair merge talk chat speak
    experiment""".split()
)
"""Verbs whose preposition names their topic: "replace sonnet *with* opus"."""

# -- what follows a tier -----------------------------------------------------------------------------------

TIER_NOUN: Final = "(?:model|tier|modell|modèle|modelo|modello)"

TASKS: Final = frozenset(
    """add analyse analyze apply ask audit be build change check classify clean continue convert create
    debug delete describe design diagnose do document draft examine execute explain explore extract figure
    find finish fix format generate get give go handle help ignore implement improve inspect investigate
    keep list look make map migrate move optimise optimize outline perform plan port process produce prove
    read rebuild refactor remove rename repair rerun research resolve retry review rewrite run save scan
    search see set show solve sort split start study summarise summarize take test think tidy trace
    translate tell try understand update use verify work write
    machen beheben lösen prüfen schreiben erledigen ausführen laufen untersuchen analysieren verwenden
    benutzen nutzen nehmen""".split()
)
"""Verbs of work. Behind a tier they begin the work: "use opus *fix* this", "haiku to *write* the tests"."""

FOLLOWERS: Final = (
    "for|please|pls|plz|instead|again|now|today|here|only(?! if| when| where| once| in case)|because|since",
    "so|then|but|not|throughout|everywhere|also|too|and (?:don't|do not|please)|thanks|thank|rather|over|to",
    "carefully|thoroughly|this time|from (?:now|here)|all the way|in order to|don't|i|it's|i'm",
    "on (?:this|it|that|these|those|the|my|them)|as (?:the |your |my )?(?:model|tier)",
    "in (?:this|the current|that) (?:session|conversation|chat|turn|task|run|request|case|step)",
    "with (?:[a-z]+ )?(?:effort|thinking|reasoning)",
    "für|um|bitte|aus|dafür|hierfür|stattdessen|statt|jetzt|diesmal|und|voor|om|graag",
    "pour|afin|stp|svp|s'il|cette fois|et|para|por|esta vez|y|per|stavolta|e",
    *COURTESY,
)
"""Words that may follow a tier which stands alone. Nouns may not: "the opus *codec*", "haiku *poems*"."""

_SCOPE: Final = "|".join((*THE_REST, *EVERYTHING, OBJECT))
CHOSEN: Final = (
    ",? ?(?:please|pls|plz|bitte|stp|svp|s'il te plaît|s'il vous plaît|por favor|per favore)",
    "(?:is|will be|would be|should be) (?:fine|enough|ok|okay|sufficient|plenty|good enough|all i need)"
    r"(?=$|[^ \w]| (?:for|here|please|now|today|then)\b)",
    "(?:will|should|would) (?:do|suffice)|reicht|suffit|basta|(?:verwenden|benutzen|nutzen|nehmen)",
    f"(?:for|für|pour|para) (?:{_SCOPE})(?: (?:one|task|request|step|bug|fix|time|session))?"
    r"(?:,? please)?(?=$|[^ \w]| -)",
)
"""What is said behind a tier that opens a clause, to choose it: "haiku *is enough*", "opus *please*"."""

# -- other lives of the names ------------------------------------------------------------------------------

_POETRY: Final = frozenset(
    """poem poems poetry poet poets poetic syllable syllables stanza stanzas verse verses rhyme rhymes
    rhyming iambic pentameter tanka limerick limericks ode odes villanelle basho bashō shakespeare
    shakespeare's shakespearean petrarch petrarchan couplet couplets quatrain quatrains lyric lyrics
    literature literary 5-7-5 gedicht gedichte poème poèmes poema poemas poesia poesía beos""".split()
)
_SOUND: Final = frozenset(
    """codec codecs audio kbps kbit bitrate bitrates ffmpeg encode encodes encoded encoder encoding
    re-encode decode decoder decoding transcode transcoding transcoded mp3 ogg oga webm webrtc vorbis aac
    flac wav m4a voip libopus podcast podcasts sound music song songs voice magnum symphony sonata sonatas
    concerto composer composers beethoven chopin mozart brahms piano violin orchestra microphone recording
    recordings compress discord""".split()
)
_TALES: Final = frozenset("aesop aesop's moral tale tales children f# fsharp elmish folklore".split())
DOMAINS: Final = {"haiku": _POETRY, "sonnet": _POETRY, "opus": _SOUND, "fable": _TALES}
"""In a sentence that speaks of these the name is a mention, unless it is called a model or is given work."""

ORDINARY: Final = frozenset(
    """light standard heavy small medium large big tiny fast slow quick cheap smart strong weak pro plus
    lite mini nano micro max ultra high low mid middle top best better good default basic normal regular
    premium free local remote easy hard simple complex advanced expert fallback primary secondary thinking
    reasoning base main first second third one two three""".split()
)
"""Names that mean something in every sentence: only "the heavy *tier*" and "@tier:heavy" are orders."""

HARNESS_TAGS: Final = (
    "system-reminder|command-[a-z]+|local-command-[a-z]+|bash-[a-z]+|ide_[a-z_]+|tool[_-]results?",
    "tool_use_error|function_results|task-notification|user-prompt-submit-hook|environment_context",
    "user_instructions|instructions|persisted-output|new-diagnostics|teammate-message",
)
"""Elements that a client writes into a user's message."""
