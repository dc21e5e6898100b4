"""Licences by the names that hubs know, with SPDX's identifier for citations and machine-readable metadata."""

from __future__ import annotations

from collections.abc import Iterable

_SPDX = """
apache-2.0=Apache-2.0 mit=MIT cc0-1.0=CC0-1.0 cc-by-2.0=CC-BY-2.0 cc-by-3.0=CC-BY-3.0 cc-by-4.0=CC-BY-4.0
cc-by-sa-3.0=CC-BY-SA-3.0 cc-by-sa-4.0=CC-BY-SA-4.0 cc-by-nc-4.0=CC-BY-NC-4.0 cc-by-nc-sa-4.0=CC-BY-NC-SA-4.0
cc-by-nc-nd-4.0=CC-BY-NC-ND-4.0 cc-by-nd-4.0=CC-BY-ND-4.0 bsd= bsd-2-clause=BSD-2-Clause bsd-3-clause=BSD-3-Clause
gpl= gpl-2.0=GPL-2.0-only gpl-3.0=GPL-3.0-only lgpl-3.0=LGPL-3.0-only agpl-3.0=AGPL-3.0-only mpl-2.0=MPL-2.0 isc=ISC
odbl=ODbL-1.0 odc-by=ODC-By-1.0 pddl=PDDL-1.0 unlicense=Unlicense wtfpl=WTFPL artistic-2.0=Artistic-2.0
cdla-permissive-1.0=CDLA-Permissive-1.0 cdla-permissive-2.0=CDLA-Permissive-2.0 unknown=
"""
HUB_LICENCES = {name: spdx for name, _, spdx in (pair.partition("=") for pair in _SPDX.split())}
"""By the hub's name, SPDX's identifier, empty where several licences share the name. Any other licence is `other`
there, with a name and a file that says more."""
LICENCE_FILE = "LICENSE"
NOT_CHOSEN = "not-chosen-yet"


def is_known(licence: str) -> bool:
    """Whether hubs have a name for it."""
    return licence.lower() in HUB_LICENCES


def spdx_of(licence: str) -> str:
    """SPDX's identifier of a licence that hubs know; empty for any other."""
    return HUB_LICENCES.get(licence.lower(), "")


def licence_url(licence: str) -> str:
    """Where its text stands; the file beside the dataset where nobody else has it."""
    spdx = spdx_of(licence)
    return f"https://spdx.org/licenses/{spdx}.html" if spdx else LICENCE_FILE


def licence_file(licence: str, of_problems: Iterable[str]) -> str:
    """What is known of a licence that hubs have no name for."""
    problems = ", ".join(sorted(filter(None, of_problems))) or "unknown"
    line = (
        f"This dataset is published under {licence}; put that licence's text here."
        if licence
        else "No licence has been chosen for this dataset yet, so it may not be used: export again with --licence ID."
    )
    return f"{line}\nLicences of the problems in it: {problems} (column `licence`).\n"
