"""Personal data in people's words: keys, e-mail addresses, home folders and names.

Keys are found by detect-secrets; names by the census lists that Faker carries; addresses and folders by patterns.
What the problem's own text, tests or program hold is data of the task and nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any

from assistant.export.extras import need

_KEY_RUN = r"[\w.+/=~-]*"
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HOME = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\Users\\)[^\s'\"`:;,()\[\]]+")
_CAPITAL = re.compile(r"\b[A-Z][a-z]+(?:-[A-Z][a-z]+)?\b")
_CUE = re.compile(
    r"(?:my name is|name's|I am|I'm|this is|thanks,?|regards,?|cheers,?|signed,?|ask|tell|hi,?|hello,?|dear|[-–—])"
    r"\s+$",
    re.IGNORECASE,
)
_WORDS_TOO = """
Abel Amber April Art Ashley Autumn Bill Brandy Candy Carter Chance Chase Christian Cole Crystal Dale Dawn
Dean Destiny Don Drew Earl Faith Frank Gene Ginger Grace Grant Guy Heather Holly Hope Hunter Iris Ivy Jack
Jade Joy June Karen King Lance Mark Mason Max May Melody Miles Nick Page Pat Penny Ray Reed Rich Rob Rod
Roman Rose Ruby Sandy Sky Star Sue Summer Tanner Trinity Victor Wade Ward Will
"""
_ORDINARY = frozenset(_WORDS_TOO.split())
"""First names that are ordinary words: alone they are not taken for a person."""
_DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "KeywordDetector", "MailchimpDetector",
    "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
"""Not the ones that measure entropy: every long test value in quotes would be a key to them."""


@dataclass(frozen=True, order=True)
class Finding:
    """Something personal in the words of a session."""

    session: str
    kind: str
    """`key`, `e-mail`, `path` or `name`."""
    text: str

    @property
    def placeholder(self) -> str:
        return f"[{self.kind}]"


def find(session: str, texts: Iterable[str], own: str) -> list[Finding]:
    """What the words `texts` give away; what `own`, the task's own text, holds as well is left alone."""
    found: dict[str, str] = {}
    for text in texts:
        for kind, value in _found(text):
            if value not in own:
                found.setdefault(value, kind)
    return sorted(Finding(session, kind, value) for value, kind in found.items())


def redact(value: Any, findings: Sequence[Finding]) -> Any:
    """`value`, a text or a list or mapping of such, with every finding replaced by its placeholder."""
    if isinstance(value, str):
        for finding in sorted(findings, key=lambda f: -len(f.text)):
            pattern = re.escape(finding.text)
            if finding.kind == "name":
                pattern = rf"\b{pattern}\b"
            value = re.sub(pattern, finding.placeholder, value)
        return value
    if isinstance(value, list):
        return [redact(item, findings) for item in value]
    return {k: redact(v, findings) for k, v in value.items()} if isinstance(value, dict) else value


def _found(text: str) -> Iterator[tuple[str, str]]:
    yield from (("key", match[0]) for match in _PRIVATE_KEY.finditer(text))
    yield from (("key", value) for value in _keys(text))
    yield from (("e-mail", match[0].rstrip(".")) for match in _EMAIL.finditer(text))
    yield from (("path", match[0].rstrip(".")) for match in _HOME.finditer(text))
    yield from (("name", value) for value in _names(text))


def _keys(text: str) -> Iterator[str]:
    scan = _scanner()
    for line in text.splitlines():
        for secret in scan.scan_line(line):
            whole = re.search(_KEY_RUN + re.escape(secret.secret_value or "") + _KEY_RUN, line)
            if secret.secret_value and whole and len(whole[0]) >= 8:
                yield whole[0]


@cache
def _scanner() -> Any:
    """detect-secrets, set up once for this process: doing so takes longer than a scan."""
    settings = need("detect_secrets.settings").get_settings()
    settings.clear()
    settings.configure_plugins([{"name": name} for name in _DETECTORS])
    return need("detect_secrets.core.scan")


def _names(text: str) -> Iterator[str]:
    first, last = _census()
    capitals = list(_CAPITAL.finditer(text))
    for here, after in zip_longest(capitals, capitals[1:]):
        if here[0] not in first:
            continue
        if after is not None and text[here.end() : after.start()] == " " and after[0] in last:
            yield text[here.start() : after.end()]
        elif here[0] not in _ORDINARY and (
            _CUE.search(text[: here.start()]) or not _begins(text, here.start())
        ):
            yield here[0]


def _begins(text: str, at: int) -> bool:
    """Whether a sentence begins at this place, where every word has a capital."""
    before = text[:at].rstrip(" \"'(*_`")
    return not before or before[-1] in ".!?:\n"


@cache
def _census() -> tuple[frozenset[str], frozenset[str]]:
    """First and last names of the United States' census."""
    provider = need("faker.providers.person.en_US").Provider
    return frozenset(provider.first_names), frozenset(provider.last_names)
