"""What DuckDB is asked: the columns of a journal that an analysis needs, and the tables made of them."""

from __future__ import annotations

_FINISH = (
    "STRUCT(sample INT, reason VARCHAR, prompt_tokens BIGINT, reused_tokens BIGINT, "
    "generated_tokens BIGINT, seconds DOUBLE)"
)
_EFFORT = "STRUCT(reading DOUBLE, typing DOUBLE, waiting DOUBLE, away DOUBLE, editing DOUBLE)"
_REPORT = "STRUCT(outcome VARCHAR, sealed BOOLEAN)"
COLUMNS = {
    "journal": "INT", "type": "VARCHAR", "seq": "INT", "turn": "INT", "arm": "VARCHAR", "round": "INT",
    "redraw_of": "INT",
    "program": "VARCHAR", "parent": "VARCHAR", "finish": _FINISH, "code": "VARCHAR",
    "code_sha256": "VARCHAR", "visible": _REPORT, "hidden": _REPORT, "text": "VARCHAR",
    "kinds": "VARCHAR[]", "effort": _EFFORT, "author": "VARCHAR", "author_model": "VARCHAR", "reason": "VARCHAR",
    "session": "VARCHAR", "annotator": "VARCHAR", "problem": "JSON", "problem_sha256": "VARCHAR",
    "model": "STRUCT(name VARCHAR, precision VARCHAR)",
    "settings": "STRUCT(rounds INT, samples INT, prompt STRUCT(visible_tests INT, failing_cases BOOLEAN))",
    "study": "STRUCT(name VARCHAR, condition MAP(VARCHAR, VARCHAR))", "imported_from": "VARCHAR",
}  # fmt: skip

ODD = """
SELECT DISTINCT journal FROM events WHERE CASE type
  WHEN 'session_started' THEN session IS NULL OR annotator IS NULL OR model.name IS NULL
    OR settings.rounds IS NULL OR settings.samples IS NULL OR imported_from IS NULL
  WHEN 'generation_started' THEN turn IS NULL OR round IS NULL OR arm IS NULL
  WHEN 'generation_finished' THEN turn IS NULL OR round IS NULL OR arm IS NULL OR program IS NULL
    OR finish.sample IS NULL OR finish.reason IS NULL OR finish.prompt_tokens IS NULL
    OR finish.reused_tokens IS NULL OR finish.generated_tokens IS NULL OR finish.seconds IS NULL
  WHEN 'tests_finished' THEN program IS NULL OR visible.outcome IS NULL OR code_sha256 IS NULL
  WHEN 'hidden_scored' THEN program IS NULL OR hidden.outcome IS NULL
  WHEN 'feedback_given' THEN program IS NULL OR round IS NULL OR text IS NULL OR kinds IS NULL
    OR author IS NULL OR effort.reading IS NULL OR effort.typing IS NULL OR effort.waiting IS NULL
  WHEN 'code_edited' THEN program IS NULL OR turn IS NULL OR round IS NULL OR code IS NULL
    OR effort.editing IS NULL
  WHEN 'session_ended' THEN reason IS NULL OR effort.reading IS NULL
  WHEN 'session_resumed' THEN false
  WHEN 'program_chosen' THEN false
  ELSE true END ORDER BY journal
"""
PROGRAMS = """
WITH parents AS (
  SELECT journal, turn, any_value(parent) AS parent, any_value(redraw_of) AS redraw_of FROM events
  WHERE type = 'generation_started' GROUP BY ALL),
shown AS (
  SELECT journal, program, arg_max(visible.outcome, seq) = 'passed' AS solved,
    arg_max(code_sha256, seq) AS code_sha256, arg_max(coalesce(visible.sealed, true), seq) AS sealed
  FROM events WHERE type = 'tests_finished' GROUP BY ALL),
silent AS (
  SELECT journal, program, arg_max(hidden.outcome, seq) = 'passed' AS honest FROM events
  WHERE type = 'hidden_scored' GROUP BY ALL)
SELECT journal, seq, program, turn, coalesce(finish.sample, 0), round, coalesce(parents.parent, events.parent),
  coalesce(arm, 'human'), type = 'code_edited',
  coalesce(finish.reason, 'stop') IN ('stop', 'length') AND (code IS NULL OR solved IS NOT NULL),
  coalesce(solved, false), honest, coalesce(shown.code_sha256, ''), coalesce(finish.prompt_tokens, 0),
  coalesce(finish.reused_tokens, 0), coalesce(finish.generated_tokens, 0), coalesce(finish.seconds, 0),
  coalesce(shown.sealed, true), parents.redraw_of
FROM events LEFT JOIN parents USING (journal, turn) LEFT JOIN shown USING (journal, program)
  LEFT JOIN silent USING (journal, program)
WHERE type IN ('generation_finished', 'code_edited') ORDER BY journal, seq
"""
WORDS = """
WITH codes AS (
  SELECT journal, program, any_value(code) AS code FROM events
  WHERE type IN ('generation_finished', 'code_edited') GROUP BY ALL)
SELECT journal, seq, program, round, text, kinds, effort, author, coalesce(codes.code, ''),
  coalesce(author_model, '')
FROM events LEFT JOIN codes USING (journal, program) WHERE type = 'feedback_given' ORDER BY journal, seq
"""
EDITS = (
    "SELECT journal, seq, program, round, effort FROM events WHERE type = 'code_edited' ORDER BY journal, seq"
)
ENDS = """
SELECT journal, arg_max(if(type = 'session_resumed', 'open', reason), seq),
  arg_max(effort, seq) FILTER (type = 'session_ended')
FROM events WHERE type IN ('session_ended', 'session_resumed') GROUP BY ALL
"""
HEADERS = """
SELECT journal, session, annotator, problem_sha256, model.name, coalesce(model.precision, ''), settings.rounds,
  settings.samples, settings.prompt.visible_tests, coalesce(study.name, ''), study.condition, imported_from,
  coalesce(author, 'person'), coalesce(author_model, '')
FROM events WHERE type = 'session_started' ORDER BY session
"""
PROBLEMS = """
SELECT problem_sha256, any_value(problem)::VARCHAR FROM events WHERE type = 'session_started' GROUP BY ALL
"""
