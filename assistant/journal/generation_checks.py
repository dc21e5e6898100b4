"""Contradictions in generations: prompts, sampling, token counts, and the programs found in the answers."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence

from assistant.core import events as ev
from assistant.core.code_extraction import extract_code
from assistant.core.control_arms import REDRAW_TEMPERATURE, RESAMPLE, control_seed
from assistant.core.generation import THINKING_BOUNDED, Finish, ModelInfo, Sampling, sample_seed
from assistant.core.point_steps import due_point, point_steps, points_of
from assistant.core.state import Program, State
from assistant.core.thinking import may_mark, without_thinking

Finding = tuple[str, str]
"""Kind of a finding and its message."""
DIALOGUE = ("human", "simulated")
"""Arms of the dialogue itself; the others are controls."""
OWN_ENGINES = ("scripted", "transformers", "openai")
"""Engines of this package: how they derive a sample's seed is known."""
SECONDS_TOLERANCE = 1.0
"""Of a generation's own time against the journal's clock."""
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_ALIAS = re.compile(r"\w+ = \w+(?:\(\))?\.\w+")
"""The line that extraction adds for a function found in a class."""
_TYPOGRAPHY = str.maketrans("‘’“”„–—−", '\'\'"""---')


class GenerationChecks:
    """Takes a journal's events with the state before each; reports what contradicts the header or earlier turns."""

    def __init__(self) -> None:
        self._turns: dict[int, tuple[float, ev.GenerationStarted]] = {}
        """When each turn of this run began, on the monotonic clock."""
        self._turn_of: dict[int, ev.GenerationStarted] = {}
        self._feedback: set[tuple[str, int]] = set()
        """Programs that feedback was given on, and the rounds it led to."""
        self._form: tuple[object, ...] | None = None
        """What the prompts of one run share."""
        self._model: ModelInfo | None = None

    def check(self, state: State, stamp: ev.Stamp, event: ev.Event) -> Iterator[Finding]:
        """Findings on `event`; `state` is the session before it."""
        if isinstance(event, ev.FeedbackGiven | ev.ProgramChosen | ev.GenerationStarted | ev.SessionEnd):
            yield from _cut_short(state)
        match event:
            case ev.SessionStarted() | ev.SessionResumed():
                self._model, self._form = event.model, None
                self._turns.clear()
            case ev.FeedbackGiven():
                self._feedback.add((event.program, event.round))
            case ev.GenerationStarted():
                yield from self._started(state, event)
                self._turns[event.turn] = stamp.mono, event
                self._turn_of[event.turn] = event
            case ev.GenerationFinished():
                yield from self._finished(state, stamp, event)

    def _started(self, state: State, event: ev.GenerationStarted) -> Iterator[Finding]:
        header = state.started
        if header is None:
            return
        if header.imported_from:
            if event.sampling != header.settings.sampling:
                yield _wrong("the sampling is not that of the imported session")
            return
        yield from self._place(state, event)
        yield from self._shape(state, event)
        first = None if event.redraw_of is None else self._turn_of.get(event.redraw_of)
        yield from _settings(state, event, first)
        yield from _dialogue(state, event)

    def _place(self, state: State, event: ev.GenerationStarted) -> Iterator[Finding]:
        """Round and parent follow from the feedback that is answered."""
        if (event.draw_of is not None) is not (event.arm == ev.DRAW):
            yield _wrong(
                f"turn {event.turn} is asked for as `{event.arm}`, and draws turn {event.draw_of} again"
            )
        if event.point is not None and event.arm != ev.DRAW:
            yield _wrong(f"turn {event.turn} is asked for as `{event.arm}`, and takes a point of feedback")
        if event.arm == ev.DRAW:
            yield from self._further_draw(state, event)
        elif event.redraw_of is not None:
            first = self._turn_of.get(event.redraw_of)
            if first is None or _asked(first) != _asked(event) or not _second_samples(state, first):
                yield _wrong(f"turn {event.turn} does not repeat the prompt of turn {event.redraw_of}")
        elif event.arm not in DIALOGUE:
            if (event.parent, event.round) not in self._feedback:
                yield _wrong(f"a control stands for feedback on {event.parent}, of which there is none")
        elif event.arm == "human":
            pending = state.pending_feedback
            follows = (pending.program, pending.round) if pending else (None, 0)
            if (event.parent, event.round) != follows:
                yield _wrong(
                    f"round {event.round} from {event.parent} does not follow from the feedback before"
                )

    def _further_draw(self, state: State, event: ev.GenerationStarted) -> Iterator[Finding]:
        """Further draws repeat the prompt of a complete turn of the dialogue; no study has them."""
        if event.point is not None:
            yield from self._step(state, event, event.point)
            return
        asked = self._turn_of.get(-1 if event.draw_of is None else event.draw_of)
        answered = any(p.turn == event.draw_of and p.complete and p.arm == "human" for p in state.programs)
        if asked is None or _asked(asked)[1:] != _asked(event)[1:] or not answered:
            yield _wrong(f"turn {event.turn} does not repeat the prompt of turn {event.draw_of}")
        if event.redraw_of is not None or (state.started is not None and state.started.study is not None):
            yield _wrong(f"turn {event.turn} makes further draws, which are not made here")

    def _step(self, state: State, event: ev.GenerationStarted, number: int) -> Iterator[Finding]:
        """A step takes the point that is due: its prompt is the answer's, but for the last exchange."""
        answer = state.current_program
        asked = self._turn_of.get(-1 if event.draw_of is None else event.draw_of)
        if answer is None or asked is None or event.draw_of != answer.turn or event.point != due_point(state):
            yield _wrong(f"turn {event.turn} takes point {event.point} of feedback, which was not due")
            return
        steps = [step for step in point_steps(state, answer.turn) if step.code is not None]
        program = steps[-1] if steps else next((p for p in state.programs if p.id == answer.parent), answer)
        *before, last, said = ("", "", *(message.content for message in event.messages))
        expected = ["", "", *(message.content for message in asked.messages[:-2])]
        same = before == expected and _is_answer(last, program)
        point = points_of(answer)[number - 1]
        repeats = (event.round, event.parent, event.dropped_rounds, event.redraw_of) == (
            asked.round, asked.parent, asked.dropped_rounds, None,
        )  # fmt: skip
        if not repeats or not same or not holds_feedback(said, point):
            yield _wrong(f"turn {event.turn} does not ask for point {event.point} of turn {event.draw_of}")

    def _shape(self, state: State, event: ev.GenerationStarted) -> Iterator[Finding]:
        """The form of the prompt is one for all turns of a run, and the model takes it."""
        roles = [message.role for message in event.messages]
        system = [message.content for message in event.messages[:1] if message.role == "system"]
        turns = roles[len(system) :]
        if len(turns) % 2 == 0 or any(role != ("user", "assistant")[n % 2] for n, role in enumerate(turns)):
            yield _wrong("the messages are not of user and assistant in turn")
        if event.raw and len(roles) != 1:
            yield _wrong("plain text for a base model is one message")
        if event.raw != bool(event.stop):
            yield _wrong("only plain text for a base model ends at given texts")
        entry = state.problem.entry_point if state.problem else ""
        if event.until_program not in (None, entry):
            yield _wrong(
                f"the answer was to end with `{event.until_program}`, the problem asks for `{entry}`"
            )
        if state.ended is None:
            yield from self._form_of_run(event, system)

    def _form_of_run(self, event: ev.GenerationStarted, system: Sequence[str]) -> Iterator[Finding]:
        model = self._model
        if model is not None and not model.is_chat and not event.raw:
            yield _wrong("the model takes plain text, and was sent a dialogue")
        if model is not None and not model.takes_system and system and not event.raw:
            yield _wrong("the model takes no system message, and was sent one")
        form = (event.raw, event.stop, event.until_program, *system)
        if self._form not in (None, form):
            yield _wrong("the prompt has another form than the turns before it")
        self._form = self._form or form

    def _finished(self, state: State, stamp: ev.Stamp, event: ev.GenerationFinished) -> Iterator[Finding]:
        turn, finish = self._turn_of.get(event.turn), event.finish
        yield from _counts(finish)
        if turn is None or state.started is None:
            return
        if event.round != turn.round:
            yield _wrong(f"turn {event.turn} was asked for round {turn.round}, not {event.round}")
        if finish.sample >= turn.samples:
            yield _wrong(
                f"turn {event.turn} has {turn.samples} samples, and this is number {finish.sample + 1}"
            )
        yield from self._tokens(turn, finish)
        yield from self._server(event)
        begun = self._turns.get(event.turn)
        if state.started.imported_from:
            return
        if begun and event.arm in DIALOGUE and finish.seconds > stamp.mono - begun[0] + SECONDS_TOLERANCE:
            yield _wrong(f"the answer took {finish.seconds:.1f} s, more than passed since its turn began")
        ours = self._model is not None and self._model.engine in OWN_ENGINES
        if ours and finish.seed not in (0, sample_seed(turn.sampling.seed, finish.sample)):
            yield _wrong("the sample's seed does not follow from the turn's")
        yield from _extraction(event, state.started.problem.entry_point)

    def _server(self, event: ev.GenerationFinished) -> Iterator[Finding]:
        """An answer comes from one of the servers of its run, where those are several."""
        if not event.finish.server or event.arm not in (*DIALOGUE, ev.DRAW):
            return  # controls may be made later, with other servers of the same model
        servers = self._model.servers if self._model else ()
        if len(servers) < 2 or event.finish.server not in servers:
            yield _wrong(f"{event.finish.server} answered, which is none of several servers of its run")

    def _tokens(self, turn: ev.GenerationStarted, finish: Finish) -> Iterator[Finding]:
        """The limits of the turn and of the model hold for an answer of which every token is known."""
        bound = turn.sampling.thinking_tokens
        if THINKING_BOUNDED in finish.notes and (bound is None or bound >= finish.generated_tokens):
            yield _wrong("the thinking was ended at a bound that the turn does not have or did not reach")
        if finish.output_ids is None or finish.reason == "error":
            return
        count, longest = len(finish.output_ids), turn.sampling.max_new_tokens
        context = self._model.context_length if self._model else 0
        full = context > 0 and finish.prompt_tokens + count >= context
        if count > longest or (context > 0 and finish.prompt_tokens + count > context):
            yield _wrong(f"the answer has {count} tokens, more than could be generated")
        if finish.reason == "length" and count < longest and not full and context > 0:
            yield _wrong(f"ended at its limit of {longest} tokens, though it has {count}")


def _cut_short(state: State) -> Iterator[Finding]:
    """Further draws are all there before anything else is done; a run that was killed among them is resumed first."""
    for turn in state.open_arms:
        if turn.arm == ev.DRAW:
            yield _wrong(f"turn {turn.turn} was to have {turn.samples} samples, and has fewer")


def _wrong(message: str) -> Finding:
    return "contradiction", message


def _asked(turn: ev.GenerationStarted) -> tuple[object, ...]:
    """What a second draw repeats."""
    return turn.arm, turn.round, turn.parent, turn.messages, turn.dropped_rounds


def _second_samples(state: State, first: ev.GenerationStarted) -> int:
    """How many answers the second draw of this turn has to have; 0 where it had to have none."""
    answers = [program for program in state.programs if program.turn == first.turn]
    if not answers or not all(program.complete for program in answers):
        return 0
    compared = [program.code for program in answers if program.sample < state.settings.samples]
    return state.redraw_samples(first.parent, compared, first.samples)


def _settings(
    state: State, event: ev.GenerationStarted, first: ev.GenerationStarted | None
) -> Iterator[Finding]:
    """Sampling, number of samples and template are those of the session; `first` is drawn once more."""
    settings, control = state.settings, event.arm not in DIALOGUE
    if _without_seed(event.sampling) != _without_seed(_expected_sampling(settings.sampling, event)):
        yield _wrong("the sampling is not that of the session")
    if event.arm != "simulated" and event.sampling.seed not in _seeds(state, event):
        yield _wrong(f"the seed {event.sampling.seed} does not follow from the session's")
    counts = {1, settings.draws} if event.arm == ev.DRAW else {settings.samples}
    if event.point is not None:
        counts = {1}
    if control and event.arm == "resample" and not state.words(event.parent):
        counts.add(settings.samples * max(1, settings.rounds))
    if first is not None and (again := _second_samples(state, first)):
        counts = {again}
    if event.samples not in counts:
        yield _wrong(f"{event.samples} samples were asked for, the session has {settings.samples}")
    template = settings.prompt.template_sha256
    interface = state.started.interface if state.started is not None else ""
    known = template or interface not in ("", "import")  # older journals and imported ones need not name it
    if known and event.template_sha256 != template:
        yield _wrong("the prompt's template is not that of the session")


def _expected_sampling(sampling: Sampling, event: ev.GenerationStarted) -> Sampling:
    if event.arm == "resample":
        sampling = RESAMPLE.sampling(sampling)
    if event.redraw_of is not None or (event.arm == ev.DRAW and event.point is None):
        temperature = max(REDRAW_TEMPERATURE, sampling.temperature)
        sampling = sampling.model_copy(update={"temperature": temperature})
    return sampling


def _without_seed(sampling: Sampling) -> Sampling:
    return sampling.model_copy(update={"seed": 0})


def _seeds(state: State, event: ev.GenerationStarted) -> set[int]:
    """Seeds that the turn may have: by the turns drawn before it or (older journals) by its number."""
    if event.arm == ev.DRAW:
        seed = control_seed(state.session, event.arm, event.parent or "", event.round)
        return {seed + 1000 * state.draws_of(event.draw_of)}
    if event.arm not in DIALOGUE:
        seed = control_seed(state.session, event.arm, event.parent or "", event.round)
        return {seed + (1000 if event.redraw_of is not None else 0)}
    first = state.settings.sampling.seed
    return {first + 1000 * state.draws, first + 1000 * event.turn}


def _dialogue(state: State, event: ev.GenerationStarted) -> Iterator[Finding]:
    """The assistant's messages are answers on the path to the parent, and the user's hold the feedback on them."""
    sent = [message.content for message in event.messages if message.role == "assistant"]
    repeats = event.redraw_of is not None or event.draw_of is not None
    if event.parent is None and event.dropped_rounds and not repeats:
        yield _wrong("the first prompt has no rounds to leave out")
    if event.parent is None or repeats:
        return
    path = state.path(event.parent)
    said = [program.feedback for program in path[1:] if program.feedback]
    if not 0 <= event.dropped_rounds <= (len(said) if event.arm in DIALOGUE else 0):
        yield _wrong(f"{event.dropped_rounds} rounds were left out, which are not there or are a control's")
    if event.raw or not sent:
        return
    if not all(any(_is_answer(content, program) for program in path) for content in sent):
        yield _wrong("the prompt quotes an answer that the model did not give")
    if event.arm == "resample":
        return
    last = state.pending_feedback.text if state.pending_feedback and event.arm == "human" else ""
    kept = max(1, len(said) + 1 - event.dropped_rounds)
    if len(sent) != kept:
        yield _wrong(f"the prompt holds {len(sent)} rounds, and {kept} were to be sent")
    users = [message.content for message in event.messages if message.role == "user"][1:]
    expected = [*said, last][-len(users) :]
    if not all(holds_feedback(user, text) for text, user in zip(expected, users, strict=False)):
        yield _wrong("the prompt does not hold the feedback of the rounds before")


def holds_feedback(message: str, feedback: str) -> bool:
    """Whether a user's message holds the whole of this feedback: a template puts it on lines of its own, behind the
    end of a sentence or a colon, and before nothing but its list of tests.
    """
    if not feedback or feedback not in message:
        return _flat(feedback) in _flat(message)
    return re.search(rf"(?:^|\n|[.:-] ){re.escape(feedback)}(?:$|\n| These tests )", message) is not None


def _is_answer(content: str, program: Program) -> bool:
    """Whether an assistant message is this program's answer: its text, or its code where it was edited."""
    flat, code = _flat(content), _flat(program.code or "")
    texts = (_flat(program.text), _flat(without_thinking(program.text)))
    if not texts[1]:  # nothing but thinking, or an edit: the template frames the code
        return code in flat
    return flat in texts


def _counts(finish: Finish) -> Iterator[Finding]:
    """Counts of one answer that cannot stand together."""
    if finish.reason != "error" and (finish.error or finish.overflow):
        yield _wrong(f"ended with `{finish.reason}`, though an error is recorded")
    if finish.reason == "error" and not finish.error:
        yield _wrong("ended with an error that is not recorded")
    if finish.accepted_tokens > finish.drafted_tokens:
        yield _wrong("more drafted tokens were accepted than there were")
    if finish.prompt_tokens and finish.reused_tokens > finish.prompt_tokens:
        yield _wrong("more tokens of the prompt were reused than it has")
    if finish.output_ids is not None and len(finish.output_ids) != finish.generated_tokens:
        yield _wrong(
            f"{finish.generated_tokens} tokens were generated, and {len(finish.output_ids)} are recorded"
        )
    if finish.first_token_seconds is not None and finish.first_token_seconds > finish.seconds + 0.001:
        yield _wrong("the first token came after the last")


def _extraction(event: ev.GenerationFinished, entry_point: str) -> Iterator[Finding]:
    """The recorded program is in the text. Which program of several was taken depends on the extractor's version."""
    text, code = event.finish.text, event.code
    if code is None:
        if not event.answer_problem:
            yield _wrong("no program was found, and it is not said why")
        simple = len(_FENCE.findall(text)) == 2 and not may_mark(text)
        if simple and extract_code(text, entry_point).certain:
            yield _wrong("the answer holds a program, and none is recorded")
        return
    held = code.strip() in text or _lines_in(code, text)
    if not held and extract_code(text, entry_point).code != code:
        yield _wrong("the recorded program is not in the answer's text")


def _lines_in(code: str, text: str) -> bool:
    """Whether every line of the code is in the text, but for what cleaning changes (spaces, entities, quotes)."""
    whole = _bare(text)
    return all(_bare(line) in whole or _ALIAS.fullmatch(line) for line in code.splitlines())


def _bare(text: str) -> str:
    text = html.unescape(text).translate(_TYPOGRAPHY)
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")


def _flat(text: str) -> str:
    return " ".join(text.split())
