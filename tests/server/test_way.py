"""The way of a participant through a served study, and what the researcher sees of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.cli.main import _guarded
from assistant.cli.study_people import _lines
from assistant.core import events as ev
from assistant.journal.consent import read_answers
from assistant.server.invitations import RESEARCHER, Invitations
from assistant.server.participants import status_of
from tests.journal.build import header, whole_session, write_session
from tests.server.conftest import STUDY, Browser, OpenSite, Site

Browse = Callable[[Site], Browser]


async def test_consent_is_asked_by_its_text_and_a_refusal_ends_politely(
    open_site: OpenSite, browse: Browse
) -> None:
    site = await open_site()
    consent = site.place.study.consent
    assert consent is not None
    anna = browse(site)
    _, page = await anna.get(site.invite("anna"))
    assert "We keep what you type. &lt;b&gt;You may stop.&lt;/b&gt;" in page and "Begin" not in page
    for wrong in (
        {"answer": "granted", "text": "another text"},
        {"answer": "withdrawn", "text": consent.sha256},
    ):
        await anna.post("/consent", **wrong)
        assert site.place.step("anna") == "consent"
    _, page = await anna.post("/consent", answer="refused", text=consent.sha256)
    assert "nothing more is asked of you" in page
    assert (await anna.get("/ws"))[0] == 403 and "Begin" not in (await anna.get("/work"))[1]
    _, page = await anna.post("/consent", answer="granted", text=consent.sha256)
    assert "Begin" in page, "a mind may change"
    _, page = await anna.post("/withdraw")
    assert "You withdrew" in page and site.place.step("anna") == "withdrawn"
    assert (await anna.get("/ws"))[0] == 403
    answer = read_answers(site.place.folder)["anna"]
    assert (answer.answer, answer.recorded_by) == ("withdrawn", "annotator")
    lines = (site.place.folder / "consent.jsonl").read_text().splitlines()
    assert [json.loads(line)["answer"] for line in lines] == ["refused", "granted", "withdrawn"]
    assert all(json.loads(line)["text_sha256"] == consent.sha256 for line in lines[:2])


AROUND = (
    STUDY
    + """
[participants]
entry_questions = [{ text = "Years <b>?", kind = "number", lowest = 0 }, { text = "Hints?", required = false }]
end_questions = [{ text = "How hard?", kind = "scale", highest = 5 }]
completion_code = "C1ABC"
completion_url = "https://app.prolific.com/submissions/complete?cc=C1ABC"
"""
)


async def test_questions_come_before_and_after_and_a_code_at_the_end(
    open_site: OpenSite, browse: Browse
) -> None:
    site = await open_site(AROUND)
    anna, consent = browse(site), site.place.study.consent
    assert consent is not None
    await anna.get(site.invite("anna"))
    _, page = await anna.post("/consent", answer="granted", text=consent.sha256)
    assert "Years &lt;b&gt;?" in page and "Begin" not in page and (await anna.get("/ws"))[0] == 403
    _, page = await anna.post("/answers", part="entry", q0="many<i>", q1="yes")
    assert "please give a number" in page and "many&lt;i&gt;" in page and site.place.step("anna") == "entry"
    await anna.post("/answers", part="end", q0="5")
    assert site.place.step("anna") == "entry", "only the questions that are asked now are answered"
    _, page = await anna.post("/answers", part="entry", q0="7", q1="")
    assert "Begin" in page and "C1ABC" not in page
    events = whole_session("sabcdef012345", feedbacks=1)
    problem = next(p for p in site.place.available if p.id == "starter/rotate-left")
    start = ev.StudyInfo(name="pilot", sha256=site.place.study.sha256)
    assert isinstance(events[0], ev.SessionStarted)
    events[0] = events[0].model_copy(update={"annotator": "anna", "study": start, "problem": problem})
    write_session(site.place.folder, "sabcdef012345", events)
    _, page = await anna.get("/")
    assert "How hard?" in page and page.count('type="radio"') == 5 and "C1ABC" not in page
    _, page = await anna.post("/answers", part="end", q0="4")
    assert "C1ABC" in page and 'href="https://app.prolific.com/submissions/complete?cc=C1ABC"' in page
    lines = (site.place.folder / "answers.jsonl").read_text().splitlines()
    kept = [(json.loads(line)["part"], json.loads(line)["answer"]) for line in lines]
    assert kept == [("entry", "7"), ("entry", ""), ("end", "4")]
    site.invite("bert")
    found = status_of(site.place, time.time())
    assert found.answered == 1
    assert (
        f"answers of 1 person before and after the problems: {site.place.folder / 'answers.jsonl'}"
        in "\n".join(_lines(found, site.place.folder))
    )
    await anna.post("/withdraw")
    assert status_of(site.place, time.time()).answered == 0


async def test_the_researchers_page_escapes_what_people_wrote_and_counts(
    open_site: OpenSite, browse: Browse, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site = await open_site(STUDY)
    evil = "<script>alert(1)</script>\x1b]0;owned\x07"
    events = whole_session("sabcdef012345", feedbacks=2)
    problem = next(p for p in site.place.available if p.id == "starter/rotate-left")
    start = ev.StudyInfo(name="pilot", sha256="0" * 64)
    events[0] = header("sabcdef012345", annotator=evil, study=start, problem=problem)
    write_session(site.place.folder, "sabcdef012345", events)
    site.invite("anna")
    now = time.time()
    site.invitations.has_joined("anna")
    site.server._fault("anna", "<img src=x onerror=alert(1)>\x1b[2J")
    (secret,) = site.invitations.invite([RESEARCHER]).values()
    researcher = browse(site)
    _, page = await researcher.get(f"{site.base}/join/{secret}")
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page
    assert "solved by number of feedbacks" in page and "1 after 2" in page
    assert "<img" not in page and "&lt;img" in page and "\x1b" not in page and "\\x1b[2J" in page
    _, data = await researcher.get("/study.json")
    row = json.loads(data)["people"][1]
    assert json.loads(data)["engine"] == ""
    assert (row["name"], row["state"], row["ended"], row["of"]) == ("anna", "here", 0, 1)
    states = [status_of(site.place, now + minutes * 60).people[1].state for minutes in (1, 10, 60)]
    assert states == ["here", "idle", "away"]
    site.invitations.revoke("anna")
    assert status_of(site.place, now).people[1].state == "revoked"
    assert (
        _guarded(
            ["study", "status", str(tmp_path / "study.toml"), "--sessions", str(site.place.folder)], False
        )
        == 0
    )
    printed = capsys.readouterr().out
    assert "\x1b" not in printed and "\x07" not in printed and "\\x1b]0;owned" in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--annotator", "x"], "--annotator: `serve"),
        (["--rounds", "9"], "fixes this, leave it out: --rounds"),
        (["--model", "other"], "--model"),
        (["--base-url", "http://127.0.0.1:8/v1"], "--base-url (base_urls is http://127.0.0.1:9/v1)"),
        (["--engine", "transformers"], "--engine (base_urls is http://127.0.0.1:9/v1)"),
        (["--plain"], "use `assistant run`"),
        (["--public-url", "x"], "--public-url x is no address"),
    ],
)
def test_what_a_study_decides_is_refused_before_anything_is_served(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "study.toml"
    file.write_text('model = "this"\nbase_urls = ["http://127.0.0.1:9/v1"]\n' + STUDY)
    assert _guarded(["serve", str(file), *words, "--sessions", str(tmp_path / "s")], False) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "s").exists()


def test_links_are_made_and_ended_at_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, folder = tmp_path / "study.toml", tmp_path / "sessions"
    file.write_text(STUDY)

    def ask(*words: str) -> tuple[int, str, str]:
        status = _guarded(["study", "invite", str(file), *words, "--sessions", str(folder)], False)
        said = capsys.readouterr()
        return status, said.out, said.err

    status, out, _ = ask("--count", "2", "zoe", "--public-url", "https://study.example.org")
    names, links = zip(*(line.split("\t") for line in out.splitlines()), strict=True)
    assert status == 0 and names == ("zoe", "p001", "p002")
    assert all(link.startswith("https://study.example.org/join/") for link in links)
    status, out, _ = ask("--count", "1")
    assert out.startswith("p003\thttp://localhost:8000/join/")
    status, out, err = ask("--revoke", "zoe")
    assert status == 0 and not out and "the link of zoe leads nowhere now" in err
    assert Invitations(folder).holder(links[0].rpartition("/")[2]) is None
    for words, said in (
        ((), "name people to invite"),
        (("--revoke", "nobody"), "nobody is invited as nobody"),
        (("a/b",), "is no pseudonym"),
    ):
        status, out, err = ask(*words)
        assert status == 2 and said in err and not out
    file.write_text('name = "x"\nannotators = ["a1", "a2"]')
    assert ask("--count", "3")[0] == ask("other")[0] == 2
    assert [line.split("\t")[0] for line in ask("--count", "2")[1].splitlines()] == ["a1", "a2"]
