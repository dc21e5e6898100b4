"""People's names in free text: by the words that introduce them, and by lists of names of many countries.

The lists are those that Faker carries for its locales. Words that are ordinary English or programming as well, and
places, count only where something else says that a person is meant. Words in quotes are data of a test.
"""

from __future__ import annotations

import builtins
import importlib
import keyword
import pkgutil
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from assistant.datasets import personal_cues as cues
from assistant.datasets.extras import need

_UPPER = r"[A-ZÀ-ÖØ-ÞĀ-ŽǍ-ǛȘȚḀ-ỸА-ЯЁІЇЄΑ-Ω]"
_LETTERS = r"[^\W\d_]+"
_CAPITAL = rf"(?:[ODLM][’']|Mc|Mac|al-|Al-)?{_UPPER}{_LETTERS}(?:[-’']{_UPPER}{_LETTERS})*"
_PARTICLE = r"(?:van|von|de|del|della|la|le|der|den|di|da|dos|du|bin|ibn|al|el|ter|zu)"
_MORE = rf"(?:[ \t]+(?:(?:{_PARTICLE}[ \t]+)+|{_UPPER}\.[ \t]*){{0,2}}{_CAPITAL})"
_FULL = rf"{_CAPITAL}{_MORE}{{0,3}}"
_ANY = rf"{_LETTERS}(?:[-’']{_LETTERS})*"
_INTRODUCED = re.compile(rf"(?i:\b{cues.INTRODUCES})[ \t]+({_FULL}|{_ANY})")
_INTRODUCED_CAPITAL = re.compile(rf"(?i:\b{cues.INTRODUCES_CAPITAL})[ \t]+({_FULL})")
_VERB_LAST = re.compile(
    rf"(?:(?i:\b{cues.RELATION_VERB_LAST})[ \t]+(?P<relative>{_FULL}|{_ANY})|(?P<full>{_CAPITAL}{_MORE}{{1,3}}))"
    rf"(?=[^.!?\n]{{0,80}}\b{cues.SAYS_LAST}\b)"
)
_ASKED_BEHIND = re.compile(rf"({_FULL})(?={cues.ASKED_BEHIND})")
_SAYS_WHO = re.compile(rf"(?i:\b{cues.WHO}),?[ \t]+({_FULL})")
_TITLE = re.compile(rf"\b{cues.TITLE}\.?[ \t]+({_FULL})")
_TITLE_BEHIND = re.compile(rf"({_FULL})[ \t]+{cues.TITLE_BEHIND}\b")
_SIGNED = re.compile(rf"(?i:\b{cues.CLOSING})[,.!]?\s+({_FULL}|{_ANY}(?:[ \t]+{_ANY})?)[.!]?\s*\Z")
_DASHED = re.compile(rf"(?:^|\s)(?:--|[-–—])[ \t]*({_FULL})\s*\Z")
_RELATED = re.compile(rf"(?i:\b{cues.RELATION}),?[ \t]+({_FULL}|{_ANY})(?P<speaks>[ \t]+(?i:{cues.SAYS})\b)?")
_NO_NAME_WORDS = "also who just he she they then once always never already and here there that it has had"
_NO_NAME = frozenset(word for word in _NO_NAME_WORDS.split())
_DATA = re.compile(
    r"(?<![\w)\]])(['\"`])(?P<word>[^'\"`\n]{1,40})\1(?!\w)"
    r"|(?<=[(\[{,=:])[ ]?(['\"])[^'\"\n]{1,80}\3(?=\s*[)\]},:])"
)
"""Text in quotes that a program is called with: one word or name alone, or within brackets."""
_KNOWN_AS = re.compile(
    r"(?:['’]s?)?[ -](?:algorithm|theorem|distance|cipher|sequence|conjecture|triangle|numbers?|code|sort|search|"
    r"formula|method|rule|tree|constant|identity|lemma|series|test|sieve|filter|product|transform|primes?|notation|"
    r"coding|law|paradox|problem|squares?|polynomials?|matrix|graph|curve|inequality|logic|algebra|automaton|"
    r"expansion|calendar)\b"
)
"""What makes the name before it a term of mathematics."""
_SPEAKS = re.compile(rf"\s+(?i:{cues.SAYS})\b")
_OWNS = re.compile(r"['’]s\b")
_RUN = re.compile(_FULL)
_LOWER_PAIR = re.compile(rf"(?<![\w’'])(?=({_ANY})[ ]({_ANY})(?![\w’']))")
_WORDS_TOO = """
Abel Amber April Art Ashley Autumn Bill Brandy Candy Carter Chance Chase Christian Cole Crystal Dale Dawn Dean
Destiny Don Drew Earl Faith Frank Gene Ginger Grace Grant Guy Heather Holly Hope Hunter Iris Ivy Jack Jade Joy
June Karen King Lance Mark Mason Max May Melody Miles Nick Page Pat Penny Ray Reed Rich Rob Rod Roman Rose
Ruby Sandy Sky Star Sue Summer Tanner Trinity Victor Wade Ward Will Pascal Lucas Julia Julian Armstrong Newton
Euclid Fibonacci Python Perl Swift Dart Basic Delta Alpha Gamma Sigma Lambda Monday Tuesday Wednesday Thursday
Friday Saturday Sunday January February March August September October November December English Latin Greek
German French Spanish Unicode Boolean String Integer Float Tuple Array Counter Set List Input Output Code Line
Test Tests Case Cases Function Error Index Value Values Number Numbers Result Return True False None Even Odd
Prime Sort Sum Min Mean Median Key Keys Loop Also Please Thanks Hello Hi You Your The This That When Good
Great Close Nice Almost Nearly Still Not Now Then And But For From With Use Try Add Make Only Just All Any
Each Sara Angel Long Little Bell Price Cross Stone Wood Day Field Fields Banks Brook Brooks Early Short Small
Best Love Sharp Strong Power Powers Head Hand House Lane Street Park Parks Hall Hill Church Bridges Waters
Rivers Cook Baker Zero One Two Three Four Five Six Seven Eight Nine Ten Regex Json Mbpp Hash Heap Stack Queue
Tree Graph Node Lot Lots Valid Invalid Wrong Right Correct Answer Fine Done Ok Okay Problem Task Program Base
Bit Bits Big Can Do Does Did Has Had Have Is Are Was Were Be If In On At To Of An As It So No Yes Or
"""
_PLACE_WORDS = """
amsterdam athens atlanta auckland austin barcelona berlin bern bombay boston brisbane brooklyn brussels
budapest cairo calcutta cambridge canberra caracas casablanca charlotte chelsea chester chicago cleveland
cologne columbus copenhagen dallas darwin delhi denver detroit devon dublin durham edinburgh florence
frankfurt geneva genoa glasgow hamburg hamilton havana helsinki houston istanbul jakarta jerusalem kent
kingston kyoto lagos lancaster lima lincoln lisbon liverpool london lyon madison madrid manchester manila
marseille melbourne memphis mexico miami milan montreal moscow mumbai munich nairobi naples nice odessa
orlando osaka oslo oxford paris perth phoenix porto prague quebec rio rome santiago savannah seattle seoul
seville sienna singapore sofia stockholm sydney tampa tokyo toronto tripoli troy tucson turin valencia venice
verona victoria vienna warsaw washington york zurich africa asia europe america england scotland wales holland
britain
"""
_CITIES = frozenset(word for word in _PLACE_WORDS.split())
_ORDINARY = frozenset(word.lower() for word in _WORDS_TOO.split())


def names(text: str) -> Iterator[str]:
    """Names of people in the text, as they stand there."""
    text = _DATA.sub(_masked, text)
    for pattern in (_INTRODUCED, _TITLE, _TITLE_BEHIND, _ASKED_BEHIND):
        yield from (match[1] for match in pattern.finditer(text))
    yield from (
        match[1] for match in _INTRODUCED_CAPITAL.finditer(text) if not _is_ordinary(match[1].split()[0])
    )
    yield from (match["relative"] or match["full"] for match in _VERB_LAST.finditer(text))
    yield from (match[1] for match in _RELATED.finditer(text) if _is_relative(match))
    for pattern in (_SIGNED, _DASHED):
        yield from (match[1] for match in pattern.finditer(text) if _may_sign(match[1]))
    yield from (match[1] for match in _SAYS_WHO.finditer(text) if _is_named(match[1]))
    for match in _RUN.finditer(text):
        yield from _in_run(text, match)
    yield from _lower(text)


def _is_relative(match: re.Match[str]) -> bool:
    """Whether the word behind "my colleague" is a name: by its capital, by the lists, or because it speaks."""
    first = match[1].split()[0]
    if first.lower() in _NO_NAME:
        return False
    return first[0].isupper() or match["speaks"] is not None or first in _lists()[0]


def _masked(match: re.Match[str]) -> str:
    """Underscores for the text in quotes; a sentence that is quoted by itself stays."""
    word = match["word"]
    if word is not None and len(word.split()) > 3:
        return match[0]
    return re.sub(r"\w", "_", match[0])


def _in_run(text: str, match: re.Match[str]) -> Iterator[str]:
    """The name in a run of capitalised words: from the first known first name on."""
    words = match[0].split()
    if _KNOWN_AS.match(text, match.end()):
        return
    speaks = any(pattern.match(text, match.end()) for pattern in (_SPEAKS, _OWNS))
    for place, word in enumerate(words):
        followed = len(words) > place + 1 and not _is_ordinary(words[place + 1])
        if not _is_first(word) or (_is_place(word) and not followed and not speaks):
            continue
        name = " ".join(words[place:])
        begins = place == 0 and _begins(text, match.start())
        if followed or not begins or speaks:
            yield name if followed else word
        return
    begins = _begins(text, match.start())
    if len(words) > 1 and _is_last(words[-1]) and not begins and not any(map(_is_ordinary, words)):
        yield match[0]


def _lower(text: str) -> Iterator[str]:
    """A first and a last name without capitals."""
    first, last = _lists()
    for match in _LOWER_PAIR.finditer(text):
        one, other = match[1], match[2]
        if one.islower() and other.islower() and min(len(one), len(other)) > 3:
            known = one in first and other in last
            if known and not _is_ordinary(one) and not _is_ordinary(other):
                yield f"{one} {other}"


def _may_sign(name: str) -> bool:
    """What stands alone behind a closing word: a name, unless it is ordinary English."""
    words = name.split()
    return not any(_is_ordinary(word) for word in words) and (name[0].isupper() or words[0] in _lists()[0])


def _is_named(name: str) -> bool:
    """Behind a word that may introduce a name: a first name, or two capitals of which none is ordinary."""
    words = [word for word in name.split() if word[0].isupper()] or name.split()
    if len(words) > 1 and not any(_is_ordinary(word) or _is_place(word) for word in words):
        return True
    if len(words) == 1 and _is_place(name):
        return False
    return words[0].lower() in _lists()[0] and (len(words) > 1 or not _is_ordinary(words[0]))


def _is_first(word: str) -> bool:
    return len(word) > 2 and word.lower() in _lists()[0] and not _is_ordinary(word)


def _is_last(word: str) -> bool:
    return len(word) > 2 and word.lower() in _lists()[1] and not _is_ordinary(word)


def _is_place(word: str) -> bool:
    return word.lower() in _places()


def _is_ordinary(word: str) -> bool:
    return word.lower() in _ordinary()


def _begins(text: str, at: int) -> bool:
    """Whether a sentence begins at this place, where every word has a capital."""
    before = text[:at].rstrip(" \"'(*_`")
    return not before or before[-1] in ".!?:\n"


@cache
def _ordinary() -> frozenset[str]:
    """Ordinary words of several languages, and Python's."""
    lorem = [
        word
        for locale in ("de_DE", "en_US", "es_ES", "fr_FR", "it_IT", "nl_NL", "pl_PL", "ru_RU")
        for word in need(f"faker.providers.lorem.{locale}").Provider.word_list
    ]
    python = [*keyword.kwlist, *keyword.softkwlist, *dir(builtins)]
    return _ORDINARY | {word.lower() for word in (*lorem, *python)}


@cache
def _places() -> frozenset[str]:
    """Cities, countries and states of one word that are names of people as well."""
    provider = need("faker.providers.address.en_US").Provider
    return _CITIES | {place.lower() for place in (*provider.countries, *provider.states) if " " not in place}


@cache
def _lists() -> tuple[frozenset[str], frozenset[str]]:
    """First and last names of all of Faker's locales, in lower case."""
    first, last = set[str](), set[str]()
    package = need("faker.providers.person")
    for module in pkgutil.iter_modules(package.__path__):
        provider = importlib.import_module(f"{package.__name__}.{module.name}").Provider
        for attribute in dir(provider):
            kind = first if "first" in attribute else last if "last" in attribute else None
            if kind is not None and "format" not in attribute:
                kind.update(_single(getattr(provider, attribute)))
    return frozenset(first), frozenset(last)


def _single(value: Any) -> Iterable[str]:
    """The names in a list of Faker's: of texts, of (script, kana, Latin) triples, or with weights."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return
    for item in value:
        for name in item if isinstance(item, tuple | list) else (item,):
            if isinstance(name, str) and name and " " not in name:
                yield name.lower()
