"""Weights that come in parts: found, joined, verified, refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from assistant.core.errors import WeightsError
from assistant.engine.models import wheels
from assistant.engine.models.catalogue import default_model
from assistant.engine.models.wheels import PartSet
from assistant.engine.progress import Cancelled, Steps

PIECES = [b"first ", b"second ", b"third"]
WHOLE = b"".join(PIECES)


@pytest.fixture
def part_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> PartSet:
    """Three data packages that raise when they are imported, on the path."""
    prefix = f"part_of_{abs(hash(request.node.nodeid))}_"
    for number, piece in enumerate(PIECES, 1):
        data = tmp_path / "site" / f"{prefix}{number}" / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").write_text("raise RuntimeError('a data package was imported')")
        (data / f"part{number:02}.bin").write_bytes(piece)
    monkeypatch.syspath_prepend(tmp_path / "site")
    return PartSet(
        package=prefix + "{n}",
        file="data/part{n:02}.bin",
        count=3,
        sha256=hashlib.sha256(WHOLE).hexdigest(),
        bytes=len(WHOLE),
        converted_bytes=4 * len(WHOLE),
        extra="offline",
    )


def test_parts_are_found_without_import_and_joined_in_order(part_set: PartSet, tmp_path: Path) -> None:
    seen: list[str] = []
    target = tmp_path / "joined"
    wheels.join(wheels.locate(part_set), target, part_set, Steps(lambda progress: seen.append(progress.step)))
    assert target.read_bytes() == WHOLE
    assert list(dict.fromkeys(seen)) == ["assembling weights", "verifying SHA-256"]


def test_a_changed_byte_is_refused_with_both_hashes(part_set: PartSet, tmp_path: Path) -> None:
    files = wheels.locate(part_set)
    files[1].write_bytes(b"sekond ")
    target = tmp_path / "joined"
    with pytest.raises(WeightsError) as caught:
        wheels.join(files, target, part_set, Steps())
    found = hashlib.sha256(b"first sekond third").hexdigest()
    assert part_set.sha256 in str(caught.value) and found in str(caught.value)
    assert not target.exists()


def test_a_missing_part_is_named_with_the_remedy(part_set: PartSet) -> None:
    wheels.locate(part_set)[1].unlink()
    assert wheels.installed(part_set)
    with pytest.raises(WeightsError, match=r"part 2 of 3 .* pip install 'assistant\[offline\]'"):
        wheels.locate(part_set)


def test_nothing_installed_is_no_error(part_set: PartSet) -> None:
    assert not wheels.installed(part_set.model_copy(update={"package": "no_such_part_{n}"}))


def test_a_cancel_leaves_nothing(part_set: PartSet, tmp_path: Path) -> None:
    class Now:
        def is_set(self) -> bool:
            return True

    target = tmp_path / "joined"
    with pytest.raises(Cancelled):
        wheels.join(wheels.locate(part_set), target, part_set, Steps(cancel=Now()))
    assert not target.exists()


@pytest.mark.slow
@pytest.mark.weights
def test_the_default_models_parts_are_whole() -> None:
    """The installed data wheels have the pinned hash."""
    wanted = default_model().parts
    assert wanted is not None
    if not wheels.installed(wanted):
        pytest.skip("the offline extra is not installed")
    digest = hashlib.sha256()
    for file in wheels.locate(wanted):
        digest.update(file.read_bytes())
    assert digest.hexdigest() == wanted.sha256
