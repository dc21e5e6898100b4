"""Language detectors compared on short informal feedback: told right, told wrong, not told.

`python -m tests.benchmarks.feedback_language`, beside `../shared/data` for ILF. lingua and langdetect are compared
where they are installed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from assistant.datasets.languages import language_of
from tests.datasets.personal_sentences import CLEAN, real_feedback

Detect = Callable[[str], str]
REPOSITORY = Path(__file__).resolve().parents[2]


def py3langid_alone() -> Detect:
    """Without our threshold and without taking code out."""
    import py3langid

    return lambda text: str(py3langid.classify(text)[0])


def lingua() -> Detect:
    """All its languages, with the distance that its documentation advises for short texts."""
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().with_minimum_relative_distance(0.1).build()

    def detect(text: str) -> str:
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else ""

    return detect


def langdetect() -> Detect:
    """With a fixed seed: it draws at random."""
    from langdetect import DetectorFactory, detect

    DetectorFactory.seed = 0
    return lambda text: str(detect(text))


def main() -> None:
    real = [("en", text) for text in real_feedback(REPOSITORY.parent / "shared" / "data")]
    searches: dict[str, Callable[[], Detect]] = {
        "assistant": lambda: language_of,
        "py3langid alone": py3langid_alone,
        "lingua": lingua,
        "langdetect": langdetect,
    }
    for name, make in searches.items():
        try:
            detect = make()
        except ImportError as error:
            print(f"{name:16} not compared: {error}")
            continue
        for about, sentences in (("ten languages", CLEAN), ("real English", real)):
            detect(sentences[0][1])
            started = time.process_time()
            found = [(language, detect(text)) for language, text in sentences]
            each = 1000 * (time.process_time() - started) / len(found)
            right = sum(language == told for language, told in found)
            silent = sum(not told for _, told in found)
            wrong = len(found) - right - silent
            print(
                f"{name:16} {about:14} right {right / len(found):6.1%}  wrong {wrong / len(found):6.1%}  "
                f"not told {silent / len(found):6.1%}  {each:.2f} ms"
            )


if __name__ == "__main__":
    main()
