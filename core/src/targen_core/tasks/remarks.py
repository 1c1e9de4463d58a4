"""Models' remarks about their replies: announcements, refusals, offers of more.

A model makes them in English or in the language of the texts that it writes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

__all__ = ["in_prose", "is_remark"]

_LABELS = (  # what tasks call their labels: in a text they give it away, or are a heading
    r"(?:not[_ -]?)?entail(?:ment|ed|s)|contradict(?:ion|ed|s)|neutral|true|false|correct|incorrect"
    r"|likely|unlikely|cause|effect|result"
)
_FIELDS = (
    r"premises?|hypothes[ie]s|sentences?|passages?|paragraphs?|questions?|queries|query|answers?"
    r"|outputs?|labels?|explanations?|notes?|statements?|titles?|topics?|choices?|options?|texts?"
)
_STARTS = r"here (?:is|are)\b|here['’]s\b"
_CANNOT = r"\bi(?: am|['’]m)? (?:cannot|can['’]t|can not|unable to|not able to|won['’]t) "
_CHATTER = re.compile(
    # before what was asked for: an announcement, with or without an interjection
    r"^[^\w{]*(?:(?:sure(?: thing)?|certainly|absolutely|of course|okay|ok|great)\s*[,!.:]\s*"
    rf"(?:{_STARTS}|(?:let me|i['’]ll|i will|i can) (?:write|generate|create|provide)\b)"
    rf"|(?:{_STARTS})[^.!?\n]{{0,60}}\b(?:{_FIELDS}|rows?|examples?|lists?|json)\b[^.!?\n]{{0,60}}:"
    r"|(?:as an ai\b|(?:(?:i['’]m|i am) )?sorry,? (?:but )?as an ai\b)"
    # headings that no text of its own starts with
    r"|(?:the\s+)?(?:premises?|hypothes[ie]s|outputs?|labels?)\s*\d*[\"'”*]*\s*[:=]"
    r"|(?:sentence|passage|paragraph|question|answer|statement|text|example)\s+\d+[\"'”*]*\s*:"
    # a refusal; "I can't help with that." only as a whole text, since people say it in others
    rf"|(?:(?:(?:i['’]m|i am) )?(?:very )?sorry[,.]? (?:but )?)?{_CANNOT}"
    r"(?:generate|assist with|fulfil|comply with|help(?: you)? with (?:that|this)\W*$))"
    rf"|{_CANNOT}(?:help(?: you)? with|provide|write|create|generate|produce) "
    r"(?:that|this|the|your|such|any|more)? ?(?:requests?|content|examples?|rows?|texts?|data)\b"
    # chatter behind what was asked for
    r"|\bhope (?:this|that|it) helps\b[^\w]*$"
    r"|\blet me know if you(?:['’]d| would)? (?:like|want|need|prefer) (?:[^.!?\n]* )??"
    r"(?:(?:more|other|another|further|different|additional) (?:\w+ ){0,2}?(?:examples?|rows?"
    r"|variations?|versions?|sentences?|premises?|hypothes[ie]s|passages?)"
    r"|me to (?:adjust|modify|revise|rewrite|generate))\b[^.!?\n]*[^\w]*$",
    re.IGNORECASE,
)
_META = re.compile(  # contents that prose must not have, in addition to chatter
    r"^[^\w{]*(?:sure\s*[!.:]|sure thing\b|certainly\s*[,!.:]"
    r"|(?:absolutely|of course|okay|ok|great)\s*(?:!|[,.:]\s*(?:let|this|i['’]ll))"
    rf"|(?:{_STARTS})[^.]{{0,60}}\b(?:{_FIELDS}|examples?|lists?|json)\b"
    r"|the (?:correct|right) (?:answer|output|label) (?:is|would be)\b"
    # headings: the field's name, a label's
    rf"|(?:the\s+)?(?:{_FIELDS})\s*\d*[\"'”*]*\s*[:=]"
    rf"|(?:{_LABELS})[\"'”*]*\s*:|[hpq]\d?\s*:)"
    # a refusal, and a label in parentheses
    rf"|{_CANNOT}(?:help with|assist with|provide|generate|write about|create)\b"
    r"|\bhope this helps\b"
    rf"|[(\[](?:label: )?(?:{_LABELS})[)\]]",
    re.IGNORECASE,
)


class _Phrases(NamedTuple):
    """Parts of remarks in a language, as regular expressions."""

    sure: str
    here: str
    mine: str  # behind `here`, when people announce something of their own
    will: str  # "I'll write", behind `sure`
    things: str  # "examples", "rows"
    machine: str
    sorry: str
    but: str
    cannot: str  # a refusal at the start
    helpless: str  # a refusal that is the whole text: elsewhere, people say it
    hope: str
    more: str  # an offer of more


_PHRASES = {
    "german": _Phrases(
        sure="klar|na klar|alles klar|gerne?|natürlich|sicher|selbstverständlich|okay|ok",
        here="hier (?:ist|sind|kommt|kommen|folgt|folgen)",
        mine="mein|unser",
        will="ich (?:schreibe|erstelle|generiere|verfasse)",
        things="beispiele?|satz|sätze|texte?|nachrichten?|e-?mails?|zeilen?|antwort(?:en)?"
        "|fragen?|listen?|json|varianten?|absatz|absätze|titel|überschriften?",
        machine="als (?:ki|ai|künstliche intelligenz|sprachmodell|(?:ein |großes )sprachmodell)",
        sorry="(?:es )?tut mir (?:sehr )?leid|entschuldigung|entschuldige|leider",
        but="aber",
        cannot=r"(?:ich (?:kann|darf|werde)|(?:kann|darf|werde) ich) (?:dir |ihnen |leider )?"
        r"(?:dies|solch|derartig|weiter|kein|dein|ihr)\w* (?:\w+ )?"
        r"(?:anfragen?|inhalte?|beispiele?|texte?|zeilen|daten(?:sätze)?) (?:leider )?(?:nicht )?"
        r"(?:erstellen|generieren|schreiben|verfassen|erfüllen|erzeugen|liefern)",
        helpless="(?:dabei |damit |da |hierbei )?(?:kann ich|ich kann) (?:dir |ihnen )?(?:leider )?"
        "(?:dabei |damit |hierbei )?(?:leider )?nicht (?:weiter)?helfen",
        hope="ich hoffe,? (?:das|dies|es) (?:hilft|ist hilfreich)(?: dir| ihnen)?(?: weiter)?",
        more=r"(?:lass(?:en sie)?|sag(?:en sie)?|gib|geben sie) (?:es )?(?:mich|mir)\b"
        r"[^.!?\n]{0,60}\b(?:weitere|mehr|andere|neue) (?:\w+ )?"
        "(?:beispiele|sätze|varianten|versionen|texte|nachrichten)",
    ),
    "french": _Phrases(
        sure="bien sûr|certainement|d['’]accord|avec plaisir|volontiers|absolument",
        here="voici|voilà",
        mine="ma|mon|mes|notre|nos",
        will="je (?:vais |peux )?(?:écri|rédige|génér|crée)",
        things="exemples?|phrases?|textes?|messages?|e-?mails?|courriels?|lignes?|réponses?"
        "|questions?|listes?|json|variantes?|paragraphes?|titres?",
        machine="en tant qu(?:['’](?:ia|intelligence artificielle|assistant (?:ia|virtuel))"
        "|['’]un modèle|e modèle)",
        sorry="(?:je suis )?(?:vraiment )?désolée?|malheureusement|excusez-moi",
        but="mais",
        cannot="je ne (?:peux|puis|suis) (?:malheureusement )?pas (?:en mesure de |capable de )?"
        "(?:générer|rédiger|créer|écrire|produire|fournir|répondre à|satisfaire|traiter) "
        "(?:ce(?:s|t|tte)? |votre |vos |de tels |de telles |d['’]autres |de |ce type de )?"
        "(?:demandes?|requêtes?|contenus?|exemples?|textes?|lignes|données)",
        helpless="je ne (?:peux|puis) (?:malheureusement )?pas (?:vous |t['’])aider"
        "(?: (?:avec|pour) (?:cela|ça|cette demande)| là-dessus| à cela)?",
        hope="j['’]espère que (?:cela|ça|ceci) (?:vous |t['’])?"
        "(?:aide|aidera|sera utile|est utile|convient|conviendra)",
        more=r"(?:n['’]hésite(?:z)? pas|faites-moi savoir|fais-moi savoir|dites-moi|dis-moi)\b"
        r"[^.!?\n]{0,60}\b(?:d['’]autres|plus d['’e]|davantage d['’e]) ?"
        "(?:exemples|phrases|variantes|versions|textes|messages)",
    ),
    "spanish": _Phrases(
        sure="claro|claro que sí|por supuesto|desde luego|cómo no|de acuerdo|con gusto|seguro",
        here="aquí (?:tienes?|van?|está|están|te dejo|le dejo)|a continuación",
        mine="(?:una? de )?(?:mis?|nuestr)",
        will="(?:voy a|puedo|déjame) (?:escribir|generar|crear|redactar)",
        things="ejemplos?|frases?|oraci(?:ón|ones)|textos?|mensajes?|correos?|e-?mails?|filas?"
        "|respuestas?|preguntas?|listas?|json|variantes?|párrafos?|títulos?",
        machine="como (?:una? )?(?:ia|inteligencia artificial|modelo de (?:lenguaje|ia)"
        "|asistente de ia)",
        sorry="lo siento(?: mucho)?|lamentablemente|disculp[ae]|perdón",
        but="pero",
        cannot="no (?:puedo|me es posible|podré) (?:generar|escribir|crear|redactar|producir"
        "|proporcionar|cumplir con|atender|ofrecer) "
        "(?:es[ae]s? |est[ae]s? |esos |estos |tu |su |tales |más |es[et]e? tipo de )?"
        "(?:solicitud(?:es)?|petici(?:ón|ones)|contenidos?|ejemplos?|textos?|filas|datos)",
        helpless="no puedo ayudar(?:te|le|les|os)?"
        "(?: con (?:eso|esto|es[at] (?:solicitud|petición)|esta (?:solicitud|petición)))?",
        hope="espero que (?:esto |esta información )?(?:te |le |les |os )?"
        "(?:ayude|sirva|sea útil|sea de ayuda)",
        more=r"(?:avísame|avíseme|dime|dígame|hazme saber|hágame saber)\b"
        r"[^.!?\n]{0,60}\b(?:más|otr[oa]s|nuev[oa]s) "
        "(?:ejemplos|frases|oraciones|variantes|versiones|textos|mensajes)",
    ),
    "italian": _Phrases(
        sure="certo|certamente|ovviamente|volentieri|va bene|assolutamente|d['’]accordo",
        here="ecco(?:ti|vi|le)?|di seguito",
        mine="(?:il |la |i |le )?(?:mi|nostr)",
        will="(?:posso |ora )?(?:scriv|gener|cre|redig)",
        things="esemp(?:io|i)|fras[ei]|test[oi]|messaggi(?:o)?|e-?mails?|righ[ae]|rispost[ae]"
        "|domand[ae]|list[ae]|elenc(?:o|hi)|json|variant[ei]|paragraf[oi]|titol[oi]",
        machine="(?:in quanto|come|essendo) (?:un['’] ?|una? )?(?:ia|intelligenza artificiale"
        "|modello (?:linguistico|di linguaggio)|assistente (?:ia|ai))",
        sorry="mi (?:di)?spiace|purtroppo|scusa(?:mi|te)?|scusi",
        but="ma",
        cannot="non (?:posso|sono in grado di) (?:generare|scrivere|creare|produrre|fornire"
        "|soddisfare|redigere) (?:quest[aoei] |tal[ei] |questo tipo di |la (?:tua|sua) |altri )?"
        "(?:richiest[ae]|contenut[oi]|esemp(?:io|i)|test[oi]|righe|dati)",
        helpless="non posso aiutar(?:e|ti|la|vi)(?: (?:con|in) (?:questo|ciò|questa richiesta))?",
        hope="spero (?:che )?(?:questo |ciò )?(?:ti |le |vi )?"
        "(?:aiuti|sia utile|sia d['’]aiuto|sia di aiuto|possa (?:aiutare|essere utile))",
        more=r"(?:fammi sapere|mi faccia sapere|fatemi sapere|dimmi)\b"
        r"[^.!?\n]{0,60}\b(?:altr[ie]|ulteriori|nuov[ie]) "
        "(?:esempi|frasi|varianti|versioni|testi|messaggi)",
    ),
    "portuguese": _Phrases(
        sure="claro|claro que sim|com certeza|certamente|com prazer|sem problemas?",
        here="aqui (?:está|estão|vai|vão)|seguem?|eis",
        mine="(?:[oa]s? )?(?:meus?|minhas?|noss)",
        will="(?:vou|posso) (?:escrever|gerar|criar|redigir)",
        things="exemplos?|frases?|textos?|mensage(?:m|ns)|e-?mails?|linhas?|respostas?"
        "|perguntas?|listas?|json|variaç(?:ão|ões)|parágrafos?|títulos?",
        machine="como (?:uma? )?(?:ia|inteligência artificial|modelo de (?:linguagem|ia)"
        "|assistente de ia)",
        sorry="desculp[ae](?:-me)?|lamento|sinto muito|infelizmente|peço desculpas?",
        but="mas",
        cannot="(?:eu )?não (?:posso|consigo|sou capaz de) (?:gerar|escrever|criar|produzir"
        "|fornecer|atender(?: a)?|redigir) (?:ess[ae]s? |est[ae]s? |tais |mais |a? ?su[ao] "
        "|es[st]e tipo de )?(?:solicitaç(?:ão|ões)|conteúdos?|exemplos?|textos?|linhas|dados)",
        helpless="(?:eu )?não (?:posso|consigo) (?:te |lhe )?ajud(?:ar|á-l[oa])"
        "(?: nisso| com (?:isso|isto|ess[ae] solicitação))?",
        hope="espero (?:que (?:isso |isto )?(?:te |lhe )?(?:ajude|seja útil|tenha ajudado)"
        "|ter ajudado)",
        more=r"(?:me avise|avise-me|me diga|diga-me|me informe)\b"
        r"[^.!?\n]{0,60}\b(?:mais|outr[oa]s|nov[oa]s) "
        "(?:exemplos|frases|variações|versões|textos|mensagens)",
    ),
    "dutch": _Phrases(
        sure="natuurlijk|zeker|uiteraard|graag|prima|oké|ok",
        here="hier (?:is|zijn|volgt|volgen|heb je|heeft u)",
        mine="mijn|onze?",
        will="ik (?:schrijf|maak|genereer|zal)",
        things="voorbeeld(?:en)?|zin|zinnen|teksten?|tekst|berichten?|bericht|e-?mails?"
        "|regels?|antwoord(?:en)?|vraag|vragen|lijst(?:en)?|json|varianten|alinea['’]?s?|titels?",
        machine="als (?:een )?(?:ai|taalmodel|kunstmatige intelligentie)",
        sorry="sorry|het spijt me|helaas|mijn excuses",
        but="maar",
        cannot=r"(?:ik kan|kan ik) (?:helaas )?(?:geen|deze|dit|dergelijke|zulke|die|je|uw) "
        r"(?:\w+ )?(?:verzoek(?:en)?|inhoud|voorbeelden|teksten?|tekst|rijen) (?:helaas )?"
        "(?:niet )?(?:genereren|schrijven|maken|opstellen|uitvoeren|leveren)",
        helpless="(?:daar |hier )?(?:ik kan|kan ik) (?:je |u )?(?:helaas )?(?:daar |hier )?"
        "(?:(?:daar|hier)(?:mee|bij) )?(?:helaas )?niet (?:mee |bij )?helpen",
        hope="(?:ik hoop dat (?:dit|het) (?:je |u )?helpt|hopelijk helpt (?:dit|het)(?: je| u)?)",
        more=r"laat (?:het )?(?:me|mij)(?: het)? weten\b"
        r"[^.!?\n]{0,60}\b(?:meer|andere|nieuwe|extra) "
        "(?:voorbeelden|zinnen|varianten|versies|teksten|berichten)",
    ),
}


def is_remark(text: str, language: str = "english") -> bool:
    """Return whether a text is or contains a remark, in English or in its own language.

    `language` is its English name in lower case; of those without phrases, English counts.
    """
    if _CHATTER.search(text):
        return True
    pattern = _remarks(language)
    return pattern is not None and pattern.search(text) is not None


def in_prose(text: str) -> bool:
    """Return whether a text has headings, labels or remarks that whole sentences never have."""
    return _META.search(text) is not None


@cache  # and not when this module loads: each takes 3 ms to compile
def _remarks(language: str) -> re.Pattern[str] | None:
    if (phrases := _PHRASES.get(language)) is None:
        return None
    sure, here, mine, will, things, machine, sorry, but, cannot, helpless, hope, more = phrases
    regret = rf"(?:(?:{sorry})[,.]? (?:{but} )?)?"
    return re.compile(
        rf"^[^\w{{]*(?:(?:{sure})\s*[,!.:]\s*(?:(?:{here})\b(?! (?:{mine}))|(?:{will}))"
        rf"|(?:{here})\b(?! (?:{mine}))[^.!?\n]{{0,60}}\b(?:{things})\b[^.!?\n]{{0,60}}:"
        rf"|{regret}(?:(?:{machine})\b|(?:{cannot})\b|(?:{helpless})\W*$))"
        rf"|\b(?:{hope})\W*$"
        rf"|\b(?:{more})\b[^.!?\n]{{0,80}}\W*$",
        re.IGNORECASE,
    )
