"""An execution environment: one process of a function, and the Lambda Runtime API that it asks for events.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Nothing here knows LocalStack.
"""

import contextlib
import json
import os
import platform
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HOST = "127.0.0.1"
API = "/2018-06-01/runtime/"
INIT_SECONDS = 10  # as in AWS
# Between its answer and its question for the next event a function only flushes; nobody need wait longer for that.
FLUSH_SECONDS = 1

# Functions die with LocalStack, also when that is killed.
DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
# For the kernel the parent is the thread that forked, and LocalStack's threads come and go: this one stays.
SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="function-spawner")


@dataclass(frozen=True)
class Outcome:
    """What came of an invocation."""

    body: bytes
    failed: bool
    logs: str


@dataclass(frozen=True)
class Message:
    """What the process did: "next", "response", "error", "init error" or "exit"."""

    what: str
    request_id: str = ""
    body: bytes = b""


class Environment:
    """Starts the process when it is first needed, and anew after it ended."""

    def __init__(self, folder: Path, variables: dict[str, str], timeout: int, memory: int) -> None:
        self.folder, self.variables, self.timeout, self.memory = folder, variables, timeout, memory
        self.process: Process | None = None
        self.stopped = False
        self.lock = threading.Lock()

    def invoke(self, request_id: str, event: bytes, arn: str, trace_id: str) -> Outcome:
        """Hands the process an event and waits for what comes of it."""
        began = time.monotonic()
        try:
            process = self._running()
        except OSError as error:  # no bootstrap, or one for another machine
            reason = f"{error} (this machine is {platform.machine()})"
            return Outcome(_error("Runtime.InvalidEntrypoint", reason), failed=True, logs=f"{reason}\n")
        process.log(f"START RequestId: {request_id} Version: {self.variables.get('AWS_LAMBDA_FUNCTION_VERSION', '')}")
        body, failed = self._outcome(process, request_id, event, arn, trace_id)
        ms = (time.monotonic() - began) * 1000
        process.log(f"END RequestId: {request_id}")
        process.log(
            f"REPORT RequestId: {request_id}\tDuration: {ms:.2f} ms\tBilled Duration: {int(ms) + 1} ms"
            f"\tMemory Size: {self.memory} MB\tMax Memory Used: {process.peak_memory} MB"
        )
        return Outcome(body, failed, process.take_logs())

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        with self.lock:
            self.stopped = True
            if self.process:
                self.process.kill()

    def _running(self) -> "Process":
        with self.lock:
            if self.stopped:
                raise OSError("the execution environment was stopped")
            if self.process is None or self.process.ended:
                self.process = Process(self.folder, self.variables)
            return self.process

    def _outcome(
        self, process: "Process", request_id: str, event: bytes, arn: str, trace_id: str
    ) -> tuple[bytes, bool]:
        if not process.ready:
            message = process.wait_for({"next", "init error"}, INIT_SECONDS)
            if message and message.what == "init error":
                process.wait_for(set(), FLUSH_SECONDS)  # it reads its answer, and ends by itself
            if message is None or message.what != "next":
                process.kill()
                return self._failure(process, request_id, message, INIT_SECONDS), True
        process.hand_over(
            event,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self.timeout) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": arn,
                "Lambda-Runtime-Trace-Id": trace_id,
            },
        )
        message = process.wait_for({"response", "error"}, self.timeout, request_id)
        if message is None or message.what == "exit":
            process.kill()
            return self._failure(process, request_id, message, self.timeout), True
        asked = process.wait_for({"next"}, FLUSH_SECONDS)
        process.ready = asked is not None and asked.what == "next"
        process.look_at_memory()
        return message.body, message.what == "error"

    def _failure(self, process: "Process", request_id: str, message: Message | None, seconds: int) -> bytes:
        """The error that Lambda makes up for a process that could not report its own."""
        if message and message.what == "init error":
            return message.body
        if message:
            kind, reason = "Runtime.ExitError", f"Error: Runtime exited with error: {process.exit_status()}"
        else:
            kind, reason = "Sandbox.Timedout", f"Error: Task timed out after {seconds}.00 seconds"
        reason = f"RequestId: {request_id} {reason}"
        process.log(reason)
        return _error(kind, reason)


class Process:
    """A running function. Its Runtime API listens on a loopback port of its own."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        bootstrap = folder / "bootstrap"
        bootstrap.chmod(0o755)  # zips made elsewhere need not say so
        self.ready = False
        self.peak_memory = 0
        self.messages: queue.Queue[Message] = queue.Queue()
        self.invocations: queue.Queue[tuple[bytes, dict[str, str]] | None] = queue.Queue()
        # The function and Lambda both append to this file, so the order of lines is kept, and what was written before
        # the process asked for its next event, or ended, is there. It has no name and vanishes with this object.
        self.output = tempfile.TemporaryFile("ab+", buffering=0)
        self.taken = 0
        # All functions run as one user on one disk: each process gets a folder of its own in place of /tmp.
        self.temporary = tempfile.mkdtemp(prefix="function-")
        self.api = ThreadingHTTPServer((HOST, 0), RuntimeApi)
        self.api.process = self
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        environment = {"PATH": os.environ.get("PATH", ""), "LANG": "en_US.UTF-8"} | variables
        environment |= {
            "AWS_LAMBDA_RUNTIME_API": f"{HOST}:{self.api.server_port}",
            "LAMBDA_TASK_ROOT": str(folder),
            "TMPDIR": self.temporary,
        }
        try:
            self.child = SPAWNER.submit(
                subprocess.Popen,
                [*DIE_WITH_PARENT, str(bootstrap)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=self.output,
                stderr=self.output,
                start_new_session=True,
            ).result()
        except OSError:
            self._give_back()
            raise
        threading.Thread(target=self._await_exit, daemon=True).start()

    @property
    def ended(self) -> bool:
        return self.child.poll() is not None

    def exit_status(self) -> str:
        status = self.child.wait()
        return f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"

    def hand_over(self, event: bytes, headers: dict[str, str]) -> None:
        """Answers the process's question for the next event."""
        self.invocations.put((event, headers))

    def wait_for(self, what: set[str], seconds: float, request_id: str = "") -> Message | None:
        """The next message of these kinds about this request, or that the process ended; None if none comes."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                message = self.messages.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if message.what == "exit" or (message.what in what and message.request_id == request_id):
                return message

    def log(self, line: str) -> None:
        """Writes a line of Lambda's own among the function's."""
        self.output.write(f"{line}\n".encode())

    def take_logs(self) -> str:
        """What was written since the last time."""
        text = os.pread(self.output.fileno(), os.fstat(self.output.fileno()).st_size - self.taken, self.taken)
        self.taken += len(text)
        return text.decode("utf-8", "replace")

    def look_at_memory(self) -> None:
        """Notes the most memory that the process has used so far."""
        try:
            status = Path(f"/proc/{self.child.pid}/status").read_text()
            self.peak_memory = int(status.split("VmHWM:")[1].split()[0]) // 1024
        except (OSError, IndexError):
            pass  # it has ended, or this is no Linux

    def kill(self) -> None:
        """Ends the process and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def _await_exit(self) -> None:
        self.child.wait()
        self.messages.put(Message("exit"))
        self._give_back()

    def _give_back(self) -> None:
        self.invocations.put(None)
        self.api.shutdown()
        self.api.server_close()
        shutil.rmtree(self.temporary, ignore_errors=True)


class RuntimeApi(BaseHTTPRequestHandler):
    """What the process can ask for and tell."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != f"{API}invocation/next":
            return self._answer(404)
        process = self.server.process
        process.messages.put(Message("next"))
        invocation = process.invocations.get()
        if invocation is None:  # the process has ended
            self.close_connection = True
        else:
            self._answer(200, *invocation)

    def do_POST(self) -> None:
        if "Content-Length" not in self.headers:  # a streamed response
            self.close_connection = True
            return self._answer(411)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        match self.path.removeprefix(API).split("/"):
            case ["init", "error"]:
                message = Message("init error", body=body)
            case ["invocation", request_id, ("response" | "error") as what]:
                message = Message(what, request_id, body)
            case _:
                return self._answer(404)
        # The message goes first: once it has its answer, the process may ask for its next event over another
        # connection, and that question must not overtake the message.
        self.server.process.messages.put(message)
        self._answer(202, b'{"status":"OK"}', {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        pass


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
