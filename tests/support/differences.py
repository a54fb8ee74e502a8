"""Reads tests/data/deliberate_differences.txt for the suites that are written in Python; the file says what its lines are."""
import os
import re

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "deliberate_differences.txt")


class Differences:
    """The lines of one suite: which rows, how our words are rewritten into the reference's."""

    def __init__(self, suite):
        with open(FILE) as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
        self.rewrites = [(re.compile(rows), re.compile(ours), reference)
                         for rows, ours, reference in (line[1:] for line in lines if line[0] == suite)]
        assert self.rewrites, f"{suite}: nothing is listed"
        self.used = set()

    def explain(self, row, expected, found):
        """Whether ours is the reference's answer, or is after what is listed for this row has been rewritten."""
        used = set()
        for number, (rows, ours, reference) in enumerate(self.rewrites):
            if found != expected and rows.fullmatch(row):
                rewritten = ours.sub(reference, found)
                if rewritten != found:
                    used.add(number)
                    found = rewritten
        if found == expected:
            self.used |= used
        return found == expected

    def complain(self):
        """How many lines have explained nothing, and so are not true any more; says which."""
        untrue = [self.rewrites[number] for number in range(len(self.rewrites)) if number not in self.used]
        for rows, ours, _ in untrue:
            print(f"listed as different and is not: {rows.pattern}: {ours.pattern}")
        return len(untrue)
