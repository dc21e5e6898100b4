"""Identifiers of a person that need a word beside them to be known: spelled e-mail, birth dates, documents, accounts.

Each pattern asks for a cue ("born", "passport", "skype:"), because the same digits and words stand in ordinary
feedback about programs. Addresses of machines are told from version numbers here as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.datasets import personal_cues as cues
from assistant.datasets.extras import need

Found = tuple[str, str]
"""Kind (see `pii.Finding`) and the text as it stands there."""

_TLD = (
    r"(?:com|org|net|edu|gov|info|io|dev|app|ai|eu|de|uk|fr|es|nl|ch|se|fi|dk|pl|cz|ru|cn|jp|kr|br|au|ca|us|nz|ie|"
    r"pt|gr|tr|ua|hu|ro|sk|si|hr|lt|lv|ee|mx|ar|cl|za|il|sg|hk|tw)"
)
_DOT = rf"(?:\s*[\[({{<]\s*{cues.DOT_WORD}\s*[\])}}>]\s*|\s+{cues.DOT_WORD}\s+)"
_AT_MARKED = rf"\s*[\[({{<]\s*(?:at|@|{cues.AT_WORD})\s*[\])}}>]\s*"
_LOCAL = rf"[\w+-]+(?:(?:\.|{_DOT})[\w+-]+){{0,3}}"
_PROVIDER = r"(?:gmail|googlemail|hotmail|outlook|yahoo|icloud|protonmail|gmx|posteo)"
_SPELLED_MAIL = re.compile(
    rf"(?i)(?<![\w.@])(?:{_LOCAL}{_AT_MARKED}[\w-]+(?:(?:\.|{_DOT})[\w-]+){{0,3}}"
    rf"|{_LOCAL}(?:\s+at\s+|\s*@\s*)[\w-]+(?:(?:\.|{_DOT})[\w-]+){{0,2}}{_DOT}{_TLD}"
    rf"|{_LOCAL}(?:\s+at\s+|\s+@\s*|\s*@\s+)(?:[\w-]+\.)+{_TLD}"
    rf"|{_LOCAL}\s+{cues.AT_WORD}\s+[\w-]+(?:(?:\.|{_DOT})[\w-]+){{1,3}}"
    rf"|{_LOCAL}\s+(?:at|@)\s+{_PROVIDER})(?!\w)"
)
_PREPOSITION = re.compile(
    r"(?i)^(?:look|looks|looked|looking|error|fails?|index|start|starts|see|is|it|stops?)\b"
)
"""Words before a plain "at" that do not begin an address."""

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?|januar|februar|märz|mai|juni|juli|oktober|dezember)"
)
_DATE = (
    rf"(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th|\.)?(?:\s+of)?\s+{_MONTH}\.?,?(?:\s+\d{{4}})?"
    rf"|{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?(?:\s+\d{{4}})?"
    r"|\d{1,2}(?:\.|º|er)?\s+(?:de\s+)?[^\W\d_]{3,12}\.?,?\s+(?:del?\s+)?(?:19|20)\d\d)"
)
_BIRTH = re.compile(
    rf"(?i)\b{cues.BORN}"
    r"(?:\s+(?:is|was|on|the|am|in|el|le|il|em|op|ist|est|es|è|to|dnia)\b|\s*[:=])*\s*"
    rf"(?P<found>{_DATE}|(?<=in )(?:19|20)\d\d)(?!\w)"
)

_NUMBER = r"(?:\s*(?:numbers?|no|nr|num|id|#)\b\.?|\s*#)"
_IS = r"(?:\s+(?:is|was|ends in)\b|\s*[:=])"
_BEGINS = r"(?=[a-z]{0,3}\d|[A-Z]{0,6} ?\d)"
_VALUE = rf"(?P<found>{_BEGINS}(?=(?:[A-Za-z0-9/ -]*?\d){{4}})[A-Za-z0-9](?:[ /-]?[A-Za-z0-9]){{4,19}})"
_DOCUMENT = re.compile(
    rf"\b(?i:{cues.DOCUMENT})(?i:{_NUMBER}|\s+(?:numara\w*|numéro|nummer|nr|número|numero|номер))?"
    rf"(?i:{_IS}|\s*{cues.IS})?\s*(?:{_VALUE}|(?P<other>[A-Z\d](?:[ ./-]?[A-Z\d]){{7,24}}))(?!\w)"
)
_TAX_CODE = re.compile(r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b")
_DNI = re.compile(r"\b(?:\d{8}|[XYZ]\d{7})[A-Z]\b")
_CPF = re.compile(r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b")
_CHECKED = (
    (_TAX_CODE, "stdnum.it.codicefiscale"),
    (_DNI, "stdnum.es.dni"),
    (_DNI, "stdnum.es.nie"),
    (_CPF, "stdnum.br.cpf"),
)
"""Numbers of persons that need no cue, for a letter or digit in them is computed from the others."""
_MEMBERSHIP = re.compile(
    r"\b(?:(?i:my|her|his|their|our)\s+(?i:student|employee|staff|personnel|member(?:ship)?|patient|badge|insurance|"
    rf"tax|customer|account|licen[cs]e|library card|registration)(?i:{_NUMBER})?(?i:{_IS})?"
    rf"|(?i:student|employee|staff|personnel|membership|patient|licen[cs]e|registration)(?i:{_NUMBER})(?i:{_IS}))"
    rf"\s*{_VALUE}(?!\w)"
)

_CONTACT = re.compile(
    rf"(?i)(?<![\w./@])(?:my\s+)?{cues.SERVICE}(?:\s+(?:handle|id|name|user ?name|account|nick))?"
    r"\s*(?:[:=]|\bis\b)\s*(?P<found>(?:live:)?@?(?=[\w.#-]*[a-z])[\w][\w.#-]{2,40})"
)
_NEAR_SERVICE = re.compile(
    rf"(?i)(?<![\w./@]){cues.SERVICE}(?:[\s:=]+[^\W\d_]+){{0,3}}[\s:=]+"
    r"(?P<found>@?(?=[\w.#-]*[._#\d])(?=[\w.#-]*[a-z])[a-z_][\w-]*(?:[.#][\w-]+)*)(?![\w(\[=])"
)
"""An account that looks like one (a digit, a point, an underscore in it) a few words behind the service's name."""
_MARKED = re.compile(
    r"(?i)\b(?:signal|matrix|irc|slack|line|nick(?:name)?|handle|user ?name)\s*(?:[:=]|\bis\b)?\s*"
    r"(?P<found>@[\w][\w.:#-]{2,60})"
)
_NO_ACCOUNT_WORDS = "the not used str string none null true false int list dict valid invalid wrong"
_NOT_AN_ACCOUNT = frozenset(word for word in _NO_ACCOUNT_WORDS.split())

_ORCID = re.compile(r"(?<![\w-])\d{4}-\d{4}-\d{4}-\d{3}[\dXx](?![\w-])")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_ADDRESS = re.compile(
    rf"(?<![\w.])({_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET})(?P<port>:\d{{2,5}}|/\d{{1,2}})?(?![\w.]*\d)"
)
_MACHINE = re.compile(
    r"(?i)\b(?:ips?|ipv4|address|host|server|machine|box|ssh|ping|curl|router|gateway|vpn|proxy|login|connect(?:ed)?|"
    r"log(?:ged)? in|port|network|laptop|desktop|computer|here|at home)\b"
)
_VERSION = re.compile(r"(?i)(?:\bv(?:ersion)?|==|>=|release|numpy|python|build)\s*$")
_PRIVATE = re.compile(r"(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.")
_NOBODYS = frozenset(("127.0.0.1", "0.0.0.0", "255.255.255.255", "255.255.255.0", "8.8.8.8", "1.1.1.1"))


def identifiers(text: str) -> Iterator[Found]:
    """Identifiers in the text, as kind and as they stand there."""
    yield from (("e-mail", found) for found in _mails(text))
    yield from (("date", match["found"].rstrip(" .,")) for match in _BIRTH.finditer(text))
    yield from (("number", match["found"] or match["other"]) for match in _DOCUMENT.finditer(text))
    yield from (("number", match["found"]) for match in _MEMBERSHIP.finditer(text))
    for pattern, module in _CHECKED:
        check = need(module).is_valid
        yield from (("number", match[0]) for match in pattern.finditer(text) if check(match[0]))
    yield from (("number", match[0]) for match in _ORCID.finditer(text) if _is_orcid(match[0]))
    for pattern in (_CONTACT, _NEAR_SERVICE, _MARKED):
        for match in pattern.finditer(text):
            account = match["found"].rstrip(".-:")
            if account.lstrip("@").lower() not in _NOT_AN_ACCOUNT:
                yield "handle", account
    yield from (("ip", found) for found in _addresses(text))


def _mails(text: str) -> Iterator[str]:
    for match in _SPELLED_MAIL.finditer(text):
        if not _PREPOSITION.match(match[0]):
            yield match[0].strip()


def _addresses(text: str) -> Iterator[str]:
    """Addresses of machines: private ones, long ones, those with a port, and those that a word announces."""
    for match in _ADDRESS.finditer(text):
        before, address = text[: match.start()][-40:], match[1]
        if address in _NOBODYS or _VERSION.search(before):
            continue
        digits = sum(character.isdigit() for character in address)
        around = before + " " + text[match.end() :][:20]
        if match["port"] or digits >= 9 or _PRIVATE.match(address) or _MACHINE.search(around):
            yield address


def _is_orcid(text: str) -> bool:
    """Whether the last character is the check digit of an ORCID iD (ISO 7064, MOD 11-2)."""
    digits, total = text.replace("-", ""), 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return digits[-1].upper() == ("X" if check == 10 else str(check))
