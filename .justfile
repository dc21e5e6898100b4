# Commands for people who work on the project: `just NAME`, in an environment made as CONTRIBUTING.md says.

# Lint, types and the quick tests
fast:
    ruff check . && ruff format --check . && mypy && lint-imports
    pytest -m "not slow" -q

# All tests, with many more random examples than usual
thorough:
    HYPOTHESIS_PROFILE=thorough pytest

# The whole gate: a fresh environment, everything
gate:
    bash .ci/run

# Draw the pictures of the app again
screens:
    ASSISTANT_UPDATE_PICTURES=1 pytest -n 0 tests/tui/test_pictures.py

# Check README and guide
docs:
    pytest tests/e2e/test_documents.py -q
