#!/usr/bin/env python3
"""Tests of the execution environment: `python3 localstack/executor/test.py`. They need no LocalStack."""

import json
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

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


if __name__ == "__main__":
    unittest.main()
