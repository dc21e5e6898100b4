"""`assistant serve STUDY.toml`: pages, terminals and the researcher's screen of one study."""

from __future__ import annotations

import asyncio
import logging
import signal
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path

import jinja2
from aiohttp import web

from assistant.core.errors import AssistantError
from assistant.core.printable import printable
from assistant.server.addresses import LOCAL, Addresses
from assistant.server.invitations import RESEARCHER, Invitations, Person
from assistant.server.pages import HEADERS, PAGE_POLICY, TERMINAL_POLICY, render
from assistant.server.participants import Status, Step, StudyPlace, status_of
from assistant.server.server_log import log_to_stderr
from assistant.server.sign_in import Cookies, Guesses
from assistant.server.terminal_page import write_templates
from assistant.server.terminals import LARGEST_MESSAGE, Terminals

Engine = Callable[[], str]
"""Says in a line how the model is that everybody shares; empty where nothing is known of one."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LONGEST_ANSWER = 20_000
"""Characters of one answer that are kept."""
A_MONTH = 30 * 24 * 3600


class StudyServer:
    """Serves one study; `words` of the command line run the app of one person, who is named at their end."""

    def __init__(
        self,
        place: StudyPlace,
        addresses: Addresses,
        words: Sequence[str],
        templates: Path,
        engine: Engine = str,
    ) -> None:
        self.place, self.addresses, self._engine = place, addresses, engine
        self.invitations = Invitations(place.folder)
        self.cookies = Cookies(self.invitations, self.invitations.signing_key())
        self.guesses = Guesses()
        self.faults: deque[str] = deque(maxlen=100)
        self.terminals = Terminals(self.invitations, words, self._fault)
        loader = jinja2.Environment(loader=jinja2.FileSystemLoader(templates), autoescape=True)
        self._terminal = loader.get_template("app_index.html")

    def app(self) -> web.Application:
        """The whole site."""
        app = web.Application(middlewares=[self._checked], client_max_size=LARGEST_MESSAGE)
        files = resources.files("textual_serve") / "static"
        app.add_routes(
            [
                web.get("/join/{secret}", self.join),
                web.get("/", self.home),
                web.post("/consent", self.consent),
                web.post("/withdraw", self.withdraw),
                web.post("/answers", self.answers),
                web.get("/step", self.step),
                web.get("/work", self.work),
                web.get("/ws", self.terminal),
                web.get("/study", self.study),
                web.get("/study.json", self.study_data),
                web.static("/static", str(files)),
            ]
        )
        app.cleanup_ctx.append(self._watching)
        app.on_shutdown.append(self.terminals.close_all)
        return app

    # Who may ask.

    @property
    def cookie(self) -> str:
        """Its name: servers at other ports of this machine have their own."""
        return f"assistant-study-{self.addresses.port}"

    @web.middleware
    async def _checked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every request: at a known name, from our own page, by somebody who was invited."""
        origin = request.headers.get("Origin")
        refused = self.addresses.refusal(request.host, origin)
        if not refused and origin is None and (request.method == "POST" or request.path == "/ws"):
            refused = "the app takes orders from its own page only"
        if refused:
            return web.Response(status=403, text=refused, headers=HEADERS)
        if not request.path.startswith("/join/"):
            try:
                person = self._person(request)
            except web.HTTPForbidden:
                return self._page(403, heading="This page is for invited people", lines=[_WHOLE_LINK])
            if request.path.startswith("/study") != (person.name == RESEARCHER) and not _shared(request.path):
                if request.path == "/":
                    raise web.HTTPSeeOther("/study")
                return web.Response(status=403, text="this page is not yours", headers=HEADERS)
        try:
            return await handler(request)
        except AssistantError as error:
            self._fault("", str(error))
            return self._page(500, heading="Something is wrong here", lines=[_TELL, str(error)])

    def _person(self, request: web.Request) -> Person:
        """Who asks. Raises HTTPForbidden where nobody does whom we know, or no longer."""
        person = self.cookies.person(request.cookies.get(self.cookie))
        if person is None:
            raise web.HTTPForbidden
        return person

    async def join(self, request: web.Request) -> web.StreamResponse:
        """A link is opened: the browser gets its cookie."""
        address = self._address(request)
        if self.guesses.too_many(address):
            page = self._page(
                429, heading="Too many wrong links", lines=["Wait a minute, then open your link again."]
            )
            page.headers["Retry-After"] = "60"
            return page
        person = self.invitations.holder(request.match_info["secret"])
        if person is None:
            self.guesses.wrong(address)
            return self._page(403, heading="This link does not hold", lines=[_WHOLE_LINK])
        self.invitations.has_joined(person.name)
        onward = "/study" if person.name == RESEARCHER else "/"
        found = web.Response(status=303, headers={**HEADERS, "Location": onward})
        found.set_cookie(
            self.cookie,
            self.cookies.of(person),
            max_age=A_MONTH,
            httponly=True,
            samesite="Lax",  # with `Strict` a link in a message would lead to a page without its cookie
            secure=self.addresses.encrypted,
        )
        return found

    def _address(self, request: web.Request) -> str:
        """From where it comes; a proxy on this machine says whom it speaks for."""
        remote = request.remote or ""
        if self.addresses.public_url and remote in LOCAL:
            return request.headers.get("X-Forwarded-For", remote).rpartition(",")[2].strip()
        return remote

    # A person's pages.

    async def home(self, request: web.Request) -> web.StreamResponse:
        """What comes next for this person."""
        person = self._person(request)
        step, begun, ended, of = await asyncio.to_thread(self._where, person.name)
        return self._home(person.name, step, begun=begun, ended=ended, of=of)

    def _home(
        self, name: str, step: Step, given: Mapping[str, str] | None = None, **counts: int
    ) -> web.Response:
        """The page of a step; `given` are answers of which some are wrong."""
        study, asked = self.place.study, self.place.study.participants
        questions = self.place.open_questions(name, step) if step in ("entry", "end") else []
        faults = (
            [question.fault(given.get(f"q{n}", "").strip()) for n, question in enumerate(questions)]
            if given
            else []
        )
        at_end = step == "done" and asked is not None
        return self._page(
            heading=study.name,
            step=step,
            lines=[_PROGRESS.format(**counts)] if step == "work" else _SAID[step],
            errors=[f"“{q.text}”: {fault}" for q, fault in zip(questions, faults, strict=False) if fault],
            name=name,
            begun=counts.get("begun"),
            consent=study.consent if step in ("consent", "refused", "withdrawn") else None,
            may_withdraw=study.consent is not None and step not in ("consent", "refused", "withdrawn"),
            questions=[
                {
                    **question.model_dump(),
                    "options": question.options,
                    "number": n,
                    "given": (given or {}).get(f"q{n}", ""),
                }
                for n, question in enumerate(questions)
            ],
            code=asked.completion_code if at_end and asked is not None else "",
            url=asked.completion_url if at_end and asked is not None else "",
        )

    async def answers(self, request: web.Request) -> web.StreamResponse:
        """Answers to the questions of the person's step: all of them right, or the page again."""
        person = self._person(request)
        step = await asyncio.to_thread(self.place.step, person.name)
        given = await _form(request)
        if step not in ("entry", "end") or given.get("part") != step:
            raise web.HTTPSeeOther("/")
        questions = self.place.open_questions(person.name, step)
        answers = [(q, given.get(f"q{n}", "").strip()[:LONGEST_ANSWER]) for n, q in enumerate(questions)]
        if any(question.fault(answer) for question, answer in answers):
            return self._home(person.name, step, given)
        await asyncio.to_thread(self.place.keep_answers, person.name, step, answers)
        raise web.HTTPSeeOther("/")

    def _where(self, name: str) -> tuple[Step, bool, int, int]:
        begun, ended, of = self.place.progress(name)
        return self.place.step(name), begun, ended, of

    async def consent(self, request: web.Request) -> web.StreamResponse:
        """The answer to the text as it was shown; to an older one nothing is recorded."""
        person = self._person(request)
        given, asked = await _form(request), self.place.study.consent
        answer = given.get("answer")
        if asked is not None and given.get("text") == asked.sha256:
            if answer == "granted":
                await asyncio.to_thread(self.place.answer_consent, person.name, "granted")
            elif answer == "refused":
                await asyncio.to_thread(self.place.answer_consent, person.name, "refused")
                await self.terminals.close(person.name)
        raise web.HTTPSeeOther("/")

    async def withdraw(self, request: web.Request) -> web.StreamResponse:
        """The person takes part no longer."""
        person = self._person(request)
        await asyncio.to_thread(self.place.answer_consent, person.name, "withdrawn")
        await self.terminals.close(person.name)
        raise web.HTTPSeeOther("/")

    async def step(self, request: web.Request) -> web.StreamResponse:
        """For the script of the terminal's page: one word."""
        person = self._person(request)
        return web.Response(text=await asyncio.to_thread(self.place.step, person.name), headers=HEADERS)

    async def work(self, request: web.Request) -> web.StreamResponse:
        """The page with the terminal."""
        person = self._person(request)
        if await asyncio.to_thread(self.place.step, person.name) != "work":
            raise web.HTTPSeeOther("/")
        html = self._terminal.render(
            font_size=16,
            app_websocket_url="/ws",
            config={"static": {"url": "/static/"}},
            application={"name": self.place.study.name},
        )
        headers = {**HEADERS, "Content-Security-Policy": TERMINAL_POLICY}
        return web.Response(text=html, content_type="text/html", headers=headers)

    async def terminal(self, request: web.Request) -> web.StreamResponse:
        """The app of one person, in a socket."""
        person = self._person(request)
        step, begun, _, _ = await asyncio.to_thread(self._where, person.name)
        if step != "work":
            return web.Response(status=403, text="there is nothing to work on now", headers=HEADERS)
        return await self.terminals.open(request, person, new=not begun)

    async def _watching(self, app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self.terminals.watch())
        yield
        task.cancel()
        await self.terminals.close_fork_server()

    # The researcher's screen.

    async def study(self, request: web.Request) -> web.StreamResponse:
        """Who is where, read only; it loads itself again."""
        status, engine = await asyncio.to_thread(self._status)
        return self._page(
            heading=f"Study {self.place.study.name}",
            step="status",
            lines=[engine] if engine else [],
            status=status,
            open_tabs=len(self.terminals.tabs),
            reload=5,
        )

    async def study_data(self, request: web.Request) -> web.StreamResponse:
        """The same as JSON."""
        status, engine = await asyncio.to_thread(self._status)
        found = {**status.as_dict(), "open_tabs": sorted(self.terminals.tabs), "engine": engine}
        return web.json_response(found, headers=HEADERS)

    def _status(self) -> tuple[Status, str]:
        try:
            engine = self._engine()
        except AssistantError as error:
            engine = str(error)
        return status_of(self.place, time.time(), list(self.faults)), engine

    def _page(self, status_code: int = 200, **values: object) -> web.Response:
        html = render(study=self.place.study.name, **values)
        headers = {**HEADERS, "Content-Security-Policy": PAGE_POLICY}
        return web.Response(status=status_code, text=html, content_type="text/html", headers=headers)

    def _fault(self, name: str, what: str) -> None:
        line = printable(f"{time.strftime('%H:%M:%S')} {name} {what}".replace("  ", " "))
        self.faults.append(line)
        logging.getLogger("assistant").warning("%s", line)


_WHOLE_LINK = (
    "Open the whole link that you were given. If it does not work, ask whoever gave it to you for another."
)
_AGAIN = "Should you change your mind, this is the text again."
_SAID: Mapping[Step, Sequence[str]] = {
    "consent": ("Please read this first.",),
    "refused": (
        "You did not agree, and that is on record: nothing more is asked of you. Thank you for reading.",
        _AGAIN,
    ),
    "withdrawn": (
        "You withdrew: what you did is left out of every later data set. Thank you for your time.",
        _AGAIN,
    ),
    "entry": ("A few questions before you begin.",),
    "end": ("All problems are done. A few last questions.",),
    "failed": ("The problem for practice was not solved, so this ends here. Thank you for your time.",),
    "done": ("You are through. Thank you!",),
}
_PROGRESS = "{ended} of {of} problems are done."
_TELL = "Nothing of what you did is lost. Please tell whoever invited you:"


async def _form(request: web.Request) -> dict[str, str]:
    """The texts of a form; what is none is refused as such."""
    try:
        fields = await request.post()
    except (LookupError, ValueError) as error:  # an unknown charset, other bytes, no or half a multipart
        raise web.HTTPBadRequest(text="this is no form") from error
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _shared(path: str) -> bool:
    return path.startswith("/static/")


def serve_study(place: StudyPlace, addresses: Addresses, words: Sequence[str], engine: Engine = str) -> None:
    """Serve until Ctrl+C, SIGTERM, or the terminal closes."""
    log_to_stderr()
    with tempfile.TemporaryDirectory(prefix="assistant-serve-") as folder:
        templates = write_templates(Path(folder), in_study=True)
        loop = asyncio.new_event_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, _exit)
        server = StudyServer(place, addresses, words, templates, engine)
        site = server.app()
        site.on_startup.append(server.terminals.prepare)
        web.run_app(
            site,
            host=addresses.host,
            port=addresses.port,
            handle_signals=False,
            loop=loop,
            print=None,
            access_log=None,
        )


def _exit() -> None:
    from aiohttp.web_runner import GracefulExit

    raise GracefulExit
