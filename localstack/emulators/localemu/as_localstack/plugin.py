"""The process executor for LocalEmu, a fork of LocalStack: the same interface, in modules of another name."""

import importlib
import sys

for name in (
    "",
    ".config",
    ".runtime",
    ".runtime.hooks",
    ".services.lambda_.invocation.lambda_models",
    ".services.lambda_.invocation.plugins",
    ".services.lambda_.invocation.runtime_executor",
):
    sys.modules[f"localstack{name}"] = importlib.import_module(f"localemu{name}")

from process_executor import plugin  # noqa: E402

listen_where_told = plugin.listen_where_told


class Executor(plugin.ProcessExecutor):
    def invoke(self, payload, function_timeout=None):
        return super().invoke(payload)  # which knows the timeout


class ExecutorPlugin(plugin.ProcessExecutorPlugin):
    namespace = "localemu.lambda.runtime_executor"

    def load(self, *args, **kwargs):
        return Executor
