"""The Docker daemon of tests/compose/run, docker-compose in the repository, and what its checks are written with."""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
STAND_INS = HERE / "stand-ins"
DATA = REPOSITORY / "target/compose"
PROJECT = "cenovka-test"
TOOLS = {"dockerd": "docker.io", "docker-compose": "docker-compose", "debootstrap": "debootstrap"}
BUCKET = "cenovka-raw-000000000000-eu-central-1"
# What who runs the test may have set for themselves.
OPERATORS = (
    "CENOVKA_WATCHES", "CENOVKA_CHANNEL_SECRETS", "CENOVKA_LAKE", "CENOVKA_PORTAL_PERMISSION", "CENOVKA_CONTACT",
    "CENOVKA_DASHBOARD_DATABASE",
)  # fmt: skip
PORTS = tuple(f"CENOVKA_{name}_PORT" for name in ("LOCALSTACK", "LIVE", "POSTGRES", "SUPERSET", "NOTEBOOK", "MAIL", "PAGE"))
PROFILES = ("--profile", "live", "--profile", "notebook", "--profile", "watches", "--profile", "lake")
WALKS = "select segment, complete, rows_loaded from warehouse.walk order by started_at, segment"


class Failure(Exception):
    """What is not as it should be."""


class Docker:
    """A Docker daemon of the test's own."""

    def __init__(self, running: contextlib.ExitStack) -> None:
        self.socket = DATA / "docker.sock"
        self.environment = os.environ | {
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_BUILDKIT": "1",
            # Debian's client belongs to its daemon; another one may come first.
            "PATH": f"/usr/bin:/usr/sbin:{os.environ['PATH']}",
        }
        for name in (*OPERATORS, "COMPOSE_FILE", "COMPOSE_PROFILES"):
            self.environment.pop(name, None)
        firewall = run(["iptables-save"])
        command = ["dockerd", "--host", self.environment["DOCKER_HOST"], "--data-root", DATA / "docker"]
        command += ["--exec-root", DATA / "exec", "--pidfile", DATA / "docker.pid", "--mtu", str(mtu())]
        log = running.enter_context(open(DATA / "dockerd.log", "wb"))
        daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, preexec_fn=end_with_this)

        def stop() -> None:
            daemon.terminate()
            daemon.wait()
            if "DOCKER" not in firewall:
                run(["ip", "link", "delete", "docker0"])
                run(["iptables-restore"], input=firewall)

        running.callback(stop)
        until("dockerd answers", 60, lambda: self.answers() or must(daemon.poll() is None, f"see {log.name}"))

    def answers(self) -> bool:
        return subprocess.run(["docker", "version"], env=self.environment, capture_output=True, check=False).returncode == 0

    def __call__(self, *arguments: str | Path) -> str:
        return run(["docker", *arguments], env=self.environment)

    def has(self, image: str) -> bool:
        return bool(self("images", "--quiet", image).strip())

    def bootstrap(self, release: str, image: str) -> None:
        """Makes the image of a minimal Debian, with this machine's ways to its package indexes."""
        if self.has(image):
            return
        tree = DATA / release
        shutil.rmtree(tree, ignore_errors=True)
        # What it mounts there must not outlive it, or be deleted with the tree: it gets mounts of its own.
        run(["unshare", "--mount", "debootstrap", "--variant=minbase", "--include=ca-certificates", release, tree])
        for path in ("etc/ssl/certs/ca-certificates.crt", "etc/pip.conf"):
            if Path("/", path).exists():
                shutil.copy(Path("/", path), tree / path)
        archive = subprocess.Popen(["tar", "--directory", tree, "--create", "."], stdout=subprocess.PIPE)
        run(["docker", "import", "-", image], env=self.environment, stdin=archive.stdout)
        shutil.rmtree(tree)

    def stand_in(self, name: str, image: str) -> None:
        # The compiler is this machine's, and Superset's packages are those that it is installed with without Docker.
        sysroot = run(["rustc", "--print", "sysroot"], cwd=REPOSITORY).strip()
        context = {"rust": sysroot, "superset": REPOSITORY / "superset"}.get(name, STAND_INS)
        self("build", "--tag", image, "--file", STAND_INS / f"{name}.Dockerfile", context)


class Compose:
    """docker-compose in the repository, on ports that are free."""

    def __init__(self, docker: Docker, running: contextlib.ExitStack) -> None:
        self.docker = docker
        self.environment = docker.environment | {
            name: str(free_port())
            for name in PORTS
        }
        self.files = ["--file", REPOSITORY / "compose.yaml"]
        # Of a run that was killed.
        self.clear()
        docker("volume", "prune", "--force")
        running.callback(self.clear)
        running.push(self.tell_why)

    def __call__(self, *arguments: str) -> str:
        command = ["docker-compose", "--ansi", "never", "--project-name", PROJECT, *self.files, *arguments]
        return run(command, env=self.environment, cwd=REPOSITORY)

    def clear(self) -> None:
        self(*PROFILES, "down", "--volumes", "--remove-orphans")

    def tell_why(self, kind: type | None, *_rest) -> None:
        """Prints the containers' last words if the test fails."""
        if kind is not None:
            print(self(*PROFILES, "logs", "--tail", "40"), file=sys.stderr)

    def extend(self, service: str, environment: dict[str, str]) -> None:
        extension = DATA / "extension.json"  # JSON is YAML
        extension.write_text(json.dumps({"services": {service: {"environment": environment}}}))
        self.files += ["--file", extension]

    def describe(self, service: str) -> dict:
        container = self(*PROFILES, "ps", "--all", "--quiet", service).strip()
        return json.loads(self.docker("inspect", container))[0]

    def state(self, service: str) -> dict:
        return self.describe(service)["State"]

    def until_healthy(self, service: str, seconds: float) -> None:
        until(f"{service} is healthy", seconds, lambda: self.state(service)["Health"]["Status"] == "healthy")

    def logs_in(self, user: str, password: str, database: str) -> bool:
        """Whether Postgres lets somebody in from outside."""
        url = f"postgres://{user}:{password}@127.0.0.1:{self.environment['CENOVKA_POSTGRES_PORT']}/{database}"
        query = ["psql", url, "-Atc", "select current_user"]
        done = subprocess.run(query, capture_output=True, text=True, check=False)
        return done.returncode == 0 and done.stdout.strip() == user

    def sql(self, database: str, query: str) -> list[list[str]]:
        rows = self("exec", "-T", "postgres", "psql", "-U", "postgres", "-d", database, "-Atc", query)
        return [row.split("|") for row in rows.splitlines()]

    def walks(self, database: str = "cenovka") -> list[list[str]]:
        migrated = self.sql(database, "select to_regclass('warehouse.walk') is not null") == [["t"]]
        return self.sql(database, WALKS) if migrated else []

    def loaded(self, key: str) -> bool:
        return self.sql("cenovka", f"select 1 from warehouse.walk where key = '{key}'") == [["1"]]

    def aws(self, *arguments: str, service: str = "localstack") -> dict:
        """What AWS's command line says, in the container of a LocalStack."""
        account = ["AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=eu-central-1"]
        cli = ["/opt/code/localstack/.venv/bin/aws", "--endpoint-url", "http://127.0.0.1:4566", "--output", "json"]
        return json.loads(self("--profile", "live", "exec", "-T", service, "env", *account, *cli, *arguments) or "{}")

    def notify(self, configuration: dict) -> None:
        """Tells S3 whom to send events."""
        wanted = ["--notification-configuration", json.dumps(configuration)]
        self.aws("s3api", "put-bucket-notification-configuration", "--bucket", BUCKET, *wanted)

    def collectors(self) -> int:
        """How many collectors may run at once."""
        reserved = self.aws("lambda", "get-function-concurrency", "--function-name", "cenovka-collector")
        return reserved["ReservedConcurrentExecutions"]

    def allow_collectors(self, number: int) -> None:
        function = ["--function-name", "cenovka-collector"]
        self.aws("lambda", "put-function-concurrency", *function, "--reserved-concurrent-executions", str(number))

    def invoke(self, function: str, event: dict) -> dict:
        file, payload = "/tmp/answer", json.dumps(event)
        said = self.aws("lambda", "invoke", "--function-name", f"cenovka-{function}", "--payload", payload, file)
        answer = self("exec", "-T", "localstack", "cat", file)
        must("FunctionError" not in said, f"{function} succeeds: {answer}")
        return json.loads(answer)

    def collect(self, segment: str) -> str:
        """Walks a segment, and returns its raw object's key."""
        return self.invoke("collector", {"segments": [segment]})["walks"][0]["key"]

    def failures(self) -> dict[str, dict]:
        """The next records of the failure queue, by the object that was not loaded."""
        url = self.aws("sqs", "get-queue-url", "--queue-name", "cenovka-failures")["QueueUrl"]
        received = self.aws("sqs", "receive-message", "--queue-url", url, "--max-number-of-messages", "10")
        records = [json.loads(message["Body"]) for message in received.get("Messages", [])]
        return {record["requestPayload"]["Records"][0]["s3"]["object"]["key"]: record for record in records}


def install_tools() -> None:
    if os.geteuid() != 0:
        raise Failure("it starts a Docker daemon and makes Debian trees, which takes root")
    missing = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if missing:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update"])
        run(["apt-get", "install", "--yes", "--no-install-recommends", *missing], env=environment)


def end_with_this() -> None:
    """Run in a new process before its program: the kernel ends it when this one ends, also when that is killed."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def mtu() -> int:
    """The least MTU of this machine's network interfaces: containers must not send larger packets."""
    return min(int(file.read_text()) for file in Path("/sys/class/net").glob("e*/mtu"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(command: list[str | Path], **options) -> str:
    """Runs a command and returns what it says; if it fails, that is why."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-60:])
        raise Failure(f"`{' '.join(map(str, command))}` failed:\n{said}")
    return done.stdout


def must(holds: bool, what: str) -> None:
    if not holds:
        raise Failure(f"this does not hold: {what}")


def until(what: str, seconds: float, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        must(time.monotonic() < deadline, f"{what} within {seconds:.0f} s")
        time.sleep(1)


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)
