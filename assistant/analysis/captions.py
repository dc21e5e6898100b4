"""Each figure in a sentence, with its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from assistant.analysis.feedback_stats import FeedbackMeasures, median_words
from assistant.analysis.lift import Lift
from assistant.analysis.results import Results
from assistant.analysis.solve_curve import CurvePoint
from assistant.analysis.speaker_captions import say_of
from assistant.core.control_arms import control_arm

MOST_ODDS = 1000
"""Beyond it an interval of an odds ratio is said to have no end."""


def solving(results: Results) -> str:
    """What the paper's figure says here."""
    human = results.human
    if not human:
        return "No session has a complete first answer, so there is no solve rate."
    first, last = human[0], human[-1]
    text = (
        f"At the first answer {_rate(first)} of {first.sessions} sessions are solved, after "
        f"{_times(last.interventions)} {_rate(last)}"
    )
    if last.hidden_scored:
        text += f"; {last.false_solves} of {last.hidden_scored} solves that hidden tests judged are false"
    text += "."
    if results.flat:
        tries, rate = results.flat
        text += f" {tries} samples without feedback solve {rate:.0%} (dashed line)."
    return text + (
        " Other marks: human feedback up to the intervention before, then the control in place of feedback. "
        "Bars: 95% Wilson intervals, with the effective number of sessions where problems or people repeat."
    )


def lifting(results: Results) -> str:
    """The effect of the feedback: the strongest statement that holds."""
    overall = [lift for lift in results.lifts if lift.round == "all"]
    if not overall:
        return "No control arms were made, so the effect of the feedback cannot be told from that of a second try."
    parts = "; ".join(f"{_points(lift)} over {control_arm(lift.arm).phrase}" for lift in overall)
    certain = [lift for lift in overall if lift.p_holm < 0.05]
    verdict = (
        f"The intervals are about all interventions. On first interventions alone {len(certain)} of "
        f"{len(overall)} differences hold at the 5% level together (clustered by problem and person, Holm)"
    )
    return f"From the same state, human feedback changes the solve rate by {parts}. {verdict}."


def odds(ratio: float) -> str:
    """An odds ratio, or an end of its interval."""
    return "no end" if ratio > MOST_ODDS else "0" if ratio < 1 / MOST_ODDS else f"{ratio:.2f}"


def modelling(results: Results) -> str:
    """The regression, and whether it can be trusted."""
    fit, terms = results.model.fit, results.model.terms
    text = fit.said
    first = [
        f"{odds(x.odds_ratio)} times ({odds(x.low)} to {odds(x.high)}) those of {control_arm(x.arm).phrase}"
        for x in terms
        if x.term == "feedback"
    ]
    if first:
        text += f" At the mean intervention the odds of human feedback to solve are {'; '.join(first)}."
    effects = [
        f"{100 * x.effect:+.0f} points ({100 * x.low:+.0f} to {100 * x.high:+.0f}) over {control_arm(x.arm).phrase}"
        for x in results.model.effects
    ]
    if effects:
        text += f" On average over all interventions, at equal order, it is {'; '.join(effects)}."
    if fit.sd_people is not None and fit.sd_problems is not None:
        text += (
            f" In the mixed model the log odds differ by {fit.sd_people:.1f} between people and "
            f"{fit.sd_problems:.1f} between problems (standard deviations)."
        )
    return text


def timing(results: Results) -> str:
    """Median time to solved."""
    parts = []
    for x in results.times:
        amount = f"{x.median:.0f} {x.unit}" if x.median is not None else f"more {x.unit} than were seen"
        low = "none" if x.low is None else f"{x.low:.0f}"
        high = "no end" if x.high is None else f"{x.high:.0f}"
        parts.append(f"{amount} ({low} to {high})")
    if not parts:
        return ""
    times = results.times[-1]
    return (
        f"Of {times.sessions} sessions whose first answer failed, half are solved within {' and '.join(parts)} of "
        f"feedback; {times.censored} ended unsolved and count as censored there."
    )


def ordering(results: Results) -> str:
    """Do people get better, or tired?"""
    if not results.order:
        return ""
    parts = ", ".join(f"{x.rate:.0%} at places {x.first} to {x.last}" for x in results.order)
    text = f"By place in one's own order feedback solves {parts} of the sessions that needed it"
    term = next((x for x in results.model.terms if x.term == "order"), None)
    if term is not None:
        change = f"{odds(term.odds_ratio)} times ({odds(term.low)} to {odds(term.high)})"
        text += f"; the odds change {change} with each session"
    return text + "."


def tokens(results: Results) -> str:
    """Equal samples and equal tokens."""
    last = results.spent[-1] if results.spent else None
    if last is None:
        return "There is nothing to count."
    text = (
        f"After {_times(last.interventions)} a session has used {last.tokens:,.0f} tokens on average "
        f"({last.generated_tokens:,.0f} of them written) and solves {last.rate:.0%}"
    )
    most = results.alone[-1] if results.alone else None
    drawn = f"{_samples(most.tries)} of {most.tokens:,.0f} tokens" if most else "no samples"
    for rate, equal in ((last.alone_equal_samples, "samples"), (last.alone_equal_tokens, "tokens")):
        measured = f"{rate:.0%}" if rate is not None else f"not measured (at most {drawn} were drawn)"
        text += f"; at equal {equal}, without feedback, {measured}"
    return text + "."


def effort(results: Results) -> str:
    """The person's minutes."""
    minutes = results.minutes
    if not minutes.timed:
        return "The effort clock did not run in any session."
    text = f"Reading, typing and editing took {60 * minutes.active_minutes / minutes.timed:.0f} s a session; "
    if minutes.solved_per_minute is None:
        text += "that is too little in all for a rate per minute."
    else:
        rate = f"{minutes.solved_per_minute:.2f}"
        text += f"what was unsolved at first was solved at {rate} problems a human minute."
    ways = {way.way: way for way in results.ways}
    if len(ways) == 2 and all(way.solved_per_minute is not None for way in ways.values()):
        text += (
            f" Feedback to the model solved {ways['telling'].solved_per_minute:.2f} a minute, editing by hand "
            f"{ways['editing'].solved_per_minute:.2f} (people chose what to edit: this is no controlled comparison)."
        )
    return text


def wording(results: Results) -> str:
    """Length and kinds."""
    words = median_words(results.said)
    if words is None:
        return "No feedback was given."
    return (
        f"{len(results.said)} feedbacks, half of them up to {words:.0f} words long; right, how often the next "
        "program solved, by kind, by length, and by whether the feedback gives the solution away (no controlled "
        f"comparison: people chose what to say). {_words_and_rounds(results.said)}"
    )


def _words_and_rounds(said: Sequence[FeedbackMeasures]) -> str:
    """Feedbacks and rounds, counted apart: every feedback is an intervention, and not each uses a round up."""
    counts = Counter(item.outcome for item in said)
    parts = (("the same program back", "unchanged"), ("no program", "no program"), ("no answer", "no answer"))
    brought = ", ".join(f"{counts[kind]} ({counts[kind] / len(said):.0%}) {name}" for name, kind in parts)
    used = sum(item.used_round for item in said)
    return f"Of the {len(said)} feedbacks {used} used a round up; brought: {brought}."


def drawing(results: Results) -> str:
    """Second draws and further draws; empty where none was made."""
    counts = results.draws
    parts = []
    if again := counts.again_unchanged + counts.again_no_program:
        parts.append(
            f"Of {counts.answers} answers {again} were drawn once more by themselves ({counts.again_unchanged} held "
            f"the program before, {counts.again_no_program} held none); {counts.again_brought} of these second draws "
            "brought another program."
        )
    if counts.with_draws:
        parts.append(
            f"Further draws were made beside {counts.with_draws} of {counts.answers} answers: "
            f"beside {counts.offered} one passed more visible tests and was offered; {counts.taken} were taken, of "
            f"which {counts.taken_solved} pass every visible test."
        )
    return " ".join(parts)


def leaking(results: Results) -> str:
    """The effect of leaky feedback."""
    leaky = sum(item.leaky for item in results.said)
    if not results.said:
        return "No feedback was given."
    last, clean = results.human[-1], results.clean_curve[-1]
    text = (
        f"{leaky} of {len(results.said)} feedbacks hold code of the reference solution (six tokens in a row, or "
        "half of what is new in it) or a value that unseen tests expect."
    )
    if clean.solved == last.solved:
        return text + " No solve follows such feedback."
    return text + (
        f" Without the solves that follow them {clean.solved} instead of {last.solved} of {last.sessions} sessions "
        f"are solved in the end ({clean.rate:.0%} instead of {last.rate:.0%})."
    )


def people(results: Results) -> str:
    """Spread and agreement."""
    text = ""
    for row in results.between[:1]:
        text = (
            f"The lift over {control_arm(row.arm).phrase} differs between {row.annotators} annotators by a standard "
            f"deviation of {100 * row.sd:.0f} points beyond chance (p = {row.p:.2g}). "
        )
    whole = results.agreement[0] if results.agreement else None
    if whole is None:
        return text + "No first program was judged by two annotators, so agreement on kinds is unknown."
    alpha = f"{whole.alpha:.2f}" if whole.alpha is not None else "undefined"
    return text + (
        f"On {whole.programs} first programs that several annotators spoke about, Krippendorff's alpha for the "
        f"kinds of feedback is {alpha} (1 is full agreement, 0 chance)."
    )


def _rate(point: CurvePoint) -> str:
    return f"{point.rate:.0%} ({point.low_clustered:.0%}–{point.high_clustered:.0%})"


def _samples(count: int) -> str:
    return "1 sample" if count == 1 else f"{count} samples"


def _times(interventions: int) -> str:
    return "1 intervention" if interventions == 1 else f"{interventions} interventions"


def _points(lift: Lift) -> str:
    points = f"{100 * lift.lift:+.0f} points"
    if lift.low is not None and lift.high is not None:
        return f"{points} ({100 * lift.low:+.0f} to {100 * lift.high:+.0f})"
    return points


def all_sentences(results: Results) -> Sequence[tuple[str, str]]:
    """Name and sentence, in order; those that have nothing to say are left out, of people alone all."""
    if all(session.person_alone for session in results.group.sessions):
        return []
    makers = (
        solving,
        lifting,
        modelling,
        timing,
        ordering,
        tokens,
        effort,
        wording,
        drawing,
        leaking,
        people,
    )
    say = say_of(results.group.speaker)
    return [(maker.__name__, say(words)) for maker in makers if (words := maker(results))]
