"""The far side of the network of network.sh, as a program on this side has it."""

import contextlib
import os
import subprocess
import sys

FAR = os.environ["PQP_FAR"].split()


class Peers:
    """peers.py, which answers each line."""

    def __init__(self, process):
        self.process = process

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@contextlib.contextmanager
def peers():
    here = os.path.dirname(os.path.abspath(__file__))
    real = f"{os.environ['PQP_HOST18']}/.s.PGSQL.{os.environ['PQP_PORT18']}"
    process = subprocess.Popen(
        [*FAR, sys.executable, os.path.join(here, "peers.py"), real], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "ready\n", "the far side did not start"
        yield Peers(process)
    finally:
        process.stdin.close()
        process.wait(timeout=20)
