#!/usr/bin/env python3
"""Tests of the execution environment: `python3 localstack/executor/test.py`. They need no LocalStack."""

import hashlib
import io
import json
import os
import re
import sys
import tempfile
import threading
import time
import unittest
import zipfile
from pathlib import Path
from unittest import mock

from process_executor import permitted
from process_executor.environment import Environment, Message, Outcome

# A function that does what its event says.
FUNCTION = """\
import json, os, sys, time, urllib.request

base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/"

def post(path, body):
    urllib.request.urlopen(base + path, json.dumps(body).encode()).close()

def init():
    print("starting", flush=True)
    if os.environ.get("INIT") == "error":
        post("init/error", {"errorType": "stop", "errorMessage": "CENOVKA_RAW_BUCKET is missing"})
        sys.exit(1)
    if os.environ.get("INIT") == "exit":
        sys.exit(7)

init()
while True:
    with urllib.request.urlopen(base + "invocation/next") as answer:
        event, headers = json.load(answer), answer.headers
    request = headers["Lambda-Runtime-Aws-Request-Id"]
    for number in range(event.get("lines", 0)):
        print(f"line {number} of {request}", flush=True)
    time.sleep(event.get("sleep", 0))
    if "exit" in event:
        os._exit(event["exit"])
    if "error" in event:
        post(f"invocation/{request}/error", {"errorType": "retry", "errorMessage": event["error"]})
    else:
        left = int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
        arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        seen = {"pid": os.getpid(), "left": left, "tmp": os.environ["TMPDIR"], "arn": arn}
        post(f"invocation/{request}/response", event | seen)
"""


class EnvironmentTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "bootstrap").write_text(f"#!{sys.executable}\n{FUNCTION}")

    def environment(self, **variables: str) -> Environment:
        environment = Environment(self.folder, variables, timeout=2, memory=128)
        self.addCleanup(environment.stop)
        return environment

    def invoke(self, environment: Environment, request: str, **event) -> tuple[dict, Outcome]:
        outcome = environment.invoke(request, json.dumps(event).encode(), "arn:it", "Root=1")
        return json.loads(outcome.body), outcome

    def test_one_process_answers_one_event_after_the_other(self) -> None:
        environment = self.environment()
        first, outcome = self.invoke(environment, "r1", greeting="ahoj")
        second, _ = self.invoke(environment, "r2")
        self.assertFalse(outcome.failed)
        self.assertEqual((first["greeting"], first["arn"]), ("ahoj", "arn:it"))
        self.assertEqual(first["pid"], second["pid"])
        self.assertTrue(1 < first["left"] <= 2, first)
        environment.stop()
        deadline = time.monotonic() + 5
        while Path(first["tmp"]).exists():
            self.assertLess(time.monotonic(), deadline, "the folder for temporary files stays")
            time.sleep(0.01)

    def test_a_question_for_the_next_event_does_not_overtake_the_answer(self) -> None:
        environment = self.environment()
        self.invoke(environment, "r1")
        put = environment.process.messages.put

        def dawdle(message: Message) -> None:
            if message.what == "response":
                time.sleep(0.3)
            put(message)

        environment.process.messages.put = dawdle
        for request in ("r2", "r3"):
            _, outcome = self.invoke(environment, request)
            self.assertFalse(outcome.failed, outcome.body)
            self.assertTrue(environment.process.ready)

    def test_all_lines_are_in_the_logs_in_their_order(self) -> None:
        environment = self.environment()
        for request in ("r1", "r2"):
            _, outcome = self.invoke(environment, request, lines=5000)
            lines = outcome.logs.splitlines()
            if request == "r1":
                lines.remove("starting")
            self.assertTrue(lines[0].startswith("START RequestId: " + request), lines[0])
            self.assertEqual(lines[1:-2], [f"line {number} of {request}" for number in range(5000)])
            self.assertEqual(lines[-2], "END RequestId: " + request)
            self.assertRegex(lines[-1], r"REPORT .*Memory Size: 128 MB\tMax Memory Used: \d+ MB")

    def test_an_error_is_the_functions_own(self) -> None:
        environment = self.environment()
        body, outcome = self.invoke(environment, "r1", error="Postgres is away")
        self.assertTrue(outcome.failed)
        self.assertEqual(body, {"errorType": "retry", "errorMessage": "Postgres is away"})
        self.assertFalse(self.invoke(environment, "r2")[1].failed)

    def test_a_crash_is_told_and_the_next_event_gets_a_new_process(self) -> None:
        environment = self.environment()
        body, outcome = self.invoke(environment, "r1", lines=1, exit=7)
        self.assertEqual(body["errorType"], "Runtime.ExitError")
        self.assertEqual(body["errorMessage"], "RequestId: r1 Error: Runtime exited with error: exit status 7")
        self.assertIn("line 0 of r1", outcome.logs)
        self.assertFalse(self.invoke(environment, "r2")[1].failed)

    def test_what_takes_too_long_is_killed(self) -> None:
        environment = self.environment()
        body, outcome = self.invoke(environment, "r1", sleep=60)
        self.assertEqual(body["errorType"], "Sandbox.Timedout")
        self.assertEqual(body["errorMessage"], "RequestId: r1 Error: Task timed out after 2.00 seconds")
        self.assertIn("timed out after 2.00 seconds", outcome.logs)
        self.assertFalse(self.invoke(environment, "r2")[1].failed)

    def test_an_error_at_the_start_is_the_functions_own_and_is_logged(self) -> None:
        body, outcome = self.invoke(self.environment(INIT="error"), "r1")
        self.assertTrue(outcome.failed)
        self.assertEqual(body, {"errorType": "stop", "errorMessage": "CENOVKA_RAW_BUCKET is missing"})
        self.assertIn("starting", outcome.logs)

    def test_an_exit_at_the_start_is_told(self) -> None:
        body, _ = self.invoke(self.environment(INIT="exit"), "r1")
        self.assertEqual(body["errorType"], "Runtime.ExitError")
        self.assertIn("exit status 7", body["errorMessage"])

    def test_a_bootstrap_that_cannot_run_is_told(self) -> None:
        (self.folder / "bootstrap").write_bytes(b"\x7fELF of another machine")
        self.assertTrue(self.invoke(self.environment(), "r1")[1].failed)
        (self.folder / "bootstrap").unlink()
        body, _ = self.invoke(self.environment(), "r1")
        self.assertEqual(body["errorType"], "Runtime.InvalidEntrypoint")

    def test_stopping_ends_an_invocation(self) -> None:
        environment = self.environment()
        threading.Timer(0.5, environment.stop).start()
        body, _ = self.invoke(environment, "r1", sleep=60)
        self.assertEqual(body["errorType"], "Runtime.ExitError")


def archive(bootstrap: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("bootstrap", bootstrap)
    return buffer.getvalue()


class PermittedTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.list = self.folder / "its own/archives"
        self.code = self.folder / "code"
        setting = mock.patch.dict(os.environ, {"CENOVKA_ARCHIVES": str(self.list)})
        setting.start()
        self.addCleanup(setting.stop)

    def refusal(self, its: bytes) -> str:
        """Why an archive is not unpacked."""
        with self.assertRaises(permitted.Refused) as raised:
            permitted.unpack(its, self.code)
        self.assertFalse(self.code.exists())
        return str(raised.exception)

    def test_what_was_permitted_is_unpacked(self) -> None:
        for its in (archive("first"), archive("second")):
            permitted.permit(its)
        permitted.unpack(archive("first"), self.code)
        self.assertEqual((self.code / "bootstrap").read_text(), "first")
        self.assertEqual([path.name for path in self.folder.iterdir() if path != self.list.parent], ["code"])

    def test_a_foreign_archive_is_refused_by_its_digest(self) -> None:
        foreign = archive("foreign")
        for permit in (False, True):  # without a list, and with one that lacks it
            if permit:
                permitted.permit(archive("ours"))
            refusal = self.refusal(foreign)
            self.assertIn(hashlib.sha256(foreign).hexdigest(), refusal)
            self.assertIn("was not uploaded by localstack/deploy", refusal)

    def test_an_archive_that_only_begins_like_a_permitted_one_is_refused(self) -> None:
        # A zip is read from its end.
        permitted.permit(archive("ours"))
        self.refusal(archive("ours") + archive("foreign"))

    def test_only_its_owner_can_write_the_list(self) -> None:
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        permitted.permit(archive("ours"))
        self.assertEqual(self.list.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.list.parent.stat().st_mode & 0o022, 0)
        for mode in (0o620, 0o602):
            self.list.chmod(mode)
            self.assertIn("other users", self.refusal(archive("ours")))

    def test_a_list_of_another_user_permits_nothing(self) -> None:
        permitted.permit(archive("ours"))
        with mock.patch.object(os, "geteuid", return_value=os.geteuid() + 1):
            self.assertIn("other users", self.refusal(archive("ours")))

    def test_an_archive_is_listed_once(self) -> None:
        for _ in range(2):
            permitted.permit(archive("ours"))
        self.assertEqual(self.list.read_text(), f"{hashlib.sha256(archive('ours')).hexdigest()}\n")

    def test_a_permitted_archive_gets_no_variable_that_makes_it_run_other_code(self) -> None:
        foreign = {"LD_PRELOAD": "/tmp/foreign.so", "GCONV_PATH": "/tmp", "PATH": "/tmp", "BASH_ENV": "/tmp/foreign"}
        self.assertEqual(permitted.variables(foreign | {"RUST_LOG": "INFO"}), {"RUST_LOG": "INFO"})

    def test_all_variables_of_the_template_pass(self) -> None:
        template = (Path(__file__).parents[2] / "template.yaml").read_text()
        blocks = re.findall(r"^( +)Variables:\n((?:\1 +.*\n)+)", template, re.M)
        names = [name for _, block in blocks for name in re.findall(r"^ +(\w+):", block, re.M)]
        self.assertIn("DATABASE_URL_SECRET", names)
        self.assertEqual(list(permitted.variables(dict.fromkeys(names, ""))), list(dict.fromkeys(names)))


if __name__ == "__main__":
    unittest.main()
