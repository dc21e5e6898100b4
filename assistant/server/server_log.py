"""The log of a server on standard error: a line for what a stranger sent, a traceback only for faults of ours."""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError

from assistant.core.printable import printable


class _RequestFaults(logging.Filter):
    """aiohttp logs the whole traceback for each request that is no HTTP: anybody could fill the disk with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            said = " ".join(printable(error.message).split())[:80]
            record.msg, record.args = f"{record.getMessage()}: {error.code} {said}", None
            record.exc_info = record.exc_text = None
        return True


def log_to_stderr() -> None:
    """Warnings and errors, as they are."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logger = logging.getLogger("aiohttp.server")
    if not any(isinstance(known, _RequestFaults) for known in logger.filters):
        logger.addFilter(_RequestFaults())
