#!/usr/bin/env python3
"""Tests that raw objects outlive LocalStack: `target/localstack/python/bin/python localstack/objects/restart_test.py`.

It kills LocalStack and starts it again, first S3 alone and then, by localstack/run, all of template.yaml. The second
needs what that needs, and starts a simulated portal and a Postgres once for both, with `cargo run -- serve`, or that of
the `cenovka` that CENOVKA_BIN names, unless DATABASE_URL and CENOVKA_PORTAL_URL name others.
"""

import contextlib
import itertools
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from collections.abc import Callable
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
BUCKET = "cenovka-raw-000000000000-eu-central-1"
LOCATION = {"LocationConstraint": "eu-central-1"}
ACCOUNT = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-central-1"}
KEY = "raw/sreality/flats-sale/praha-7/walk.jsonl.zst"
WALK = os.urandom(700_000)  # more than LocalStack keeps in memory
CONTENTS = (REPOSITORY / "tests/compose/contents.sql").read_text()
PATIENCE = 120


class Server:
    """A program that serves LocalStack on a port that was free."""

    def __init__(self, at_the_end: Callable, command: list, environment: Callable[[int], dict]) -> None:
        self.port = free_port()
        command = [str(word).format(port=self.port) for word in command]
        log = tempfile.TemporaryFile("w+")
        at_the_end(log.close)
        self.process = subprocess.Popen(
            command, env=os.environ | environment(self.port), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            cwd=REPOSITORY, start_new_session=True,
        )  # fmt: skip
        at_the_end(self.kill)
        until("LocalStack is ready", lambda: self.ready(log))

    def ready(self, log) -> bool:
        if self.process.poll() is not None:
            log.seek(0)
            raise AssertionError(log.read())
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_localstack/init/ready") as answer:
                state = json.load(answer)
                return state["completed"] and all(script["state"] == "SUCCESSFUL" for script in state["scripts"])
        return False

    def kill(self) -> None:
        """As `kill -9` does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def client(self, service: str):
        config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, read_timeout=PATIENCE)
        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{self.port}", config=config, **ACCOUNT)


class S3Test(unittest.TestCase):
    """S3 alone. Each test has a bucket, made as CloudFormation makes the raw bucket."""

    numbers = itertools.count()

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.start()

    @classmethod
    def start(cls) -> None:
        shutil.rmtree(cls.folder / "localstack", ignore_errors=True)
        (cls.folder / "localstack").mkdir()
        cls.server = Server(cls.addClassCleanup, [sys.executable, "-m", "localstack.runtime.main"], cls.environment)

    @classmethod
    def environment(cls, port: int) -> dict[str, str]:
        return {
            "GATEWAY_LISTEN": f"127.0.0.1:{port}", "LOCALSTACK_HOST": f"127.0.0.1:{port}", "DNS_ADDRESS": "0",
            "DISABLE_EVENTS": "1", "SKIP_SSL_CERT_DOWNLOAD": "1", "SQS_ENDPOINT_STRATEGY": "path",
            "OVERRIDE_IN_DOCKER": "0", "FILESYSTEM_ROOT": str(cls.folder / "localstack"),
            "TMPDIR": str(cls.folder / "localstack"), "PYTHONPATH": f"{HERE.parent / 'executor'}:{HERE}",
            "PROVIDER_OVERRIDE_S3": "kept", "CENOVKA_OBJECTS": str(cls.folder / "objects"),
        }  # fmt: skip

    def setUp(self) -> None:
        self.bucket = f"cenovka-raw-{next(self.numbers)}"
        self.files = self.folder / "objects" / self.bucket
        self.make_bucket()

    def make_bucket(self) -> None:
        self.s3, self.sqs = self.server.client("s3"), self.server.client("sqs")
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=LOCATION)
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self.queue = self.sqs.create_queue(QueueName=self.bucket)["QueueUrl"]
        arn = f"arn:aws:sqs:eu-central-1:000000000000:{self.bucket}"
        wanted = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
        self.s3.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration=wanted)

    def restart(self) -> None:
        self.server.kill()
        self.start()
        self.make_bucket()

    def put(self, key: str = KEY, body: bytes = WALK, **options) -> dict:
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **options)

    def get(self, key: str = KEY, **options) -> dict:
        """What S3 tells of an object, and its bytes."""
        told = self.s3.get_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED", **options)
        told["Body"] = told["Body"].read()
        told.pop("ResponseMetadata")
        return told

    def refusal(self, act: Callable, **arguments) -> str:
        with self.assertRaises(ClientError) as raised:
            act(**arguments)
        return raised.exception.response["Error"]["Code"]

    def keys(self) -> list[str]:
        return [found["Key"] for found in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def events(self) -> list[str]:
        """Keys in the events that were sent."""
        keys = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=1).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                keys += [record["s3"]["object"]["key"] for record in json.loads(message["Body"]).get("Records", [])]
        return keys

    def test_an_object_is_the_same_after_a_kill_and_is_told_of_once(self) -> None:
        self.put(ContentType="application/jsonl", ContentEncoding="zstd", Metadata={"by": "test"},
                 ChecksumAlgorithm="CRC32", IfNoneMatch="*")  # fmt: skip
        self.put("decisions/a b+č.json", b"{}")
        self.put("empty", b"")
        self.assertEqual((self.files / KEY).read_bytes(), WALK)
        self.assertEqual(self.events(), [KEY, "decisions/a%20b%2B%C4%8D.json", "empty"])
        before = {key: self.get(key) for key in self.keys()}
        listed = self.s3.list_objects_v2(Bucket=self.bucket)["Contents"]
        for _ in range(2):
            self.restart()
            self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket)["Contents"], listed)
            for key, told in before.items():
                # Only the version's name is another.
                self.assertEqual(self.get(key) | {"VersionId": told["VersionId"]}, told)
            self.assertEqual(self.get(Range="bytes=5-9")["Body"], WALK[5:10])
            self.assertEqual(self.refusal(self.put, body=b"other", IfNoneMatch="*"), "PreconditionFailed")
            self.assertEqual(self.events(), [])
        self.assertEqual(self.get()["Body"], WALK)
        self.put("new", b"new")
        self.assertEqual(self.events(), ["new"])

    def test_the_last_version_is_kept_and_earlier_ones_until_the_end(self) -> None:
        self.put("pause.json", b"1")
        self.put("pause.json", b"2")
        self.restart()  # what is overwritten next comes from the folder
        for body in (b"3", b"4"):
            earlier = self.get("pause.json")
            etag = self.put("pause.json", body)["ETag"]
            self.assertEqual(self.get("pause.json", VersionId=earlier["VersionId"]), earlier)
            told = self.get("pause.json")
            self.assertEqual((told["Body"], told["ETag"]), (body, etag))
        self.restart()
        self.assertEqual(self.get("pause.json")["Body"], b"4")
        versions = self.s3.list_object_versions(Bucket=self.bucket)["Versions"]
        self.assertEqual([version["ETag"] for version in versions], [etag])

    def test_what_was_deleted_stays_deleted_and_can_be_had_back_until_the_end(self) -> None:
        for key in ("a", "b", "c d+č", "d"):
            self.put(key, key.encode())
        self.restart()
        self.s3.delete_object(Bucket=self.bucket, Key="a")
        marker = self.s3.delete_object(Bucket=self.bucket, Key="b")["VersionId"]
        self.s3.delete_object(Bucket=self.bucket, Key="b", VersionId=marker)
        self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": "c d+č"}]})
        self.s3.delete_object(Bucket=self.bucket, Key="d", VersionId=self.get("d")["VersionId"])
        self.assertEqual(self.get("a", VersionId="null")["Body"], b"a")
        for killed in (False, True):
            if killed:
                self.restart()
            self.assertEqual(self.keys(), ["b"])
            self.assertEqual(self.get("b")["Body"], b"b")
            self.assertEqual(self.refusal(self.get, key="a"), "NoSuchKey")
        self.put("a", b"again", IfNoneMatch="*")
        self.assertEqual(self.keys(), ["a", "b"])

    def test_copies_and_objects_of_several_parts_are_kept(self) -> None:
        self.put(ContentType="application/jsonl")
        source = {"Bucket": self.bucket, "Key": KEY}
        self.s3.copy_object(Bucket=self.bucket, Key="copy", CopySource=source)
        anew = {"MetadataDirective": "REPLACE", "ContentType": "a/b"}
        self.s3.copy_object(Bucket=self.bucket, Key=KEY, CopySource=source, **anew)
        upload = {"Bucket": self.bucket, "Key": "parts"}
        upload["UploadId"] = self.s3.create_multipart_upload(**upload)["UploadId"]
        bodies = [bytes(5 * 2**20), b"end"]
        parts = [
            {"PartNumber": part, "ETag": self.s3.upload_part(**upload, PartNumber=part, Body=body)["ETag"]}
            for part, body in enumerate(bodies, start=1)
        ]
        etag = self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})["ETag"]
        before = {key: self.get(key) for key in self.keys()}
        self.assertEqual(list(before), ["copy", "parts", KEY])
        self.assertEqual((before["parts"]["ETag"], before["parts"]["Body"]), (etag, b"".join(bodies)))
        self.assertEqual((before[KEY]["ContentType"], before[KEY]["Body"]), ("a/b", WALK))
        self.restart()
        for key, told in before.items():
            self.assertEqual(self.get(key) | {"VersionId": told["VersionId"]}, told)

    def test_an_object_that_cannot_be_kept_is_not_there(self) -> None:
        self.put("a", b"a")
        self.events()
        self.assertEqual(self.refusal(self.put, key="a/below"), "InternalError")
        self.assertEqual(self.keys(), ["a"])
        self.assertEqual(self.events(), [])

    def test_a_file_that_somebody_put_there_is_an_object_after_the_next_start(self) -> None:
        self.put(ChecksumAlgorithm="CRC64NVME")
        walk = self.get()
        for key in ("raw/by-hand", KEY):
            (self.files / key).write_bytes(b"by hand")
        self.put("reference", b"by hand", ChecksumAlgorithm="CRC64NVME")
        reference = self.get("reference")
        self.restart()
        for key in ("raw/by-hand", KEY):
            told = self.get(key)
            self.assertEqual((told["Body"], told["ETag"]), (b"by hand", reference["ETag"]))
            self.assertEqual(told["ChecksumCRC64NVME"], reference["ChecksumCRC64NVME"])
        self.assertNotEqual(told["ETag"], walk["ETag"])

    def test_other_buckets_are_not_kept(self) -> None:
        self.s3.create_bucket(Bucket="cenovka-code", CreateBucketConfiguration=LOCATION)
        self.s3.put_object(Bucket="cenovka-code", Key="function.zip", Body=b"code")
        self.assertEqual(self.s3.get_object(Bucket="cenovka-code", Key="function.zip")["Body"].read(), b"code")
        self.assertFalse(list((self.folder / "objects").rglob("*code*")))


class StackTest(unittest.TestCase):
    """All of template.yaml, as localstack/run runs it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        # Of root's, Postgres runs as somebody else, who must be able to enter it.
        self.folder.chmod(0o755)
        self.settings = self.surroundings()
        self.start()

    def surroundings(self) -> dict[str, str]:
        """Settings of a portal and a warehouse that outlive LocalStack."""
        names = ("DATABASE_URL", "CENOVKA_PORTAL_URL")
        if all(os.environ.get(name) for name in names):
            return {name: os.environ[name] for name in names}
        cargo = ["cargo", "run", "--quiet", "--locked", "--package", "cenovka", "--"]
        built = os.environ.get("CENOVKA_BIN")
        command = [*([built] if built else cargo), "serve"]
        environment = os.environ | {"CENOVKA_DATA_DIR": str(self.folder / "serve")}
        serving = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=REPOSITORY)
        self.addCleanup(lambda: (serving.send_signal(signal.SIGINT), serving.communicate()))
        settings = {}
        for line in map(bytes.decode, serving.stdout):
            if line.startswith("#"):
                return {name: settings[name] for name in names}
            name, value = line.removeprefix("export ").split("=", 1)
            settings[name] = shlex.split(value)[0]
        raise AssertionError("`cenovka serve` has ended; above it says why")

    def start(self) -> None:
        command = [REPOSITORY / "localstack/run", "--port", "{port}", "--folder", self.folder / "run"]
        # What is not asked for by this test does not happen while it runs.
        settings = self.settings | {"CENOVKA_SMALL_RATE": "rate(7 days)", "CENOVKA_REQUESTS_PER_SECOND": "1000"}
        self.server = Server(self.addCleanup, command, lambda _: settings)

    def invoke(self, function: str, **event) -> dict:
        invoked = self.server.client("lambda").invoke(FunctionName=f"cenovka-{function}", Payload=json.dumps(event))
        answer = json.load(invoked["Payload"])
        self.assertNotIn("FunctionError", invoked, answer)
        return answer

    def collect(self, *segments: str) -> list[str]:
        """Walks segments, waits until they are loaded, and returns their keys."""
        keys = [walk["key"] for walk in self.invoke("collector", segments=segments)["walks"]]
        until("the walks are loaded", lambda: set(keys) <= {row.split("|")[0] for row in self.ledger()})
        return keys

    def sql(self, query: str) -> list[str]:
        command = ["psql", self.settings["DATABASE_URL"], "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        said = subprocess.run([*command, "--command", query], capture_output=True, text=True, check=False)
        self.assertEqual(said.returncode, 0, said.stderr)
        return said.stdout.splitlines()

    def ledger(self) -> list[str]:
        return self.sql("select key, loaded_at from warehouse.walk order by key")

    def objects(self) -> list[tuple]:
        listed = self.server.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
        return [(found["Key"], found["ETag"], found["Size"], found["LastModified"]) for found in listed]

    def loads(self) -> int:
        """How often the loader was invoked since LocalStack's start."""
        wanted = {"logGroupName": "/aws/lambda/cenovka-loader", "filterPattern": "START"}
        pages = self.server.client("logs").get_paginator("filter_log_events").paginate(**wanted)
        return sum(event["message"].startswith("START ") for page in pages for event in page["events"])

    def test_a_kill_loses_no_raw_object_and_loads_none_twice_and_from_them_the_warehouse_is_made_again(self) -> None:
        keys = self.collect("flats-sale/praha-7", "flats-rent/praha-7", "houses-rent/praha-6")
        beside = {"Bucket": BUCKET, "Key": "beside/raw.json", "Body": b"{}"}
        self.server.client("s3").put_object(**beside)
        objects, ledger = self.objects(), self.ledger()
        until("each was loaded", lambda: self.loads() == len(keys))
        for key in [*keys, beside["Key"]]:
            self.assertTrue((self.folder / "run/objects" / BUCKET / key).is_file(), key)

        self.server.kill()
        self.start()
        self.assertEqual(self.objects(), objects)
        with self.assertRaises(ClientError) as raised:
            self.server.client("s3").put_object(**beside | {"Key": keys[0]}, IfNoneMatch="*")
        self.assertEqual(raised.exception.response["Error"]["Code"], "PreconditionFailed")
        # The event of this walk comes after any of what was put back.
        [new] = self.collect("flats-sale/praha-6")
        self.assertEqual(self.loads(), 1)
        self.assertEqual([row for row in self.ledger() if not row.startswith(new)], ledger)
        missing = self.invoke("reconciler", older_than_minutes=0, dry_run=True)
        self.assertEqual(missing["missing"], 0, missing)

        before = self.sql(CONTENTS)
        self.sql("drop schema warehouse, mart cascade")
        self.assertEqual(self.sql(CONTENTS), [])
        self.server.kill()
        shutil.rmtree(self.folder / "run/objects/.headers")  # nor are they needed
        self.start()  # which lets the migrator make the schema
        self.assertEqual(self.ledger(), [])
        report = self.invoke("reconciler", older_than_minutes=0)
        self.assertEqual((report["loaded"], report["left"]), (len(keys) + 1, 0), report)
        self.assertEqual(self.sql(CONTENTS), before)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.1)


if __name__ == "__main__":
    unittest.main()
