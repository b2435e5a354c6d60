"""What a program costs: seconds, peak memory, write-ahead log."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from postgres import Postgres


@dataclass
class Cost:
    """Of one load."""

    seconds: float
    #: Peak memory of the program and all that it started, in MB; 0 where there is no /proc.
    peak_mb: float
    wal_mb: float
    #: The lines that it printed.
    lines: list[str] = field(default_factory=list)
    #: Seconds of each object, if it loaded several.
    each: list[float] = field(default_factory=list)


def measured(postgres: Postgres, command: list, environment: dict[str, str] | None = None, **options) -> Cost:
    """Runs a program to its end; what it costs. `options` as of Popen. Exits with what it said if it fails."""
    postgres.checkpoint()
    wal = postgres.wal_bytes()
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        **options,
    )
    memory = Memory(process.pid)
    output, _ = process.communicate()
    seconds = time.perf_counter() - began
    peak = memory.stop()
    wal = postgres.wal_bytes() - wal
    if process.returncode != 0:
        sys.exit(f"{output[-4000:]}\n{' '.join(str(part) for part in command)[:300]} failed")
    return Cost(seconds, peak / 1e6, wal / 1e6, output.splitlines())


class Memory:
    """Watches the resident memory of a process and all that it starts."""

    #: The kernel keeps each process's peak, so that little is missed between two looks.
    INTERVAL_SECONDS = 0.02

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def stop(self) -> int:
        """Bytes at the peak."""
        self.ended.set()
        self.thread.join()
        return self.peak

    def watch(self) -> None:
        while not self.ended.wait(self.INTERVAL_SECONDS):
            self.peak = max(self.peak, tree_peak(self.pid))


def tree_peak(pid: int) -> int:
    """The sum of the peaks of a process and its descendants, in bytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except OSError:  # it has ended
        return 0
    _, found, peak = status.partition("VmHWM:")
    own = int(peak.split()[0]) * 1024 if found else 0
    return own + sum(tree_peak(int(child)) for child in children)
