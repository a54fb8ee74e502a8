"""What the Python scripts here print for run.py: one line a test, with what the test saw."""

import json
import re
import traceback

TESTS = []


def test(function):
    """Registers a test. What it returns is what it saw; an exception, or False, is a failure."""
    TESTS.append(function)
    return function


def shown(value):
    text = json.dumps(value, default=repr, ensure_ascii=True, sort_keys=True)
    # what differs between two runs: object addresses
    return re.sub(r"0x[0-9a-f]{6,}", "0x…", text)


def report(name, run):
    try:
        seen = run()
        status = "not ok" if seen is False else "ok"
        text = shown(seen)
    except Exception as error:
        traceback.print_exc()
        status, text = "not ok", shown(f"{type(error).__name__}: {error}")
    print(f"{status} - {name}\t{text}", flush=True)


def main(tests=None):
    for function in tests or TESTS:
        report(function.__name__.replace("_", " "), function)
    print("done", flush=True)


def error_of(expected, run, *arguments):
    """The text of the exception that the call must raise."""
    try:
        run(*arguments)
    except expected as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError(f"no {expected} was raised")
