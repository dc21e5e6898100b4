"""Personal data in feedback: keys, names, and whatever leads to a person (addresses, numbers, accounts).

Keys are found by their prefixes and by detect-secrets, names by `names`, what needs a word beside it by
`identifiers`, all else by patterns.
What the problem's own text, tests or program hold is data of the task and not personal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from assistant.datasets import personal_cues as cues
from assistant.datasets.extras import need
from assistant.datasets.person_names import names
from assistant.datasets.personal_identifiers import identifiers
from assistant.datasets.postal_addresses import streets

_KEY_RUN = r"[\w.+/=~-]*"
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HOME = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\Users\\)[^\s'\"`:;,()\[\]]+")
_TOKEN = re.compile(
    r"(?<![\w-])(?:hf_|sk-|sk_live_|sk_test_|pk_live_|rk_live_|whsec_|gh[oprsu]_|github_pat_|glpat-|xox[a-z]-|xapp-|npm_|"
    r"pypi-|AKIA|ASIA|AIza|ya29\.|gsk_|r8_|SG\.|dop_v1_|shp[a-z]{2}_|nvapi-|pplx-|dckr_pat_|lin_api_|secret_|ntn_|xai-|"
    r"key-|PMAK-|dp\.pt\.|sntry[su]_|sq0[a-z]{3}-|EAAC|figd_|rnd_|tfp_)"
    r"[\w.+/=~-]{12,}|\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?|\b[Bb]earer\s+(?=\S*\d)[\w.+/=~-]{16,}"
    r"|\b(?:SK|AC|dapi)[0-9a-f]{32}\b|(?<!\d)\d{8,10}:AA[\w-]{30,}|\bssh-(?:rsa|ed25519)\s+AAAA[\w+/=]{20,}"
    r"|(?:https://)?(?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/[\w/-]{16,}"
    r"|(?<=AccountKey=)[\w+/]{40,}=*"
)
_IN_ADDRESS = re.compile(r"(?<![\w.])[a-z][a-z0-9+]{1,15}://[^\s/@:]+:[^\s/@]+@[^\s'\"`)\]>]+")
"""A password within the address of a server."""
_VERB = rf"(?:\s*{cues.IS}\s*)"
_PASSWORD = re.compile(
    rf"(?i:\b(?:{cues.OWN}\s+)?{cues.PASSWORD}{_VERB}|\b{cues.OWN}\s+{cues.PASSWORD}\s+|\bşifrem\s+)[\"'`]?"
    r"((?=[^\s\"'`]*\d)(?=[^\s\"'`]*[A-Za-z])[^\s\"'`,;]{6,})"
)
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d{1,3}[\s.-]?(?:\(\d{1,4}\)[\s.-]?)?\d{1,4}(?:[\s./-]?\d{2,4}){2,4}"
    r"|\(\d{3}\)\s?\d{3}[-. ]\d{4}|\d{3}[-.]\d{3}[-.]\d{4}|0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,5}"
    r"|0\d(?:[ .]\d\d){4}|0\d{3} \d{3} \d\d \d\d|8 ?\(\d{3}\) ?\d{3}-\d\d-\d\d|\(\d{2}\) 9?\d{4}-\d{4})(?![\w-])"
)
_CALLED = re.compile(rf"(?i:\b{cues.PHONE})\D{{0,14}}(\(?\+?\d[\d ()./-]{{6,}}\d)(?![\w.]*\d)")
_IP = re.compile(
    r"(?<![\w:])[0-9A-Fa-f]{3,4}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{1,4}(?![\w:])"
    r"|(?<![\w:])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:-])"
)
_NUMBERED = re.compile(
    r"(?<![\w-])(?:\d{3}-\d{2}-\d{4}|[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?)(?![\w-])"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{1,4}){3,9}\b")
_CARD = re.compile(
    r"(?<![\w.-])3[47]\d{13}(?![\w.-]*\d)|(?<![\w.-])\d{16}(?![\w.-]*\d)|(?<![\w-])(?:\d{4}[ -]){3}\d{4}(?![\w-])|"
    r"(?<![\w-])\d{4}[ -]\d{6}[ -]\d{5}(?![\w-])"
)
_HANDLE = re.compile(r"(?<![\w@.`/])@[A-Za-z_][\w-]{2,}(?![\w(]|\.\w|\s*\n\s*(?:def|class|async|@))")
_ACCOUNT = re.compile(
    r"(?i:\b(?:my|on|via)\s+(?:github|gitlab|twitter|discord|telegram|instagram|linkedin|slack|skype|kaggle|reddit)"
    r"(?:\s+(?:handle|user ?name|user|account|name|id))?\s*(?:is|as|:|i am|i'm)\s+)([\w.#-]{3,})"
)
_PAGE = re.compile(
    r"(?:https?://)?(?:[\w-]+\.)?(?:github\.com|gitlab\.com|bitbucket\.org|twitter\.com|x\.com|linkedin\.com/in|"
    r"facebook\.com|instagram\.com|huggingface\.co|kaggle\.com|medium\.com|t\.me|reddit\.com/u(?:ser)?|"
    r"stackoverflow\.com/users|youtube\.com/@?|tiktok\.com|mastodon\.social)/[\w.@/~%#?=&+-]+"
    r"|https?://[^\s/@]+@[^\s]+|https?://[^\s/]+/(?:~|users?/|u/|profile/|people/|@)[\w.-]+[^\s)\]>]*"
    r"|https?://(?!www\.|docs\.)[\w-]+\.(?:github|gitlab)\.io[^\s)\]>]*"
)
_DECORATORS = frozenset(
    (
        *(
            "property",
            "staticmethod",
            "classmethod",
            "dataclass",
            "cache",
            "lru_cache",
            "cached_property",
            "functools",
        ),
        *(
            "wraps",
            "contextmanager",
            "abstractmethod",
            "override",
            "overload",
            "pytest",
            "total_ordering",
            "njit",
            "jit",
        ),
        *("singledispatch", "final", "param", "params", "return", "returns", "throws", "raises", "app"),
        *("see", "author", "since", "deprecated", "example", "todo", "media", "import", "abc", "atexit"),
    )
)
_DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "KeywordDetector", "MailchimpDetector",
    "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
"""Not the ones that measure entropy: every long test value in quotes would be a key to them."""

DETECTOR = (
    "detect-secrets (keys), phonenumbers (telephones), python-stdnum (accounts, cards, numbers of persons), Faker's "
    "lists of names, and patterns of our own in ten languages"
)
"""What searches, for the card."""
BENCHMARK = Path(__file__).parent / "data" / "personal_data.json"
"""What `tests/benchmarks/personal_data.py` measured of it."""


@cache
def measured() -> dict[str, Any]:
    """How well it searches, as counted: `found`, `found_held_out` and `touched` as [number, of all]."""
    found: dict[str, Any] = json.loads(BENCHMARK.read_text(encoding="utf-8"))
    return {**found["assistant"], "measured": found["measured"]}


@dataclass(frozen=True, order=True)
class PersonalData:
    """Personal data in the feedback of a session."""

    session: str
    kind: str
    """`key`, `e-mail`, `path`, `url`, `phone`, `ip`, `number`, `date`, `address`, `handle` or `name`."""
    text: str

    @property
    def placeholder(self) -> str:
        return f"[{self.kind}]"


def find(session: str, texts: Iterable[str], own: str) -> list[PersonalData]:
    """Personal data in `texts`; what `own`, the task's own text, holds as well is left alone."""
    found: dict[str, str] = {}
    for text in texts:
        for kind, value in _found(text):
            if value not in own:
                found.setdefault(value, kind)
    return sorted(PersonalData(session, kind, value) for value, kind in found.items())


def redact(value: Any, findings: Sequence[PersonalData]) -> Any:
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
    yield from (("key", match[0]) for match in _IN_ADDRESS.finditer(text))
    yield from (("key", match[0].rstrip(".")) for match in _TOKEN.finditer(text))
    yield from (("key", match[1].rstrip(".")) for match in _PASSWORD.finditer(text))
    yield from (("e-mail", match[0].rstrip(".")) for match in _EMAIL.finditer(text))
    yield from (("path", match[0].rstrip(".")) for match in _HOME.finditer(text))
    yield from (("url", match[0].rstrip(".,;:!?")) for match in _PAGE.finditer(text))
    yield from _numbers(text)
    yield from (("address", match[0]) for match in streets(text))
    yield from (("handle", match[0]) for match in _HANDLE.finditer(text) if match[0][1:] not in _DECORATORS)
    yield from (("handle", match[1].rstrip(".")) for match in _ACCOUNT.finditer(text))
    yield from identifiers(text)
    yield from (("name", value) for value in names(text))


def _numbers(text: str) -> Iterator[tuple[str, str]]:
    """Telephones, addresses of machines, and numbers of people, cards and accounts."""
    yield from (("phone", match[0]) for match in _PHONE.finditer(text))
    yield from (("phone", match[1]) for match in _CALLED.finditer(text) if _is_dialled(match[1]))
    yield from (("phone", found.raw_string) for found in need("phonenumbers").PhoneNumberMatcher(text, None))
    yield from (("ip", match[0]) for match in _IP.finditer(text))
    yield from (("number", match[0]) for match in _NUMBERED.finditer(text))
    yield from (
        ("number", match[0]) for match in _IBAN.finditer(text) if need("stdnum.iban").is_valid(match[0])
    )
    yield from (
        ("number", match[0])
        for match in _CARD.finditer(text)
        if need("stdnum.luhn").is_valid(_digits(match[0]))
    )


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))


def _is_dialled(number: str) -> bool:
    """Whether as many digits as a telephone number has, and no date."""
    return 7 <= len(_digits(number)) <= 15 and not re.fullmatch(r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}", number)


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
