"""Jobs through an engine and a judge, as many at once as both can take, with bounded memory.

Generating threads take batches from one iterator; every finished answer goes to a pool of judging threads (as
many as cores); the calling thread writes verdicts down in the order they come. At most `BACKLOG` answers wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from assistant.bench.jobs import Batch, Job, Judge, Sample, Verdict, missing_batches, sample_of
from assistant.bench.sample_log import SampleLog
from assistant.bench.scoring import NO_PROGRAM, NOT_JUDGED, never_run
from assistant.core.cores import cores
from assistant.core.errors import AssistantError, EngineError
from assistant.core.generation import Engine, Finish

BACKLOG = 256
"""Answers that may wait for a judge before generating threads wait as well."""
FAILURES_IN_A_ROW = 6
"""So many failed answers (and two for each stream) with none between that came: the engine is taken to be gone."""


@dataclass(frozen=True)
class Concurrency:
    """How much at once, and for how long."""

    streams: int = 1
    """Requests that are open at once."""
    batch: int = 16
    """Samples in one request."""
    seconds: float | None = None
    """After so many seconds no new request is begun."""
    judges: int = 0
    """Answers judged at once; 0: as many as there are cores."""


@dataclass
class RunTotals:
    """How far a run is; what a progress bar shows."""

    total: int
    done: int = 0
    before: int = 0
    """Samples that were there when the run began."""
    tokens: int = 0
    failed: int = 0
    failure: str = ""
    solved_rows: set[tuple[str, str]] = field(default_factory=set)
    seen_rows: set[tuple[str, str]] = field(default_factory=set)
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def rate(self) -> float:
        """Samples a second of this run."""
        return (self.done - self.before) / max(self.seconds, 1e-9)

    def note(self, sample: Sample) -> None:
        """Count one sample."""
        self.done += 1
        self.tokens += sample.generated_tokens
        self.seen_rows.add((sample.group, sample.row))
        if sample.solved:
            self.solved_rows.add((sample.group, sample.row))


Watch = Callable[[RunTotals], None]


class Runner:
    """One run of jobs. `stop` may be set from anywhere: what is finished stays, the rest is made next time."""

    def __init__(
        self,
        engine: Engine,
        judge: Judge,
        log: SampleLog,
        pace: Concurrency,
        stop: threading.Event,
        watch: Watch = lambda _: None,
    ) -> None:
        self._engine, self._judge, self._log, self._pace, self._watch = engine, judge, log, pace, watch
        self._stop = stop
        self._no_more = threading.Event()
        self._results: SimpleQueue[Sample | Exception | _Ended] = SimpleQueue()
        self._room = threading.BoundedSemaphore(BACKLOG)
        self._take_lock = threading.Lock()
        self._in_a_row = 0
        self._ended = self._submitted = self._received = 0
        self._error: Exception | None = None

    def run(self, jobs: Iterable[Job], tally: RunTotals) -> None:
        """Make what is missing. Raises EngineError when the engine is gone, and what a judge raises."""
        batches = missing_batches(jobs, self._pace.batch, self._log.done)
        with ThreadPoolExecutor(self._pace.judges or cores(), thread_name_prefix="judge") as judging:
            threads = [
                threading.Thread(target=self._generate, args=(batches, judging), daemon=True)
                for _ in range(self._pace.streams)
            ]
            for thread in threads:
                thread.start()
            try:
                self._collect(len(threads), tally)
            except BaseException:
                self._stop.set()
                self._collect(len(threads), tally)  # answers that are there already are judged and kept
                raise
            finally:
                for thread in threads:
                    thread.join()
        if self._error is not None:
            raise self._with_kept_work(self._error, tally)

    def _collect(self, threads: int, tally: RunTotals) -> None:
        """Write down what comes until every thread has ended and every answer of theirs is judged."""
        while self._ended < threads or self._received < self._submitted:
            if self._pace.seconds is not None and tally.seconds >= self._pace.seconds:
                self._no_more.set()
            samples: list[Sample] = []
            for item in self._waiting():
                if isinstance(item, _Ended):
                    self._ended, self._submitted = self._ended + 1, self._submitted + item.submitted
                elif isinstance(item, _Failed):
                    self._note_failure(item, tally)
                else:
                    self._received += 1
                    samples += [item] if isinstance(item, Sample) else self._give_up(item)
            for sample in self._log.append(samples):
                tally.note(sample)
            self._in_a_row = 0 if samples else self._in_a_row
            self._watch(tally)

    def _give_up(self, error: Exception) -> list[Sample]:
        """Stop for this error, which is raised once everything that was handed over is kept."""
        self._error = self._error or error
        self._stop.set()
        return []

    def _with_kept_work(self, error: Exception, tally: RunTotals) -> Exception:
        if not isinstance(error, _Failed):
            return error
        kept = f"{tally.done} of {tally.total} samples are kept: run the same command again to go on"
        return EngineError(f"{error} ({kept})")

    def _waiting(self) -> list[Sample | Exception | _Ended]:
        """All that has come by now; waits a quarter of a second for the first."""
        items: list[Sample | Exception | _Ended] = []
        with suppress(Empty):
            items.append(self._results.get(timeout=0.25))
            while len(items) < BACKLOG:
                items.append(self._results.get_nowait())
        return items

    def _note_failure(self, failed: _Failed, tally: RunTotals) -> None:
        """One answer that did not come; so many that the engine is gone end the run."""
        tally.failed += 1
        tally.failure = str(failed)
        self._in_a_row += 1
        if self._in_a_row >= FAILURES_IN_A_ROW + 2 * self._pace.streams:
            self._give_up(failed)

    def _generate(self, batches: Iterator[Batch], judging: ThreadPoolExecutor) -> None:
        """One stream: request after request until nothing is left."""
        submitted = 0
        try:
            while (batch := self._next(batches)) is not None:
                for item in self._engine.generate(batch.request(), self._stop):
                    if isinstance(item, Finish):
                        submitted += self._hand_over(batch, item, judging)
        except Exception as error:
            submitted += 1
            self._results.put(error)
        self._results.put(_Ended(submitted))

    def _next(self, batches: Iterator[Batch]) -> Batch | None:
        with self._take_lock:
            return None if self._stop.is_set() or self._no_more.is_set() else next(batches, None)

    def _hand_over(self, batch: Batch, finish: Finish, judging: ThreadPoolExecutor) -> int:
        """Have an answer judged; 1 when its verdict is to be waited for."""
        if finish.reason == "cancelled":
            return 0
        if finish.reason == "error" and not finish.overflow:
            self._results.put(_Failed(finish.error))
            return 0
        self._room.acquire()
        judging.submit(self._judged, batch, finish)
        return 1

    def _judged(self, batch: Batch, finish: Finish) -> None:
        try:
            self._results.put(sample_of(batch, finish, self._verdict(batch.job, finish)))
        except Exception as error:
            self._results.put(error)
        finally:
            self._room.release()

    def _verdict(self, job: Job, finish: Finish) -> Verdict:
        """One answer that cannot be judged says why and stops nothing; a sandbox that does not stand does."""
        if finish.overflow:
            return never_run(job.problem, None, NO_PROGRAM)
        try:
            return self._judge(job, finish.text)
        except AssistantError:
            raise
        except Exception as error:
            why = f"{type(error).__name__}: {error}"[:200]
            return never_run(job.problem, None, NOT_JUDGED).model_copy(update={"trouble": why})


@dataclass(frozen=True)
class _Ended:
    """A generating thread is done; so many answers of its own were handed over."""

    submitted: int


class _Failed(AssistantError):
    """An answer that the engine could not give."""
