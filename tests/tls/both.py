"""Runs a program of this directory on the reference and on ours, each in a process of its own."""
import os
import subprocess
import sys


def run(file, libraries, **how):
    """Exit status and lines of `FILE --one LIBRARY` for each library."""
    answers = []
    for library in libraries:
        done = subprocess.run([sys.executable, "-W", "ignore", os.path.abspath(file), "--one", library],
                              stdout=subprocess.PIPE, text=True, **how)
        answers.append((done.returncode, done.stdout.splitlines()))
    return answers
