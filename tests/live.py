"""The real site, started as people start it, for tests that look at it from outside.

`live` is `make run`'s single process on SQLite; `live_distributed` is a larger installation:
PostgreSQL, Redis, a web process, a runner and the timetable, each of which can be killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests import elsewhere, servers

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 180
LOG_TAIL = 6000
SHARED = Path(tempfile.gettempdir()) / f"agorithm-shared-{os.getuid()}"
SLOW_TO_MAKE = ("runtimes", "environments")
"""Copies of interpreters and installed dependencies, named by their content: made once for all."""


@dataclass(frozen=True)
class Person:
    """An account that the tests may use up."""

    name: str
    email: str
    password: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Simple {self.key}"}


@dataclass
class Process:
    """One process of a site, which can be killed and started again."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def kill(self) -> None:
        """As the kernel would: no chance to tidy up."""
        assert self.running is not None
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()

    def stop(self) -> None:
        if self.running is None or self.running.poll() is not None:
            return
        self.running.terminate()
        try:
            self.running.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass
class Site:
    """A running site: where it is, whom it knows, and what it said."""

    url: str
    folder: Path
    environment: dict[str, str]
    processes: dict[str, Process] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    """Whom `person` has made, by name: their passwords are told once."""

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        return "\n".join(
            f"--- {name}\n{process.log.read_text(errors='replace')}"
            for name, process in self.processes.items()
        )

    def manage(self, *arguments: str) -> str:
        """Run a management command on the site's database and files; give what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def person(self, name: str, *options: str) -> Person:
        """Make somebody new, or give somebody made before another key."""
        made = json.loads(self.manage("add_person", name, "--keep", *options))
        known = self.people.get(name)
        password = made.get("password") or (known.password if known else "")
        self.people[name] = Person(made["name"], made["email"], password, made["key"])
        return self.people[name]

    def add(
        self, name: str, *command: str, within: Sequence[str] = (), **environment: str
    ) -> Process:
        process = Process(
            [*within, sys.executable, *command],
            self.environment | environment,
            self.folder / f"{name}.log",
        )
        self.processes[name] = process
        process.start()
        return process

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        answer = "nothing"
        while time.monotonic() < deadline:
            assert all(
                process.running is not None and process.running.poll() is None
                for process in self.processes.values()
            ), f"A process of the site ended by itself:\n{self.log[-LOG_TAIL:]}"
            with contextlib.suppress(httpx.TransportError):
                response = httpx.get(f"{self.url}/readyz", timeout=5)
                if response.status_code == 200:
                    return
                answer = response.text
            time.sleep(0.1)
        raise AssertionError(f"The site is not ready: {answer}\n{self.log[-LOG_TAIL:]}")

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.stop()


@pytest.fixture(scope="session")
def live() -> Iterator[Site]:
    """The whole site as one process, as `make run` starts it. One per pytest worker."""
    with single() as running:
        yield running


@pytest.fixture(scope="module")
def live_distributed() -> Iterator[Site]:
    """The site as several processes on PostgreSQL and Redis. One per module: tests kill parts."""
    with (
        servers.postgres() as database,
        servers.redis() as broker,
        site(DATABASE_URL=database, REDIS_URL=broker) as several,
    ):
        several.manage("migrate", "--verbosity=0")
        several.manage("collectstatic", "--no-input", "--verbosity=0")
        several.manage("sync_environments")
        start_runner(several)
        port = httpx.URL(several.url).port
        several.add("web", "manage.py", "serve", "--port", str(port))
        several.add(
            *("beat", "-m", "celery", "-A", "marketplace", "beat"),
            *("--schedule", str(several.folder / "beat")),
        )
        several.wait_until_ready()
        yield several


@contextlib.contextmanager
def single(shared: Sequence[str] = SLOW_TO_MAKE, **environment: str) -> Iterator[Site]:
    """Such a site of one's own, with these variables in its environment."""
    with site(shared, **environment) as alone:
        shutil.copy(_migrated(alone), alone.data_dir / "site.sqlite3")
        start_server(alone)
        yield alone


def start_server(single: Site, *within: str, **environment: str) -> Process:
    """The single process that `make run` starts, perhaps by a program such as nsenter."""
    port = httpx.URL(single.url).port
    command = ("manage.py", "serve", "--set-up", "--port", str(port))
    process = single.add("server", *command, within=within, **environment)
    single.wait_until_ready()
    return process


def start_runner(
    several: Site, name: str = "runner", *, within: Sequence[str] = (), **environment: str
) -> Process:
    """A runner of its own: builds, sandboxes and asynchronous calls."""
    return several.add(
        *(name, "-m", "celery", "-A", "marketplace", "worker"),
        *("--queues", "build,call,default", "--pool", "threads", "--concurrency", "8"),
        *("--hostname", f"{name}@test", "--loglevel", "WARNING"),
        within=within,
        RUNNER_ADDRESS=f"unix:{several.folder}/{name}.sock",
        **environment,
    )


@contextlib.contextmanager
def site(shared: Sequence[str] = SLOW_TO_MAKE, **environment: str) -> Iterator[Site]:
    """A folder, an address and an environment; nothing runs yet."""
    folder = Path(tempfile.mkdtemp(prefix="agorithm-live-", dir="/tmp"))  # short: sockets lie in it
    folder.chmod(0o755)
    new = Site(f"http://127.0.0.1:{servers.free_port()}", folder, {})
    new.environment = _environment(new) | environment
    _share(new.data_dir, shared)
    try:
        yield new
    finally:
        new.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _environment(site: Site) -> dict[str, str]:
    """Ours without what configures a Django site, and with what makes this one."""
    ours = {
        "DATABASE_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE", "EMBEDDED", "REDIS_URL", "SECRET_KEY",
    }  # fmt: skip
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "marketplace.settings",
        "DATA_DIR": str(site.data_dir),
        "STATIC_ROOT": str(site.folder / "static"),
        "SITE_URL": site.url,
        "RUNNER_BACKEND": os.environ.get("LIVE_BACKEND", "bubblewrap"),
        "EMAIL_URL": f"filemail:///{site.folder}/mail",
        "SECRET_KEY": "only-for-tests",
        "SIGN_UPS_PER_HOUR": "10000",
        "FREE_CREDITS_PER_MONTH": "10000",
        "HOLD_SLICE_SECONDS": "2",
        "VISITOR_CALLS_PER_DAY": "10000",  # all tests of a worker are one visitor
        "PSEUDO_RTL": "1",
        "EGRESS_ALLOWED_HOSTS": elsewhere.HOST,
        "PYTHONUNBUFFERED": "1",
    }


def _migrated(site: Site) -> Path:
    """An empty database with all tables, which takes ten seconds to make: made once for all sites."""
    digest = hashlib.sha256((ROOT / "requirements" / "base.txt").read_bytes())
    for app in ("marketplace", "projects", "algorithms", "billing", "data_collections", "runners"):
        for path in sorted((ROOT / app).rglob("*.py")):
            digest.update(path.read_bytes())
    kept = SHARED / f"empty-{digest.hexdigest()[:16]}.sqlite3"
    SHARED.mkdir(parents=True, exist_ok=True)
    with (SHARED / "empty.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            for old in SHARED.glob("empty-*.sqlite3"):
                old.unlink()
            made = site.folder / "empty.sqlite3"
            manage = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
            environment = site.environment | {"DATABASE_URL": f"sqlite:///{made}"}
            subprocess.run(manage, cwd=ROOT, env=environment, check=True)
            shutil.copy(made, kept.with_suffix(".new"))
            kept.with_suffix(".new").rename(kept)
    return kept


def _share(data_dir: Path, names: Sequence[str]) -> None:
    data_dir.mkdir(parents=True)
    for name in names:
        (SHARED / name).mkdir(parents=True, exist_ok=True)
        (data_dir / name).symlink_to(SHARED / name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the site said if a test that looked at it has failed."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Site):
                report.sections.append(("The site's log", value.log[-LOG_TAIL:]))
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use: the whole site, a browser, or only the database."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & {"live", "live_distributed"}:
            item.add_marker("live")
        elif fixtures & {"db", "transactional_db"} or item.get_closest_marker("django_db"):
            item.add_marker("database")
