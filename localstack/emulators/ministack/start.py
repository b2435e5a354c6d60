"""Starts MiniStack such that it runs only what localstack/deploy has uploaded, as the executor in LocalStack does."""

import hashlib
import tempfile
from pathlib import Path

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import lambda_svc
from process_executor import permitted

CODE = Path(tempfile.gettempdir()) / "code"
without_reserved = lambda_svc._runtime_env_vars


def unpacked(archive: bytes) -> str:
    """The folder of a function's code."""
    folder = CODE / hashlib.sha256(archive).hexdigest()
    with lambda_svc._provided_code_lock:
        if not folder.exists():
            permitted.unpack(archive, folder)
            (folder / "bootstrap").chmod(0o755)
    return str(folder)


def variables(config: dict) -> dict[str, str]:
    return permitted.variables(without_reserved(config))


def refuse(*_function) -> dict:
    message = "only functions that localstack/deploy has uploaded run here, as processes"
    return {"body": {"errorType": "Refused", "errorMessage": message}, "error": True, "log": message}


lambda_svc._provided_runtime_code_dir = unpacked
lambda_svc._runtime_env_vars = variables
# All other ways to run something: other runtimes, Docker, and what a function's own variables name.
lambda_runtime._worker_class_for = lambda _config: lambda_runtime.ProvidedWorker
for way in ("docker", "local", "warm", "proxy", "provided"):
    setattr(lambda_svc, f"_execute_function_{way}", refuse)

if __name__ == "__main__":
    app.main()
