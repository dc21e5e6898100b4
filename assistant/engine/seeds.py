"""Seeds of single samples."""

from __future__ import annotations

import hashlib


def sample_seed(seed: int, sample: int) -> int:
    """The seed of sample `sample` of a request with this seed: 31 bits, so that any server takes it."""
    digest = hashlib.sha256(f"{seed}:{sample}".encode()).digest()
    return int.from_bytes(digest[:4], "little") & 0x7FFF_FFFF
