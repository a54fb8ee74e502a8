"""Servers that a script starts itself, with the library under test in their environment, and SQL
on them through psql."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRATCH = Path(os.environ["PQP_SCRATCH"])
SERVER_USER = os.environ["PQP_SERVER_USER"] if os.getuid() == 0 else None


def programs(version):
    return Path(os.environ[f"PQP_BIN{version}"])


def run(*command, check=True, limit=60, **options):
    """The finished process; what it printed is text."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=limit, **options)
    if check and done.returncode:
        raise RuntimeError(f"{Path(str(command[0])).name} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def as_server_user():
    return {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []} if SERVER_USER else {}


def wait_for(what, condition, seconds=60):
    """Polls until the condition gives something true, and gives that."""
    end = time.monotonic() + seconds
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s for {what}")
        time.sleep(0.05)


class Server:
    """A running server: host (its socket directory), port, and SQL on it."""

    def __init__(self, version, host, port, database="postgres"):
        self.version, self.host, self.port, self.database = version, Path(host), str(port), database

    @property
    def conninfo(self):
        return f"host={self.host} port={self.port} user=postgres dbname={self.database}"

    def psql(self, sql, database=None, user="postgres", check=True):
        """One command, or a list of commands of one session, each a transaction of its own."""
        commands = [sql] if isinstance(sql, str) else sql
        return run(
            programs(18) / "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-p", self.port, "-U", user,
            "-d", database or self.database, *(word for command in commands for word in ("-c", command)), check=check, env=os.environ | {"PGOPTIONS": "-c synchronous_commit=on"},
        )  # fmt: skip

    def sql(self, sql, **options):
        """The rows, a line each."""
        return self.psql(sql, **options).stdout.strip()

    def lsn(self):
        """Where the WAL ends, all of it flushed."""
        # a commit of its own, for not every record is flushed by whoever wrote it
        self.sql("begin; select pg_current_xact_id(); commit")
        return self.sql("select pg_current_wal_flush_lsn()")

    def error(self, sql, **options):
        """What the server says against it, which it must."""
        done = self.psql(sql, check=False, **options)
        if done.returncode == 0:
            raise AssertionError(f"it did not fail: {sql}")
        return self.scrub(done.stderr.strip())

    def scrub(self, text):
        text = text.replace(str(self.host), "HOST").replace(str(SCRATCH), "SCRATCH")
        text = re.sub(rf"\b{self.port}\b", "PORT", text)
        return re.sub(r"\b[0-9A-F]{1,8}/[0-9A-F]{1,8}\b", "LSN", text)


class OwnServer(Server):
    """Started by setup/server.sh, with this process's environment: LD_LIBRARY_PATH and the rest."""

    def __init__(self, version, name):
        self.directory = SCRATCH / name
        done = run(HERE.parent / "setup" / "server.sh", "start", version, self.directory, limit=120)
        settings = dict(line.split("=", 1) for line in done.stdout.splitlines())
        super().__init__(version, settings[f"PQP_HOST{version}"], settings[f"PQP_PORT{version}"])
        # a base backup may be taken of a standby of this server only with full pages in the WAL
        self.sql("alter system set full_page_writes = on")
        self.sql("select pg_reload_conf()")
        wait_for("full_page_writes", lambda: self.sql("show full_page_writes") == "on")
        self.sql("checkpoint")

    def stop(self):
        run(HERE.parent / "setup" / "server.sh", "stop", self.directory)

    def log(self):
        return (self.directory / "log").read_text(errors="replace")


class Standby(Server):
    """A copy of another server by pg_basebackup, following it."""

    def __init__(self, primary, name, settings=()):
        self.directory = SCRATCH / name
        self.directory.mkdir()
        if SERVER_USER:
            shutil.chown(self.directory, SERVER_USER)
        self.data = self.directory / "data"
        run(
            programs(primary.version) / "pg_basebackup", "-D", self.data, "-d", primary.conninfo, "-R", "-X", "stream", "-c", "fast", "--no-sync",
            cwd="/", **as_server_user(),
        )  # fmt: skip
        # postgresql.auto.conf, which -R writes to, would win: put ours behind what it wrote
        with open(self.data / "postgresql.auto.conf", "a") as file:
            file.writelines(f"{line}\n" for line in settings)
        super().__init__(primary.version, self.directory, free_port())
        self.process = None
        self.start()

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [programs(self.version) / "postgres", "-D", self.data, "-p", self.port, "-k", self.host],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **as_server_user(),
            )  # fmt: skip

        def ready():
            if self.process.poll() is not None:
                raise RuntimeError("the standby ended:\n" + self.log()[-2000:])
            return self.psql("select 1", check=False).returncode == 0

        wait_for("the standby to accept connections", ready)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(20)

    def log(self):
        return (self.directory / "log").read_text(errors="replace")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
