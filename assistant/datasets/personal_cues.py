"""Words that announce personal data, in ten languages: English, German, French, Spanish, Italian, Portuguese, Dutch,
Polish, Turkish and Russian. Every value is an alternation for a regular expression that ignores case.
"""

from __future__ import annotations


def _any(*words: str) -> str:
    """One alternation of words that lines and `|` part; a space stands for any blanks."""
    each = [part.strip() for line in words for part in line.split("|")]
    return "(?:" + "|".join(part.replace(" ", r"\s+") for part in each if part) + ")"


INTRODUCES = _any(
    "my (?:full |first |last )?name is|my name's|ich heiße|ich heisse|mein name ist|je m['’]appelle|mon nom est",
    "moi c['’]est",
    "me llamo|mi nombre es|mi chiamo|il mio nome è|chamo-me|me chamo|meu nome é|mijn naam is|ik heet|nazywam się",
    "mam na imię|benim adım|меня зовут|моё имя|jag heter",
)
"""Before a name, with or without a capital."""
INTRODUCES_CAPITAL = _any("adım|ismim|soy|moi|eu sou|ich bin der|ich bin die")
"""Before a name with a capital: without one, what follows is an ordinary word."""
WHO = _any(
    "i am|i'm|i’m|this is|it's|it’s|call me|signed(?: by)?|ask|tell|hi|hello|dear|hey|from|by|with|cc|asked|thank|to",
    "colleague|friend|teacher|boss|tutor|supervisor|thanks|thanks to|cheers|regards|best|sincerely|yours|love",
    "according to|says",
    "ich bin|laut|frag|frage|fragt|von|danke|sagt|nach",
    "je suis|c['’]est|selon|d['’]après|demande à|demandez à|merci|dit",
    "soy|según|pregunta a|preguntad a|gracias|dice",
    "sono|secondo|chiedi a|chiedete a|grazie",
    "sou|sou o|sou a|segundo|conforme|pergunta a|pergunta ao|pergunta à|pergunte a|obrigado|obrigada|diz",
    "ik ben|volgens|vraag|vraag het aan|bedankt|zegt",
    "jestem|według|zapytaj|dziękuję|mówi|zdaniem",
    "adım|ben|ismim|teşekkürler|göre",
    "я|это|по словам|спроси|спросите|согласно|спасибо|говорит|по мнению",
)
"""May stand before a name, among much else."""
RELATION = (
    r"(?:(?:my|our|his|her)\s+(?:[^\W\d_]+\s+)?(?:colleague|co-?worker|friend|boss|supervisor|teacher|professor|tutor|"
    r"advis[eo]r|manager|mentor|flatmate|roommate|wife|husband|brother|sister|son|daughter|mother|father|mum|mom|dad|"
    r"cousin|neighbou?r|classmate|lab ?mate|team ?mate|boyfriend|girlfriend|fianc[ée]e?|uncle|aunt|nephew|niece)"
    r"|(?:mein|meine|meinem|meiner|unser|unsere)\s+(?:kolleg(?:e|en|in)|freund(?:in)?|chef(?:in)?|lehrer(?:in)?|"
    r"professor(?:in)?|betreuer(?:in)?|mann|frau|bruder|schwester|nachbar(?:in)?|mitbewohner(?:in)?)"
    r"|(?:mon|ma|notre)\s+(?:collègue|amie?|cheffe?|prof|professeure?|tuteur|tutrice|mari|femme|frère|sœur|voisine?)"
    r"|(?:mi|nuestr[oa])\s+(?:compañer[oa]|colega|amig[oa]|jef[ea]|profesora?|tutora?|marido|mujer|herman[oa]|vecin[oa])"
    r"|(?:mio|mia|nostr[oa])\s+(?:collega|amic[oa]|capo|professor(?:e|essa)|tutor|marito|moglie|fratello|sorella)"
    r"|(?:meu|minha|noss[oa])\s+(?:colega|amig[oa]|chefe|professora?|orientadora?|marido|mulher|irmã|irmão|vizinh[oa])"
    r"|(?:mijn|onze)\s+(?:collega|vriend(?:in)?|baas|docente?|leraar|lerares|begeleider|man|vrouw|broer|zus|buur(?:man|vrouw))"
    r"|(?:mój|moja|mojego|mojej|nasz|nasza)\s+(?:kolega|kolegi|koleżank[ai]|przyjaciel|przyjaciółka|szef(?:owa)?|profesor|"
    r"nauczyciel(?:ka)?|promotor(?:ka)?|mąż|żona|brat|siostra|sąsiad(?:ka)?)"
    r"|(?:arkadaşım|hocam|patronum|müdürüm|öğretmenim|danışmanım|eşim|kardeşim|ağabeyim|abim|ablam|komşum)"
    r"|(?:мой|моя|моего|моей|наш|наша)\s+(?:коллега|коллеги|друг|подруга|начальни(?:к|ца)|профессор|учитель(?:ница)?|"
    r"преподаватель(?:ница)?|руководитель(?:ница)?|муж|жена|брат|сестра|сосед(?:ка)?))"
)
"""A person by how they are related to the one who writes."""
SAYS = _any(
    "said|says|told|wrote|thinks|suggested|asked|mentioned|pointed|here|sagt|sagte|meint|meinte|schrieb|dit|pense|dice",
    "dijo|cree|pensa|ha detto|diz|disse|acha|zegt|zei|vindt|denkt|mówi|powiedziała?|twierdzi|uważa|diyor|dedi",
    "söyledi|говорит|сказала?|считает|думает|написала?",
)
RELATION_VERB_LAST = (
    r"(?:arkadaşım|hocam|patronum|müdürüm|öğretmenim|danışmanım|eşim|kardeşim|ağabeyim|abim|ablam|komşum)"
)
SAYS_LAST = r"(?:diyor|dedi|söyledi|istiyor|düşünüyor|yazdı)"
"""Where the verb ends the sentence."""
ASKED_BEHIND = r"['’](?:a|e|ya|ye|na|ne|yı|yi)\s+sor"
TITLE = (
    r"(?:Dr|Doctor|Prof|Professor|Mr|Mrs|Ms|Miss|Mx|Sir|Madam|Herrn?|Frau|Mme|Mlle|Madame|Monsieur|Mademoiselle|Maître|"
    r"Señor|Señora|Sra?|Doña|[Pp]rofesora?|Signora?|Sig|Dott(?:oressa)?|[Pp]rofessor(?:e|essa|a)|Senhora?|Dona|"
    r"[Mm]eneer|[Mm]evrouw|[Dd]hr|[Mm]w|Pan[aiu]?|Panią|Panem|[Гг]осподин[ау]?|[Гг]оспож[аеуи])"
)
"""Before a name; as it is written, for in lower case most are ordinary words."""
TITLE_BEHIND = r"(?:Bey|Hanım|Hoca|Abi|Abla|Usta)"
CLOSING = _any(
    "best regards|kind regards|warm regards|regards|sincerely|cheers|yours truly|best wishes|many thanks|thanks|best",
    "mit freundlichen grüßen|viele grüße|liebe grüße|beste grüße|schöne grüße|grüße|gruß|lg|vg|mfg",
    "bien cordialement|cordialement|bien à vous|amicalement|salutations|merci d'avance|saludos cordiales|saludos",
    "un saludo|atentamente|un abrazo|cordiali saluti|distinti saluti|saluti|atenciosamente|cumprimentos|um abraço",
    "abraços",
    "met vriendelijke groeten?|vriendelijke groeten?|groeten|groetjes|mvg|z poważaniem|pozdrawiam|pozdrowienia",
    "saygılarımla|sevgiler|selamlar|iyi çalışmalar|с уважением|с наилучшими пожеланиями|всего доброго",
)
"""Before the name at the end of a letter."""

OWN = _any("my|our|mein|meine|mon|ma|mi|mio|mia|meu|minha|mijn|mój|moja|moje|benim|мой|моя|моё|mitt")
"""Says that what follows is the writer's own."""
PASSWORD = _any(
    "passwords?|passwd|passphrase|pwd|pw|api[ _-]?key|(?:access[ _-]?)?token|secret|passwort|kennwort|mot de passe",
    "contraseña|clave|senha|palavra-passe|wachtwoord|hasło|şifre(?:m|si)?|parola(?:m)?|пароль|lösenord",
)
IS = _any("is|was|ist|lautet|war|est|es|è|é|era|to|jest|это|:|=|->")
PHONE = _any(
    "phone|tel|telephone|mobile|cell|whatsapp|call me|ring me|text me|reach me|call|ring|sms|number is",
    "telefon|handy|mobil|ruf mich an|ruft mich an|ruf an|meine nummer|téléphone|portable|appelle-moi|appelez-moi",
    "mon numéro|teléfono|móvil|celular|llámame|llama al|mi número|telefono|cellulare|chiamami|chiama|mio numero",
    "telemóvel|telefone|liga-me|ligue|meu número|telefoon|mobiel|bel me|bel|mijn nummer|zadzwoń|dzwoń|komórka",
    "mój numer|numer telefonu|beni ara|beni arayın|numaram|cep|позвони|позвоните|звони|телефон|тел",
    "мой номер|номер телефона",
)
BORN = _any(
    r"born|birth-?dates?|birth dates?|birthday|date of birth|d\.?o\.?b\.?|geboren|geburtsdatum|geburtstag",
    r"née?|date de naissance|nací|nacid[oa]|fecha de nacimiento|nat[oa]",
    r"data di nascita|nasci|nascid[oa]|data de nascimento|geboortedatum",
    r"urodziła?m się|urodził(?:em)? się|urodzon[ya]|data urodzenia|doğum tarihi(?:m|niz)?|doğdum|родил(?:ся|ась)",
    r"дата рождения",
)
DOCUMENT = _any(
    "passport|reisepass|pasaporte|passeport|passaporto|passaporte|paspoort|paszport|pasaport|паспорт|driv(?:er'?s?|ers|ing)"
    " licen[cs]e|licen[cs]e plate|number-?plate|identity card|id card|national id|national insurance|nhs|ssn",
    "social security|tax-?payer|tax payer|green card|matriculation|matrikel|matrikelnummer|personalausweis|ausweis",
    "steuernummer|steuer-?id|sozialversicherung|numéro de sécu|sécu|sécurité sociale|carte d['’]identité",
    "nir|dni|nie|nif|cpf|rg|codice fiscale|carta d['’]identità|cartão de cidadão|bsn|burgerservicenummer|pesel",
    "dowód|tc kimlik|kimlik|снилс|инн|rekening|rekeningnummer|kontonummer|konto|счёт|счет",
)
SERVICE = _any(
    "skype|telegram|tg|discord|whatsapp|threema|wechat|icq|mastodon|instagram|insta|ig|snapchat|snap|twitter|facebook",
    "linkedin|github|gitlab|kaggle|reddit|viber|xmpp|jabber|teams|keybase|bluesky|bsky|tiktok|twitch|steam|slack|signal",
    "телеграме?|телеграмм|дискорд|инстаграме?|вк",
)
AT_WORD = _any("arobase|arrobas?|chiocciola|apenstaartje|małpa|собака|klammeraffe|ät")
"""The sign @, in words that mean nothing else between two names."""
DOT_WORD = _any("dot|punkt|point|punto|ponto|punt|kropka|nokta|точка")
