"""`prose` and its like: good sentences pass, what models do wrong is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import Rejected
from targen_core.tasks.words import words
from targen_standard.checks.copies import is_copy, is_loop, similarity
from targen_standard.checks.languages import (
    check_language,
    named_languages,
    script_of,
)
from targen_standard.checks.placeholders import filled
from targen_standard.checks.prose import prose, sentences
from targen_standard.checks.remarks import chatter

from ...tables import table


def reason_of(check, text, *args, what="sentence", **more):
    """The reason for which a check rejects a text, which its words name; empty where it passes."""
    try:
        check(text, *args, what=what, **more)
    except Rejected as error:
        rejected = error
    else:
        return ""
    assert what in str(rejected)
    return rejected.reason


PROSE = {
    "": [
        "I can never find a match in the dark.",
        "“Of course,” said Ana, and she closed the door.",
        '"I went," she said. "He stayed where he was."',
        "Los Angeles beat the Las Vegas team in the final.",
        "The van der Berg family met Herr von Karman in the hall.",
        "Warning: the ice is thin here in March.",
        "Great care was taken with the vase.",
        "A: I think so too. B: So do I.",
        "The firm paid $2.5 million, or US$3 a share, in 2004.",
        "Prices rose by 3.5% (after 2% in May).",
        'He asked: "Who goes there?"',
        "São Tomé’s café owners met the Łódź delegation near Ærø.",
        "1.5 million people came home. Then it rained.",
        "The painter Ōkubo, who was born in Nagoya (名古屋), moved to Rome.",
        "Note the time and the place of each event.",
        "The label said: keep away from fire.",
        "Surely certain people knew of the office course of events.",
        "Temperatures fell to -5 degrees in Oslo, which is 10 less than in May.",
        "The answer was no.",
        "Note: From May to September dogs must be on a leash on the promenade.",
        "The premise of the novel: a bridge that nobody may cross.",
        "The crowd at Super Bowl XXX cheered.",
    ],
    "meta-text": [
        "Sure! The mayor opened the bridge on Friday.",
        "Here is a premise about the bridge in town.",
        "Here are five sentences about the bridge.",
        "Here's a hypothesis that follows from the premise.",
        '"Answer": the mayor opened the bridge on Friday.',
        "As an AI language model I have no view of bridges.",  # chatter, in any text
        "I cannot write about the bridge in this town.",
        "I can't help with the mayor and the bridge.",
        "The mayor opened the bridge (not_entailment).",
        "Entailment: the mayor opened the bridge.",
        "Likely: the mayor opened the bridge.",
        "H: The mayor opened the bridge on Friday.",
        "Absolutely! The mayor opened the bridge.",
        "Sure thing, the mayor opened the bridge.",
        "The correct answer is that the mayor opened it.",
        "Note: this sentence is about the mayor of the town.",
    ],
    "placeholder": [
        "The mayor [NAME] opened the bridge on Friday.",
        "The mayor of $city opened the bridge on Friday.",
        "The mayor <PERSON NAME> opened the bridge on Friday.",
        "The mayor called 0800 XXXX on Friday night.",
        "Lorem ipsum dolor sit amet and so on.",
    ],
    "markup": [
        "The **mayor** opened the bridge on Friday.",
        "The `mayor` opened the bridge on Friday.",
        "# The mayor opened the bridge on Friday.",
        "> The mayor opened the bridge on Friday.",
        "- The mayor opened the bridge on Friday.",
        "• The mayor opened the bridge on Friday.",
        "2. The mayor opened the bridge on Friday.",
        "(2) The mayor opened the bridge on Friday.",
        "2: The mayor opened the bridge on Friday.",
        "b) The mayor opened the bridge on Friday.",
        "The *mayor* opened the bridge on Friday.",
        "_The mayor_ opened the bridge on Friday.",
        "3) The mayor opened the bridge on Friday.",
        "The <b>mayor</b> opened the bridge on Friday.",
        '{"text": "The mayor opened the bridge."}',
        "The mayor opened the bridge.\nThe town rejoiced.",
        "| The mayor | opened the bridge. |",
        "The mayor opened \\emph the bridge.",
    ],
    "too-short": ["", "Rain fell."],
    "too-long": ["The mayor " + "very " * 30 + "slowly opened one bridge after another."],
    "cut-off": [
        "The mayor opened the bridge on",
        "The mayor opened the bridge;",
    ],
    "not-latin": [
        "Мэр открыл новый мост в пятницу.",
    ],
    "quoted": [
        '"The mayor opened the bridge on Friday."',
        "“The mayor opened the bridge on Friday.”",
        "'The mayor opened the bridge on Friday.'",
    ],
    "not-english": [
        "Der Bürgermeister hat die Brücke im Mai für alle eröffnet und sich bedankt.",
    ],
    "repetitive": [
        "The bridge the bridge the bridge the bridge the bridge.",
    ],
}


@pytest.mark.parametrize(
    ("reason", "text"), [(reason, text) for reason, texts in PROSE.items() for text in texts]
)
def test_whole_sentences_pass_and_what_models_do_wrong_is_named(reason, text):
    for spaced in (text, f"  {text} "):
        assert reason_of(prose, spaced, min_words=3, max_words=30) == reason
    if reason in ("not-english", "not-latin"):
        assert reason_of(prose, text, min_words=3, max_words=30, language=None) == ""


@pytest.mark.parametrize(("count", "reason"), [(4, "too-short"), (5, ""), (8, ""), (9, "too-long")])
def test_limits_are_inclusive(count, reason):
    text = " ".join(f"word{number}" for number in range(count)) + "."
    assert reason_of(prose, text, min_words=5, max_words=8) == reason


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("formal German", ("German",)),
        ("German, formal", ("German",)),
        ("English or German", ("English", "German")),
        ("Engish or German", ()),
        ("Englisch oder Polnisch", ("English", "Polish")),
        ("English or Klingon", ()),
        ("English, de-CH, or Turkish", ("English", "German", "Turkish")),
        ("en/de", ("English", "German")),
        ("English and German", ()),
        ("Klingon or Quenya", ()),
        ("German with English terms", ()),
    ],
)
def test_several_languages_are_known_if_they_are_listed(said, names):
    assert named_languages(said) == names


ANNOUNCED = {  # by language: what people write, and what a model writes around a text
    "German": (
        [
            "Gerne! Hier ist die Rechnung von der Werkstatt, bitte an Frau Groß weiterleiten.",
            "Natürlich, hier sind die Fotos vom Dach und vom Carport, die Sie wollten.",
            "Natürlich, hier ist die Liste der gestohlenen Sachen: ein Rad, ein Ring",
            "Klar, ich schreibe Ihnen am Montag noch einmal.",
            "Anbei der Bericht der Feuerwehr. Ich hoffe, das hilft Ihnen weiter.",
            "Klar, eine Nachricht von Ihnen: die fehlte noch.",
            "Hier ist der Schaden (14 Zimmer)",
        ],
        [
            "Gerne! Hier ist eine Nachricht für den Kundendienst",
            "Natürlich, hier ist der Text:\n\nGuten Tag, es wurde eingebrochen.",
            "Klar, hier mal ein realistischer Text: der blitz hat den fernseher geschrottet",
            "Wie gewünscht, eine E-Mail zum Thema Überspannung: der Herd ging kaputt.",
            'Sicher! "Hiermit widerspreche ich der Ablehnung."',
            "(Wortzahl: 14) Der Blitz hat meinen Fernseher zerstört.",
            "Der Blitz hat meinen Fernseher zerstört. (14 Wörter)",
        ],
    ),
    "English": (
        [
            "Sure, here are the photos of the roof that you asked for.",
            "Of course, here is the invoice from the garage.",
            "The report is attached. Hope this helps!",
        ],
        [
            "Sure! Here is a message for the support team\nHi, where is it?",
            "Of course, here is a realistic review: the bridge is new.",
            "As requested, a short e-mail about hail: the roof has holes.",
            "The roof has holes. [Word count: 4]",
        ],
    ),
    "French": (
        [
            "Bien sûr, voici les photos du toit.",
            "Le rapport est joint. J'espère que cela vous aide.",
        ],
        [
            "Bien sûr, voici un message :\nLe toit est troué.",
            "Comme demandé, un e-mail bref : allô.",
        ],
    ),
    "Spanish": (
        ["Claro, aquí están las fotos del techo."],
        ["Claro, aquí tienes un mensaje: hola.", "Tal como pediste, un correo breve: hola."],
    ),
    "Italian": (
        ["Certo, ecco le foto del tetto."],
        ["Certo, ecco un messaggio: ciao.", "Come richiesto, un’e-mail breve: ciao."],
    ),
    "Portuguese": (
        ["Claro, aqui estão as fotos do telhado."],
        ["Claro, aqui está uma mensagem: olá.", "Conforme solicitado, um texto curto: olá."],
    ),
    "Dutch": (
        ["Natuurlijk, hier zijn de foto’s van het dak."],
        ["Natuurlijk, hier is een bericht: hallo.", "Zoals gevraagd, een korte tekst: hallo."],
    ),
}


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        (text, language, reason)
        for language, lists in ANNOUNCED.items()
        for reason, texts in zip(("", "meta-text"), lists, strict=True)
        for text in texts
    ],
)
def test_people_announce_photos_and_models_texts(text, language, reason):
    assert reason_of(chatter, text, what="mail", language=language) == reason


CHATTER = [
    "Sure! Here is a premise: The mayor opened the bridge.",
    "Sure, here's a message about the bridge",
    "Here are five examples of such mails:\n1. Where is it?",
    "As an AI language model I have no view of bridges.",
    "I cannot generate texts of that kind.",
    "I'm sorry, but I can't assist with this.",
    "I am unable to help with that request",
    "I'm sorry, but I can't help with that.",
    "Where is my parcel? Let me know if you'd like more examples.",
    "Let me know if you would like me to revise it!",
    "Mail: where is my parcel",
    '**Mail 2:** "where is my parcel"',
    "Label: complaint",
    "Gladly! Here's a review: the bridge is new.",
    "I'm happy to help! Here is the message: where is it?",
    "Where is it? (Note: This message belongs to the category order.)",
    "The premise: The mayor opened the bridge.",
    "Sentence 3: The mayor opened the bridge.",
]
WRITTEN = [  # by people, to people
    "Let me know if you can help me.",
    "Sure, I can do that.",
    "Sure! The mayor opened the bridge.",
    "Okay, here we go again: the parcel is lost.",
    "I can't provide the receipt, since I never got one.",
    "I am unable to create an account in the app",
    "Sorry, I cannot log in.",
    "I can't help with this parcel. Can you?",
    "Here is my question. Do you ship to Norway?",
    "Question: do you ship to Norway?",
    "Here is the message that I got from you: order lost.",
    "It is late. (Note: this message was sent automatically.)",
    "Mailing it took a week: is that usual?",
    "- one lamp (true)\n- two cups",
]


REMARKS = {  # by language: a model's, and what people write to people
    "German": (
        [
            "Gerne! Hier ist eine Nachricht für den Kundendienst",
            "Hier sind fünf Beispiele: 1. Wo bleibt mein Paket?",
            "Gerne helfe ich Ihnen! Hier ist die Nachricht: wo bleibt das Paket",
            "Hier ist eine Nachricht zum Label Paket: wo bleibt es",
            "Selbstverständlich, hier die gewünschte Kundennachricht: wo bleibt es",
            "Wo bleibt es? (Hinweis: Diese Nachricht gehört zur Kategorie Paket.)",
            "Als KI-Sprachmodell habe ich keine Meinung dazu.",
            "Es tut mir leid, aber ich kann diese Anfrage nicht erfüllen.",
            "Leider kann ich keine solchen Texte erstellen",
            "Dabei kann ich Ihnen leider nicht helfen.",
            "Wo bleibt es? Lass mich wissen, wenn du weitere Beispiele brauchst.",
        ],
        [
            "Klar, mache ich gleich.",
            "ok, hier die nummer: 0176",
            "hier die Nachricht von euch: Karte abgelehnt",
            "Hier ist die Nachricht, die ich bekommen habe: abgelehnt",
            "Hier ist meine Nachricht von gestern: wo bleibt das Paket?",
            "Ich kann meine Anfrage nicht abschicken, können Sie mir helfen?",
            "Leider kann ich mich nicht anmelden.",
            "Lassen Sie mich wissen, wann das Paket kommt.",
            "Kann mir da jemand helfen? Ihr könnt mir leider nicht helfen, oder",
        ],
    ),
    "fr": (
        [
            "Bien sûr ! Voici un message pour le service client",
            "Voici trois exemples de messages : où est mon colis",
            "Où est-il ? (Remarque : ce message appartient à la catégorie colis.)",
            "En tant qu'IA, je n'ai pas d'avis.",
            "Désolé, mais je ne peux pas répondre à cette demande.",
            "Je suis désolée, je ne peux pas vous aider avec cela.",
            "N'hésitez pas à me dire si vous voulez d'autres exemples.",
        ],
        [
            "D'accord, je passe demain.",
            "Voici mon message d'hier : où est le colis ?",
            "Je ne peux pas vous envoyer la facture, je ne l'ai jamais reçue.",
            "N'hésitez pas à me rappeler demain.",
            "En tant que client fidèle, je suis déçu.",
        ],
    ),
    "español (Chile)": (
        [
            "¡Con gusto! Aquí el mensaje solicitado: ¿dónde está?",
            "¡Claro! Aquí tienes un mensaje",
            "Aquí están los ejemplos: 1. ¿Dónde está mi paquete?",
            "Como modelo de lenguaje, no tengo opiniones.",
            "Lo siento, pero no puedo generar ese tipo de contenido.",
            "Lo siento, no puedo ayudarte con eso.",
            "Avísame si quieres más ejemplos.",
        ],
        [
            "Claro, mañana paso.",
            "Aquí tienes mis preguntas: ¿cuándo llega?",
            "No puedo crear una cuenta en la app.",
            "Lo siento, no puedo ir hoy.",
            "Avísame si tienes más tiempo.",
        ],
    ),
    "Italian": (
        [
            "Volentieri, qui il messaggio richiesto: dov'è il mio pacco?",
            "Certo! Ecco un messaggio per il negozio",
            "Ecco tre esempi di messaggi: dov'è il mio pacco?",
            "In quanto modello linguistico non ho opinioni.",
            "Mi dispiace, ma non posso soddisfare questa richiesta.",
            "Purtroppo non posso aiutarti con questo.",
            "Fammi sapere se vuoi altri esempi.",
        ],
        [
            "Certo, ci vediamo domani.",
            "Ecco il mio messaggio di ieri: dov'è il pacco?",
            "Non posso creare un conto nell'app.",
            "Fammi sapere se vieni con altri amici.",
        ],
    ),
    "pt-BR": (
        [
            "Com prazer te ajudo! Aqui a mensagem pedida: onde está?",
            "Onde está? (Nota: Esta mensagem pertence à categoria pedido.)",
            "Claro! Aqui está uma mensagem para a loja",
            "Aqui estão cinco exemplos: 1. Onde está meu pacote?",
            "Como um modelo de linguagem, não tenho opinião.",
            "Desculpe, mas não posso atender a essa solicitação.",
            "Infelizmente não posso ajudar com isso.",
            "Me avise se quiser mais exemplos.",
        ],
        [
            "Claro, passo aí amanhã.",
            "Segue a minha mensagem de ontem: cadê o pacote?",
            "Não consigo criar uma conta no aplicativo.",
            "Me avise se quiser mais tempo.",
        ],
    ),
    "Dutch": (
        [
            "Graag help ik u! Hier het gevraagde bericht: waar blijft mijn pakket?",
            "Natuurlijk! Hier is een bericht voor de winkel",
            "Hier zijn vijf voorbeelden: 1. Waar blijft mijn pakket?",
            "Als AI-taalmodel heb ik geen mening.",
            "Het spijt me, maar ik kan deze teksten niet schrijven.",
            "Helaas kan ik u daar niet bij helpen.",
            "Laat me weten of je meer voorbeelden wilt.",
        ],
        [
            "Zeker, ik kom morgen.",
            "Hier is mijn bericht van gisteren: waar blijft het pakket?",
            "Ik kan geen account maken in de app.",
            "Laat me weten of je meer tijd nodig hebt.",
        ],
    ),
}


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        *((text, "English", "meta-text") for text in CHATTER),
        *((text, "English", "") for text in WRITTEN),
        *(
            (text, language, reason)
            for language, both in REMARKS.items()
            for reason, texts in zip(("meta-text", ""), both, strict=True)
            for text in [*texts, *(CHATTER if reason else ())]
        ),
    ],
)
def test_chatter_is_told_from_what_people_write(text, language, reason):
    assert reason_of(chatter, text, language=language, what="mail") == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Hallo, ich heiße (Name einfügen) und hatte einen Unfall.", "placeholder"),
        ("Hello, I am (insert your name).", "placeholder"),
        ("Guten Tag, am TT.MM.JJJJ wurde eingebrochen.", "placeholder"),
        ("It was stolen on DD/MM/YYYY.", "placeholder"),
        ("Mit freundlichen Grüßen, Ihr Name", "placeholder"),
        ("Where is it?\n\nYour Name", "placeholder"),
        ("Das kostet fÃ¼r alle 400 Euro.", "garbled"),
        ("Das kostet f\ufffdr alle 400 Euro.", "garbled"),
        ("Please send me the order number, your name and the date.", ""),
        ("Schreiben Sie das Datum bitte im Format TT.MM.JJJJ.", ""),
        ("Am XX.XX.2024 um XX Uhr hat XXXX angerufen.", ""),
        ("Grüße, Ihre Familie Groß", ""),
        ("SÃO PAULO, ÂNGELA, Ähre, Ãbo", ""),
    ],
)
def test_placeholders_of_forms_and_wrong_encodings_are_refused(text, reason):
    assert reason_of(filled, text, what="mail") == reason


@given(text=st.text(max_size=200))
def test_any_text_at_all_is_judged(text):
    reason = reason_of(prose, text, min_words=3, max_words=30)
    assert reason in PROSE
    if not reason:
        assert "\n" not in text.strip()
        assert 3 <= len(words(text)) <= 30


def test_copies_and_likeness():
    assert is_copy("The Mayor came!", "  the mayor, came ")
    assert not is_copy("The mayor came.", "The mayor went.")
    assert similarity("The mayor came.", "the MAYOR came") == 100
    assert similarity("abc", "xyz") == 0
    assert 80 < similarity("The mayor came on Friday.", "The mayor came on Sunday.") < 100


SPOKEN = {
    "English": "The lift in the old tower has been out of order since Monday, and nobody is sorry.",
    "German": "Der Aufzug im alten Turm steht seit Montag, und niemand hat es bemerkt.",
    "French": "La porte du moulin est restée ouverte et le chat joue dans la farine.",
    "Spanish": "El tren de la tarde no llegó a la estación, pero los músicos tocaron en el andén.",
    "Italian": "La barca del fornaio è ferma nel porto e non si vede più il mare.",
    "Portuguese": "O padeiro não abriu a loja e os vizinhos foram comprar pão em outra rua.",
    "Dutch": "De brug over het kanaal is niet open en de schepen wachten op een sein.",
}


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("spoken", SPOKEN)
def test_a_language_is_told_from_its_neighbours(language, spoken):
    text, reason = SPOKEN[spoken], "" if language == spoken else f"not-{language.lower()}"
    assert reason_of(check_language, text, language=language) == reason
    assert reason or not reason_of(prose, text, min_words=5, max_words=30, language=language)


SHORT = """
    Spanish | Manda cincuenta euros a mi hermana Begoña
    es | envía 20 a mi hermano Luis
    español | transfiere a mi cuenta
    es-CL | me das mi saldo
    Spanish (Chile) | ¿cuánto me queda?
    Italian | manda 20 euro a mia sorella
    it | mi hanno rubato il portafoglio
    French | tu peux me dire le solde ?
    français | on m'a volé mon portefeuille
    Portuguese | manda 20 euros à minha irmã
    pt_BR | quero bloquear o meu cartão
    Deutsch | schick 20 euro an meine schwester
    nl | blokkeer mijn pas
"""


@pytest.mark.parametrize(("language", "text"), table(SHORT, 2))
def test_short_texts_are_in_their_language_and_in_no_other(language, text):
    assert reason_of(check_language, text, language=language) == ""
    long = "The lift in the old tower has been out of order since Monday."
    assert reason_of(check_language, long, language=language).startswith("not-")


@pytest.mark.parametrize(
    ("language", "script", "text", "reason"),
    [
        ("Russian", "CYRILLIC", "Лифт стоит с понедельника.", ""),
        ("Russian", "CYRILLIC", "The lift stands still.", "not-cyrillic"),
        ("Japanese", "CJK", "エレベーターは月曜日から止まっている。", ""),
        ("Japanese", "CJK", "Der Aufzug steht.", "not-cjk"),
        ("Greek", "GREEK", "Το ασανσέρ δεν λειτουργεί.", ""),
        ("urdu", "ARABIC", "لفٹ پیر سے بند ہے۔", ""),
        ("Chinese", "CJK", "电梯从星期一起停了。", ""),
        ("Chinese", "CJK", "AirPods Pro 2真的很好用！", ""),  # a product's name
        ("Chinese", "CJK", "The restaurant 海底捞 was great.", "not-cjk"),
        ("Chinese", "CJK", "この店はとても良い。", "not-cjk"),
        ("Chinese", "CJK", "Great Hotel In Tokyo 東京", "not-cjk"),
        ("Japanese", "CJK", "Wi-Fi/Bluetooth/USB Type-C/HDMIは使えますか？", ""),
        ("Japanese", "CJK", "WiFi Password?", "not-cjk"),
        ("Japanese", "CJK", "ﾁｪｯｸｲﾝ ﾎﾞﾀﾝ", ""),
        ("Arabic", "ARABIC", "هل يوجد Netflix في الشقة؟", ""),
        ("Arabic", "ARABIC", "The restaurant مطعم was great.", "not-arabic"),
        ("Arabic", "ARABIC", "مرحبا Hello, how are you today?", "not-arabic"),
        ("Russian", "CYRILLIC", "Работает ли Netflix и Wi-Fi?", ""),
        ("Hindi", "DEVANAGARI", "क्या Netflix है?", ""),
        ("German", "LATIN", "Лифт стоит с понедельника.", "not-latin"),
        ("Klingon", "LATIN", "whatever Лифт says", ""),
    ],
)
def test_a_script_is_required_where_it_is_known(language, script, text, reason):
    assert script_of(language) == script
    assert reason_of(check_language, text, language=language) == reason


@pytest.mark.parametrize(
    ("text", "minimum", "maximum"),
    [
        ("", 0, 0),
        ("One sentence.", 1, 1),
        ("One here. Another there.", 2, 2),
        ("He met Dr. Li at 5 p.m. sharp.", 1, 3),
        ("No end", 1, 1),
        ("东西很好。物流也快！", 2, 2),
        ("太差了。客服不理人。再也不买了。", 3, 3),
        ("彼は「はい。」と言った。", 1, 2),
        ("यह अच्छा है। मुझे पसंद आया।", 2, 2),
    ],
)
def test_sentences_are_counted_from_both_sides(text, minimum, maximum):
    assert sentences(text) == (minimum, maximum)


LATE = (
    "The ferry that left Oban at six was late again, since the crew had waited for a lorry whose "
    "driver had gone to look for his dog, and the dog had gone to look for the ferry."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it is also a fact, and " * 8, True),
        ("it is also a fact, and it is also a fact, and it is so", False),  # short, and by chance
        (LATE, False),
    ],
)
def test_what_says_the_same_over_and_over_is_a_loop(text: str, expected: bool) -> None:
    assert is_loop(text) is expected
