"""Streets with a house number, as ten languages write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_UPPER = r"[A-ZÀ-ÖØ-ÞĀ-ŽȘȚА-ЯЁĞİŞ]"
_NAME = rf"{_UPPER}[\w.'’-]*"
_HOUSE = r"\d{1,4}(?:\s?[a-zA-Z]\b)?(?:/\d{1,4}\w?)?"
_NUMBER = rf"(?:,?\s*(?:No|Nr|n\.?º|nº|n°|num)[.:]?\s*|,?\s+){_HOUSE}"
_PARTICLE_WORDS = (
    "de|du|des|del|della|delle|dei|degli|dello|dell|da|do|das|dos|di|la|las|le|les|los|van|der|den|y|e"
)
_PARTICLES = rf"(?:(?:{_PARTICLE_WORDS})\s+|[ld]['’])*"
_FLAT = r"(?:,?\s+(?:Apt|Apartment|Flat|Unit|Suite|No)\.?\s*\w{1,5})?"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b\d{{1,5}}[a-zA-Z]?,?\s+(?:[A-Z][\w.'’-]*\s+){{1,4}}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|"
        rf"Boulevard|Blvd|Court|Ct|Way|Place|Square|Terrace|Close|Crescent|Row|Mews|Grove|Hill)\b{_FLAT}",
        rf"\b{_UPPER}[\w-]*(?:straße|strasse|str\.|weg|gasse|platz|allee|ufer|damm|ring|laan|straat|plein|gracht|kade|"
        rf"dijk|singel|dreef|gatan|vägen){_NUMBER}",
        rf"\b(?:{_NAME}\s+){{1,3}}(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ufer|Damm|Ring|Gracht|Straat|Plein|Kade|"
        rf"Laan|Singel){_NUMBER}",
        r"(?i:\b\d{1,4}(?:\s?(?:bis|ter))?,?\s+(?:rue|avenue|boulevard|bd|chemin|place|impasse|allée|quai|route|cours|"
        rf"square)\s+){_PARTICLES}{_NAME}(?:[\s-]+{_NAME}){{0,2}}",
        r"(?i:\b(?:calle|c/|avenida|avda?\.|plaza|paseo|camino|via|viale|piazza|corso|largo|vicolo|rua|travessa|praça|"
        rf"estrada|alameda)\s+){_PARTICLES}{_NAME}(?:\s+{_PARTICLES}{_NAME}){{0,3}}{_NUMBER}",
        r"(?i:\b(?:ul|al|os|pl)\.\s*|\b(?:ulic[ay]|alej[ai]|plac|osiedl[eu])\s+)"
        rf"(?:{_NAME}\s+){{0,2}}{_NAME}{_NUMBER}",
        rf"(?:\b{_NAME}\s+){{1,3}}(?:Sokak|Sokağı|Sok\.|Caddesi|Cadde|Cad\.|Mahallesi|Bulvarı){_NUMBER}",
        r"(?i:\b(?:ул|пр|пер|пл|наб)\.\s*|\b(?:пр-т|улиц[аеы]|проспекте?|переулок|бульвар|шоссе|площадь|набережная)\s+)"
        rf"{_NAME}(?:\s+{_NAME}){{0,2}},?\s*(?:д\.|дом)?\s*{_HOUSE}(?:,?\s*(?:кв\.|квартира)\s*\d+)?",
    )
)


def streets(text: str) -> Iterator[re.Match[str]]:
    """Streets with a house number in the text."""
    for pattern in _PATTERNS:
        yield from pattern.finditer(text)
