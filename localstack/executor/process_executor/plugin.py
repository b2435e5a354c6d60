"""What LocalStack sees: an executor named `process`, and a gateway that listens where it is told."""

import contextlib
import functools
import io
import json
from pathlib import Path

from localstack import config
from localstack.runtime import hooks
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult, S3Code
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from . import permitted
from .environment import HOST, Environment, Outcome


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"  # what LAMBDA_RUNTIME_EXECUTOR says

    def load(self, *args, **kwargs):
        return ProcessExecutor


@hooks.on_infra_start()
def listen_where_told():
    """LocalStack takes only the port from an IPv4 GATEWAY_LISTEN and listens on every address of the machine."""
    from twisted.internet import endpoints

    host = config.GATEWAY_LISTEN[0].host
    endpoints.TCP4ServerEndpoint = functools.partial(endpoints.TCP4ServerEndpoint, interface=host)


class Refusal:
    """In place of an environment: each invocation is told why there is none."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def invoke(self, request_id: str, *_event) -> Outcome:
        body = json.dumps({"errorType": "Refused", "errorMessage": self.reason})
        return Outcome(body.encode(), failed=True, logs=f"RequestId: {request_id} Error: {self.reason}\n")

    def stop(self) -> None:
        pass


class ProcessExecutor(RuntimeExecutor):
    """One execution environment."""

    environment: Environment | Refusal | None = None

    def start(self, env_vars: dict[str, str]) -> None:
        # The process starts with the first invocation: LocalStack drops the logs of a start that fails.
        try:
            folder = unpacked(self.function_version)
        except permitted.Refused as refused:
            self.environment = Refusal(str(refused))
            return
        variables = permitted.variables({name: str(value) for name, value in env_vars.items()})
        timeout, memory = self.function_version.config.timeout, self.function_version.config.memory_size
        self.environment = Environment(folder, variables, int(timeout), int(memory))

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        request_id = payload["invoke-id"]
        outcome = self.environment.invoke(
            request_id, payload["payload"].encode(), payload["invoked-function-arn"], payload["trace-id"]
        )
        return InvocationResult(request_id, outcome.body, is_error=outcome.failed, logs=outcome.logs)

    def stop(self) -> None:
        if self.environment:
            self.environment.stop()

    def get_logs(self) -> str:
        return ""  # all went out with the invocations

    def get_address(self) -> str:
        return HOST

    def get_endpoint_from_executor(self) -> str:
        return HOST

    def get_runtime_endpoint(self) -> str:
        return ""  # LocalStack's own init would call back there; functions speak with Environment instead

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        # LocalStack says nothing of a preparation that fails but that Docker may be missing: the invocation tells.
        with contextlib.suppress(permitted.Refused):
            unpacked(function_version)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        pass


def unpacked(function_version: FunctionVersion) -> Path:
    """The folder of a function's code."""
    code = function_version.config.code
    # Else it is an image, or a folder of this machine that somebody has named, which LocalStack calls hot reloading.
    if type(code) is not S3Code:
        raise permitted.Refused("the function's code is no archive, and so was not uploaded by localstack/deploy")
    folder = Path(code.get_unzipped_code_location())
    with code._disk_lock:
        if not folder.exists():
            # Not LocalStack's own unpacking: anybody may overwrite the object in its bucket at any time.
            archive = io.BytesIO()
            code._download_archive_to_file(archive)
            permitted.unpack(archive.getvalue(), folder)
    return folder
