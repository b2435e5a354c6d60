"""A running emulator, and what probes make in it. Needs boto3, which each emulator's environment has."""

import functools
import io
import itertools
import json
import sys
import threading
import time
import uuid
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "executor"))
from process_executor import permitted  # noqa: E402

ACCOUNT = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-central-1"}
TIMEOUT = 5
ROLE = "arn:aws:iam::000000000000:role/probes"


class Never(Exception):
    """What a probe waits for did not happen."""


class Emulator:
    def __init__(self, endpoint: str, folder: str | Path) -> None:
        # Nothing is tried again: a probe sees each answer.
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, max_pool_connections=64)
        services = ["s3", "lambda", "sqs", "events", "logs", "cloudwatch", "secretsmanager", "cloudformation"]
        clients = (boto3.client(name, endpoint_url=endpoint, config=config, **ACCOUNT) for name in services)
        self.s3, self.lambda_, self.sqs, self.events = itertools.islice(clients, 4)
        self.logs, self.cloudwatch, self.secrets, self.cloudformation = clients
        self.notes_file = Path(folder, "notes")
        self.notes_file.touch()
        self.code = zipped((HERE / "function").read_bytes())
        permitted.permit(self.code)
        self.prefix, self.numbers, self.lock = f"probes-{uuid.uuid4().hex[:6]}", itertools.count(), threading.Lock()

    def name(self) -> str:
        return f"{self.prefix}-{next(self.numbers)}"

    def bucket(self) -> str:
        name = self.name()
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": ACCOUNT["region_name"]})
        return name

    def queue(self, **attributes: str) -> tuple[str, str]:
        """A queue's URL and ARN."""
        url = self.sqs.create_queue(QueueName=self.name(), Attributes=attributes)["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def message(self, url: str, seconds: float = 30) -> dict:
        """The next message, as what its JSON says."""

        def received():
            return self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")

        return json.loads(until(received, seconds)[0]["Body"])

    def function(self, reserved: int | None = None, code: bytes | None = None) -> str:
        """A function like `function` beside this file, and its name."""
        name = self.name()
        self.lambda_.create_function(
            FunctionName=name, Runtime="provided.al2023", Handler="bootstrap", Role=ROLE, Timeout=TIMEOUT,
            Code={"ZipFile": code or self.code}, Environment=self.environment("first"),
        )  # fmt: skip
        self.lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        if reserved is not None:
            self.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
        return name

    def environment(self, setting: str) -> dict:
        return {"Variables": {"CENOVKA_NOTES": str(self.notes_file), "CENOVKA_SETTING": setting}}

    def arn(self, function: str) -> str:
        return self.lambda_.get_function_configuration(FunctionName=function)["FunctionArn"]

    def invoke(self, function: str, **event) -> dict:
        """The function's answer, with FunctionError in it if Lambda says so."""
        answer = self.lambda_.invoke(FunctionName=function, Payload=json.dumps(event))
        body = json.load(answer["Payload"]) or {}
        return body | {name: answer[name] for name in ["FunctionError"] if name in answer}

    def send(self, function: str, **event) -> None:
        self.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))

    def failure(self, **event) -> dict:
        """The record in the failure queue of an asynchronous invocation that fails and is not tried again."""
        (url, arn), function = self.queue(), self.function()
        self.lambda_.put_function_event_invoke_config(
            FunctionName=function, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
        )
        self.send(function, **event)
        return self.message(url)

    def notes(self, function: str) -> list[dict]:
        """The events that the function got, in their order."""
        lines = self.notes_file.read_text().splitlines()
        return [note for note in map(json.loads, lines) if note["function"] == function]

    def noted(self, function: str, number: int = 1, seconds: float = 20) -> list[dict]:
        """Its notes, once there are so many."""
        until(lambda: len(self.notes(function)) >= number, seconds)
        return self.notes(function)

    def notify(self, bucket: str, function: str, **rules: str) -> None:
        """Has each put of a key with this prefix and suffix start the function."""
        account, arn = ROLE.split(":")[4], self.arn(function)
        self.lambda_.add_permission(
            FunctionName=function, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
            SourceArn=f"arn:aws:s3:::{bucket}", SourceAccount=account,
        )  # fmt: skip
        filters = {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules.items()]}}
        started = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": filters}
        configuration = {"LambdaFunctionConfigurations": [started]}
        self.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)

    def event_of_put(self, key: str, body: bytes = b"body") -> dict:
        """The S3 event of an object that is put."""
        bucket, function = self.bucket(), self.function()
        self.notify(bucket, function)
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        return self.noted(function)[0]["event"]["Records"][0]

    def stack(self) -> str:
        """The name of the stack of template.yaml, and of most that is in it; deployed once, and once updated."""
        with self.lock:
            return self._stack

    @functools.cached_property
    def _stack(self) -> str:
        name, code = self.name(), self.bucket()
        self.s3.put_object(Bucket=code, Key="code.zip", Body=self.code)
        parameters = {"Name": name, "CodeBucket": code, "Notes": str(self.notes_file)}
        for act, rate, digest in (("create", "rate(1 hour)", "one"), ("update", "rate(2 hours)", "two")):
            parameters |= {"Rate": rate, "Digest": digest}
            getattr(self.cloudformation, f"{act}_stack")(
                StackName=name, TemplateBody=(HERE / "template.yaml").read_text(),
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            )  # fmt: skip
            try:
                waiter = self.cloudformation.get_waiter(f"stack_{act}_complete")
                waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
            except WaiterError:
                raise Never(f"{act} of the stack fails") from None
        return name


def until(happened, seconds: float = 20):
    """What is first returned that is neither false nor empty."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := happened():
            return result
        time.sleep(0.2)
    raise Never("no")


def error_of(call, **arguments) -> str | None:
    """The code of the error that a call is answered with."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def zipped(bootstrap: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, bootstrap)
    return buffer.getvalue()
