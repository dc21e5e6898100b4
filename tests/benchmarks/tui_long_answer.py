"""A 2,000-line answer: what does it cost to take in 80 more characters, and to scroll a page?

python -m tests.benchmarks.tui_long_answer [LINES]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time

from textual.app import App, ComposeResult

from assistant.tui.widgets.code_view import Code, CodeView


class OnePane(App[None]):
    """The code pane alone."""

    CSS_PATH = "../../assistant/tui/styles/base.tcss"

    def compose(self) -> ComposeResult:
        yield CodeView()


async def measure(lines: int) -> tuple[list[float], list[float]]:
    """Processor milliseconds of each update while the text grows to `lines`, and of each page scrolled through it.

    Waiting for the app to be idle takes a while even when nothing is to be done: that is taken off the pages.
    All times are of the processor, which other work on the machine hardly moves.
    """
    text = "".join(f"    value_{n} = compute({n}, 'text {n}')  # line {n}\n" for n in range(lines))
    app = OnePane()
    async with app.run_test(size=(120, 36)) as pilot:
        view = app.query_one(CodeView)
        view.focus()
        updates = []
        for end in range(80, len(text), 80):
            started = time.process_time()
            view.code = Code(text[:end], writing=True)
            if end % 1600 == 0:
                await pilot.pause()
            updates.append((time.process_time() - started) * 1000)
        view.code = Code(text)
        await pilot.pause()
        idle = []
        for _ in range(20):
            started = time.process_time()
            await pilot.pause()
            idle.append(time.process_time() - started)
        pages = []
        for _ in range(lines // 30):
            started = time.process_time()
            view.action_page(1)
            await pilot.pause()
            pages.append((time.process_time() - started - statistics.median(idle)) * 1000)
    return updates, pages


def told(what: str, times: list[float]) -> str:
    """Median, p95 and the longest."""
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95)]
    return (
        f"{what}: median {statistics.median(ordered):.1f} ms, p95 {p95:.1f} ms, longest {ordered[-1]:.1f} ms"
    )


def main(lines: int) -> None:
    updates, pages = asyncio.run(measure(lines))
    print(f"{lines} lines")
    print(told("80 more characters", updates[-200:]) + " (the last 200 updates; the beat is 40 ms)")
    print(told("one page further", pages))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
