"""What LocalStack sees: an executor named `process`, and a gateway that listens where it is told."""

import functools
from pathlib import Path

from localstack import config
from localstack.runtime import hooks
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from .environment import HOST, Environment


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


class ProcessExecutor(RuntimeExecutor):
    """One execution environment."""

    environment: Environment | None = None

    def start(self, env_vars: dict[str, str]) -> None:
        # The process starts with the first invocation: LocalStack drops the logs of a start that fails.
        folder = Path(self.function_version.config.code.get_unzipped_code_location())
        variables = {name: str(value) for name, value in env_vars.items()}
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
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        pass
