"""Any one field of a sound journal, changed and chained anew: `verify` finds it, or the journals' guide names it.

What "sound" and "changed" mean is general: real sessions of many shapes, and for each field every value that the
same field has elsewhere in them, or one next to its own.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import pytest

from assistant.core import events as ev
from assistant.core.problem import AssertTest, CallTest, Problem
from assistant.core.questions import Question
from assistant.core.state import replay
from assistant.core.submission import Sandbox
from assistant.engine.no_model import NoModel
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.engine.scripted.script import ScriptedAnswer
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_file
from assistant.sandbox.local import open_sandbox
from assistant.session import commands as cmd
from assistant.session.arms.build import missing_arms, numbered, run_arm
from assistant.session.header import Held, given_program
from assistant.session.session import Session
from tests.journal.build import write_chained

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "sessions" / "README.md"
Record = dict[str, Any]
Place = tuple[str | int, ...]
"""Keys and indices from an event to one of its values."""

WRONG = "```python\ndef add(a, b):\n    return a - b\n```"
HALF = "Here it is:\n```python\ndef add(a, b):\n    return a + b - (a > 3)\n```\nIt adds."
CRASH = "```python\ndef add(a, b):\n    return a.x\n```"
RIGHT = "```python\ndef add(a, b):\n    return a + b\n```"
PROSE = "Which numbers do you mean?"

PROBLEM = Problem(
    id="test/add",
    text="Write a function add that adds two numbers.",
    entry_point="add",
    visible_tests=(AssertTest(code="assert add(1, 2) == 3"), AssertTest(code="assert add(4, 0) == 4")),
    hidden_tests=(AssertTest(code="assert add(-1, -1) == -2"), CallTest(arguments="[2, 5]", expected="7")),
    reference="def add(a, b):\n    return a + b\n",
    source="test",
)


class _Maker:
    """Makes sessions of many shapes in one folder."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox

    def begin(
        self,
        answers: list[str | ScriptedAnswer],
        author: ev.Author = "person",
        given: ev.ProgramGiven | None = None,
        **settings: Any,
    ) -> Session:
        study = ev.StudyInfo(name="s", sha256="0" * 64, condition={"cases": "no"}, position=2, total=3)
        alone = bool(settings.get("draws") or settings.get("point_by_point"))  # no study has further draws
        model = "some-model" if author == "model" else ""
        held = Held(author=author, author_model=model, interface="app", terminal="120x36")
        return Session.begin(
            PROBLEM, ev.Settings(**settings), ScriptedEngine(answers), self.sandbox, self.folder,
            annotator="tester", study=None if alone else study, held=held, given=given,
        )  # fmt: skip

    def controls(self, session: Session) -> None:
        for task in missing_arms(session.state, ("retry", "tests", "resample", "shuffled")):
            events = run_arm(session.state, task, session.engine, self.sandbox)
            assert events is not None
            for event in numbered(events, session.state.turns):
                session.record(event)

    def plain(self) -> Path:
        """Two rounds with a clock, a draft, labels and controls, then solved."""
        with closing(self.begin([WRONG, HALF, RIGHT, WRONG, WRONG, HALF, CRASH, WRONG, WRONG])) as session:
            session.record(
                ev.ConsentGiven(version="1", text_sha256=_sha("agree"), granted=True, text="agree")
            )
            list(session.start())
            session.clock("started", ev.Effort())
            session.save_draft("it sub")
            session.clock("read", ev.Effort(reading=0.5, typing=0.3))
            list(session.feedback("it subtracts", ("logic",), ev.Effort(reading=0.5, typing=0.3)))
            list(session.feedback("one too few for large numbers"))
            self.controls(session)
            session.record(ev.QuestionAnswered(question="How hard?", answer="easy"))
            return session.path

    def asked(self) -> Path:
        """Given up with a note, and two questions answered before the end."""
        with closing(self.begin([WRONG])) as session:
            session.ask((Question(text="How hard?"), Question(text="Anything else?")))
            list(session.start())
            session.clock("read", ev.Effort(reading=0.2))
            list(session.execute(cmd.End("gave_up", "enough")))
            list(session.execute(cmd.AnswerQuestion("How hard?", "easy")))
            list(session.execute(cmd.AnswerQuestion("Anything else?", "no")))
            return session.path

    def branched(self) -> Path:
        """Samples, a choice, an edit, added tests, a call, a branch, an interruption, given up."""
        answers = [WRONG, HALF, CRASH, WRONG, WRONG, HALF, HALF, WRONG]
        with closing(self.begin(list(answers), samples=2, author="model")) as session:
            list(session.start())
            list(session.execute(cmd.ChooseProgram("t0s1", "the other")))
            list(session.execute(cmd.Evaluate("add(1, 1)")))
            list(session.execute(cmd.AddTest(AssertTest(code="assert add(-3, 1) == -2"))))
            list(session.feedback("negative numbers, too"))
            edited = "def add(a, b):\n    return a - -b + 1\n"
            list(session.execute(cmd.EditCode(edited, ev.Effort(editing=0.2))))
            list(session.execute(cmd.RemoveTest(session.state.extra_tests[0])))
            list(session.execute(cmd.ChooseProgram("t0s0", "back")))
            list(session.execute(cmd.End("interrupted")))
        held = Held(author="model", author_model="some-model", interface="plain", command="resume")
        engine = ScriptedEngine([HALF, WRONG])
        session = Session.resume(session.path, engine, self.sandbox, annotator="tester", held=held)
        with closing(session):
            list(session.start())
            list(session.feedback("minus is wrong"))
            list(session.execute(cmd.End("gave_up", "enough")))
            return session.path

    def given(self, origin: Literal["file", "pasted"], *answers: str) -> Path:
        """A person's own function, mended in rounds."""
        own = given_program(f"# {origin}\ndef add(a, b):\n    return a - b\n", origin)
        with closing(self.begin(list(answers), given=own)) as session:
            list(session.start())
            for _ in answers:
                list(session.feedback("it subtracts"))
            return session.path

    def alone(self) -> Path:
        """A person without a model and out of time, in a study whose plan was frozen."""
        text, at = 'name = "s"\n', "2026-11-01T00:00:00Z"
        study = ev.StudyInfo(
            name="s", sha256="1" * 64, condition={"person_alone": "yes"}, text=text, position=1, total=3,
            frozen_at=at, frozen_sha256=ev.freeze_sha256(at, text),
        )  # fmt: skip
        held = Held(author="person", interface="app", terminal="120x36")
        session = Session.begin(
            PROBLEM, ev.ALONE.model_copy(update={"minutes": 1.0}), NoModel(), self.sandbox, self.folder,
            annotator="tester", study=study, held=held,
        )  # fmt: skip
        with closing(session):
            list(session.start())
            list(session.execute(cmd.EditCode("def add(a, b):\n    return a - b\n", ev.Effort(editing=0.2))))
            list(session.execute(cmd.End("gave_up", "enough", clock=ev.Effort(editing=61.0))))
            return session.path

    def unchanged(self) -> Path:
        """The same program drawn once more, in vain and not; words that use no round up; on beyond the end."""
        answers: list[str | ScriptedAnswer] = [WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, HALF, CRASH]
        rules = {"redraw": True, "redraw_unchanged": True, "unchanged_uses_round": False, "rounds": 2}
        rules |= {"continue_after_end": True, "max_branches": 2}
        with closing(self.begin([*answers, CRASH, CRASH, HALF], **rules)) as session:
            list(session.start())
            list(session.feedback("it subtracts"))
            list(session.feedback("look at the operator"))
            list(session.feedback("one too few for large numbers"))
            list(session.execute(cmd.Continue(1)))
            list(session.execute(cmd.AddTest(PROBLEM.hidden_tests[0])))
            list(session.feedback("look at the operator again"))
            return session.path

    def cut(self) -> Path:
        """An answer that fails, prose that is drawn again, and all rounds used up."""
        answers: list[str | ScriptedAnswer] = [
            PROSE,
            WRONG,
            ScriptedAnswer(text="```py", error="broken"),
            PROSE,
            HALF,
        ]
        sampling = {"temperature": 0.5, "max_new_tokens": 30, "thinking_tokens": 9, "seed": 7}
        with closing(self.begin(answers, redraw=True, rounds=1, sampling=sampling)) as session:
            list(session.start())
            list(session.feedback("it subtracts"))
            list(session.execute(cmd.Regenerate()))
            return session.path

    def drawn(self) -> Path:
        """A further draw that the person goes on from, and one that they leave."""
        with closing(self.begin([WRONG, HALF, CRASH, WRONG], draws=2)) as session:
            list(session.start())
            list(session.execute(cmd.DrawAnother()))
            list(session.execute(cmd.DrawAnother()))
            list(session.execute(cmd.ChooseProgram("t1s0", "nearer")))
            list(session.feedback("large numbers, too"))
            list(session.execute(cmd.End("gave_up", "enough")))
            return session.path

    def stepped(self) -> Path:
        """Points of feedback taken one by one, the best step gone on from; the person then chooses another."""
        answers: list[str | ScriptedAnswer] = [WRONG, CRASH, CRASH, HALF, CRASH]
        with closing(self.begin(answers, point_by_point=True)) as session:
            list(session.start())
            list(session.feedback("It has to add. Large numbers count, too."))
            list(session.execute(cmd.ChooseProgram("t1s0", "simpler")))
            list(session.execute(cmd.End("gave_up", "enough")))
            return session.path


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def journals(tmp_path_factory: pytest.TempPathFactory) -> list[list[Record]]:
    """Sound journals of several shapes, and the published one."""
    folder = tmp_path_factory.mktemp("sound")
    with closing(open_sandbox()) as sandbox:
        maker = _Maker(folder, sandbox)
        paths = [
            maker.plain(),
            maker.branched(),
            maker.unchanged(),
            maker.cut(),
            maker.drawn(),
            maker.asked(),
        ]
        paths += [
            maker.alone(),
            maker.stepped(),
            maker.given("file", RIGHT),
            maker.given("pasted", HALF, RIGHT),
        ]
    for path in paths:
        assert check_file(path).findings == (), path
        assert replay(read_journal(path).events).ended is not None
    return [_records(path) for path in (*paths, ROOT / "sessions" / "example.jsonl")]


def _records(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def _places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every value inside that is no mapping and no list with items."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _places(item, (*at, key))
    elif isinstance(value, list) and value and not all(isinstance(item, int) for item in value):
        for number, item in enumerate(value):
            yield from _places(item, (*at, number))
    else:
        yield at


def _name(record: Record, place: Place) -> str:
    """`generation_finished.finish.text`; lists are `[]`."""
    name = record["type"] + "".join("[]" if isinstance(key, int) else f".{key}" for key in place)
    return str(name)


def _at(record: Record, place: Place) -> Any:
    value: Any = record
    for key in place:
        value = value[key]
    return value


def _with(record: Record, place: Place, value: Any) -> Record:
    changed: Record = json.loads(json.dumps(record))
    inner: Any = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return changed


def _near(value: Any) -> list[Any]:
    """Values next to this one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [value + 100.0, -1.0]
    if isinstance(value, str):
        return [f"{value} x", "another"] if not re.fullmatch("[0-9a-f]{64}", value) else ["0" * 63 + "1"]
    return [value[:-1]] if isinstance(value, list) and value else []


def _survives(folder: Path, records: list[Record], number: int, changed: Record) -> bool:
    """Whether `verify` takes the journal with this one record changed."""
    path = folder / f"{records[0]['session']}.jsonl"
    write_chained(path, [*records[:number], changed, *records[number + 1 :]])
    return not any(finding.is_error for finding in check_file(path).findings)


Change = tuple[int, int, Record]
"""Journal, line, and the record that stands there instead."""
Where = dict[str, list[tuple[int, int, Place]]]
"""By field: the journals, lines and places that hold it."""


def _fields(journals: list[list[Record]]) -> Where:
    where: Where = defaultdict(list)
    for which, records in enumerate(journals):
        for number, record in enumerate(records):
            for place in _places(record):
                if place[0] not in ("seq", "prev", "schema", "time", "mono", "type"):
                    where[_name(record, place)].append((which, number, place))
    return where


def _changes(journals: list[list[Record]], where: Where) -> Iterator[tuple[str, int, int, Record]]:
    """Field, journal, line and the record with it changed: a few for every field."""
    for name, found in sorted(where.items()):
        chance = random.Random(name)  # of its own, so that a new event changes no other field's sample
        values = {json.dumps(_at(journals[w][n], p)) for w, n, p in found}
        texts = [at for at in found if _at(journals[at[0]][at[1]], at[2])][-1:]
        failed = [at for at in found if "broken" in json.dumps(journals[at[0]][at[1]].get("finish"))][:1]
        for which, number, place in [*chance.sample(found, min(len(found), 4)), *texts, *failed]:
            record = journals[which][number]
            old = _at(record, place)
            others = [json.loads(text) for text in sorted(values) if text != json.dumps(old)]
            for value in [*_near(old), *chance.sample(others, min(len(others), 5))]:
                yield name, which, number, _with(record, place, value)


def _all_changes(journals: list[list[Record]], found: list[tuple[int, int, Place]]) -> Iterator[Change]:
    """Every change of one field: each place with each value that the field has elsewhere, or one next to its own."""
    values = sorted({json.dumps(_at(journals[w][n], p)) for w, n, p in found})
    for which, number, place in found:
        record = journals[which][number]
        old = _at(record, place)
        for value in [*_near(old), *(json.loads(text) for text in values if text != json.dumps(old))]:
            yield which, number, _with(record, place, value)


def _survivor(folder: Path, journals: list[list[Record]], where: Where, entry: str) -> Iterator[bool]:
    """For every change of the fields of this entry, whether `verify` takes it."""
    for name, found in where.items():
        if _fits(name, entry):
            for which, number, changed in _all_changes(journals, found):
                yield _survives(folder, journals[which], number, changed)


def _listed() -> list[str]:
    """The fields that the journals' guide says nothing else determines."""
    section = (
        README.read_text(encoding="utf-8").split("## What no other field determines\n")[1].split("\n## ")[0]
    )
    return list(re.findall(r"`([a-z_*]+\.[a-z_0-9.*\[\]]+)`", section))


def _fits(name: str, entry: str) -> bool:
    return fnmatchcase(name, entry.replace("[]", "[[]]"))


@pytest.mark.slow
def test_a_changed_field_is_found_or_listed(journals: list[list[Record]], tmp_path: Path) -> None:
    listed, missed, tried = _listed(), set[str](), 0
    where = _fields(journals)
    for name, which, number, changed in _changes(journals, where):
        tried += 1
        if name not in missed and _survives(tmp_path, journals[which], number, changed):
            missed.add(name)
    unknown = {name for name in missed if not any(_fits(name, entry) for entry in listed)}
    unneeded = [entry for entry in listed if not any(_fits(name, entry) for name in missed)]
    unneeded = [entry for entry in unneeded if not any(_survivor(tmp_path, journals, where, entry))]
    assert tried > 500
    assert unknown == set(), "found by nothing, and not listed in sessions/README.md"
    assert unneeded == [], "listed in sessions/README.md, and found"
