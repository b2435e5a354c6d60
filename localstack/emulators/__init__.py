"""The emulators of AWS that `localstack/run` can start. How it starts LocalStack itself stands there."""

import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXECUTOR = HERE.parent / "executor"
# What template.yaml needs. Others of MiniStack's services could be made to run anybody's code.
SERVICES = "s3,lambda,sqs,events,logs,monitoring,secretsmanager,cloudformation,iam,sts"


@dataclass(frozen=True)
class Emulator:
    title: str
    python: str  # that it runs on, and its lock is made for
    megabytes: int  # installed
    lock: Path
    installation: str  # folders below target/localstack
    folder: str
    kept: tuple[str, ...] = ()  # what of a folder stays for its next start; else both bucket and warehouse begin empty


EMULATORS = {
    # Raw objects and the private Postgres stay.
    "localstack": Emulator(
        "LocalStack 4.13.1", "3.11", 500, HERE.parent / "requirements.txt", "python", "run", ("objects", "cenovka")
    ),
    "ministack": Emulator(
        "MiniStack 1.5.33", "3.11", 270, HERE / "ministack/requirements.txt", "ministack", "run-ministack"
    ),
    "localemu": Emulator("LocalEmu 1.3.2", "3.13", 600, HERE / "localemu/requirements.txt", "localemu", "run-localemu"),
}


def ministack(port: int, delay: str) -> tuple[list[str], str, dict[str, str]]:
    """The arguments of Python, the path that answers once it is up, and settings."""
    return [str(HERE / "ministack/start.py")], "/_ministack/health", {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",  # in the URLs of queues
        "MINISTACK_REGION": "eu-central-1",
        "SERVICES": SERVICES,
        "IOT_MTLS_ENABLED": "0",  # else it listens on every address
        "SFTP_ENABLED": "0",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": delay,
        "PYTHONPATH": str(EXECUTOR),
    }  # fmt: skip


def localemu(port: int, delay: str) -> tuple[list[str], str, dict[str, str]]:
    """The same. Settings are LocalStack's, of which it is a fork."""
    return ["-m", "localemu.runtime.main"], "/_localemu/health", {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALEMU_HOST": f"127.0.0.1:{port}",
        "DNS_ADDRESS": "0",
        "SQS_ENDPOINT_STRATEGY": "path",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "LS_LOG": "warn",
        "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "1",
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "LAMBDA_RETRY_BASE_DELAY": delay,
        "OVERRIDE_IN_DOCKER": "0",
        "PYTHONPATH": f"{EXECUTOR}:{HERE / 'localemu'}",
    }  # fmt: skip


def start_of(name: str, folder: Path, port: int, settings: dict[str, str]) -> tuple[list[str], str, dict[str, str]]:
    """The same for either, with what both need. MiniStack hands its own variables to functions: it gets no others."""
    delay = settings.get("LAMBDA_RETRY_BASE_DELAY", "5")  # a minute in AWS
    arguments, health, own = {"ministack": ministack, "localemu": localemu}[name](port, delay)
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "FILESYSTEM_ROOT": str(folder),
        "TMPDIR": str(folder / "tmp"),
    }
    return arguments, health, environment | own
