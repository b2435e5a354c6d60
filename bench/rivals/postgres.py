"""A private Postgres for as long as the bench runs, with its stock settings."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

OWNER = "postgres"


class Postgres:
    """A cluster in a temporary folder. It listens on a socket and on a free port of 127.0.0.1, and believes everybody."""

    def __init__(self) -> None:
        binaries = find_binaries()
        account = unprivileged_account()
        self.folder = Path(tempfile.mkdtemp(prefix="cenovka-bench-"))
        self.port = free_port()
        if account:
            shutil.chown(self.folder, account, pwd.getpwnam(account).pw_gid)
        cluster = self.folder / "cluster"
        run_as = {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []} if account else {}
        initdb = [binaries / "initdb", "-D", cluster, "-U", OWNER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/", **run_as)
        # A session of its own: Ctrl-C must not end it before those that use it.
        arguments = ["-D", cluster, "-k", self.folder, "-h", "127.0.0.1", "-p", str(self.port)]
        self.log = self.folder / "log"
        with self.log.open("w") as log:
            self.server = subprocess.Popen(
                [binaries / "postgres", *arguments], stdout=log, stderr=log, cwd="/", start_new_session=True, **run_as
            )
        self.wait_until_ready()
        self.version = self.value("show server_version").split()[0]

    def __enter__(self) -> "Postgres":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.send_signal(signal.SIGINT)
        self.server.wait()
        shutil.rmtree(self.folder)

    def wait_until_ready(self) -> None:
        for _ in range(600):
            try:
                return self.connect().close()
            except psycopg.OperationalError:
                if self.server.poll() is not None:
                    break
                time.sleep(0.1)
        sys.exit(f"Postgres did not start:\n{self.log.read_text()}")

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self.url(database), autocommit=True)

    def url(self, database: str, scheme: str = "postgresql") -> str:
        # Nobody asks for the password, but dlt insists on one.
        return f"{scheme}://{OWNER}:none@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def value(self, query: str, database: str = "postgres") -> object:
        """The one value that the query answers."""
        with self.connect(database) as connection:
            return connection.execute(query).fetchone()[0]

    def create(self, database: str) -> None:
        with self.connect() as connection:
            connection.execute(f'drop database if exists "{database}" with (force)')
            connection.execute(f'create database "{database}"')

    def drop(self, database: str) -> None:
        with self.connect() as connection:
            connection.execute(f'drop database "{database}" with (force)')

    def checkpoint(self) -> None:
        """So that each load that is measured pays for its own pages and nothing of the one before."""
        with self.connect() as connection:
            connection.execute("checkpoint")

    def wal_bytes(self) -> int:
        """Bytes of write-ahead log so far."""
        return int(self.value("select pg_current_wal_lsn() - '0/0'"))


def find_binaries() -> Path:
    """The folder of `initdb` and `postgres`: as `cenovka` finds it."""
    named = os.environ.get("CENOVKA_POSTGRES_BIN")
    in_path = shutil.which("initdb")
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]), reverse=True
    )
    for candidate in [named and Path(named) / "initdb", in_path, *installed]:
        # A link in the PATH is followed, since the other programs need not be linked beside it.
        if candidate and (folder := Path(candidate).resolve().parent / "postgres").is_file():
            return folder.parent
    sys.exit("no Postgres found: install it, or say in CENOVKA_POSTGRES_BIN where its initdb is")


def unprivileged_account() -> str | None:
    """Whom Postgres runs as if this process is root's, which it refuses."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
