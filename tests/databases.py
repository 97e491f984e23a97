"""Runs the suite on SQLite, what touches the database again on each server that answers on this
machine, and the suite of each host with its own settings; on the servers as well, where it has a
table.

``make test`` calls it; its arguments are pytest's. As many suites at a time as ``JOBS`` says, each
then prints what it has to say when it is done. Where ``CI`` is set, a server or a driver that is
missing is a failure. ``NEWEST`` names the Python of another environment: what needs no torch runs
there, on PostgreSQL, so that one suite sees the newest Python and Django, and a server.
"""

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

SQLITE = "SQLite"
SERVERS = {
    "PostgreSQL": (5432, "psycopg", "postgres://postgres@127.0.0.1:5432/{name}"),
    "MariaDB": (3306, "MySQLdb", "mysql://root@127.0.0.1:3306/{name}"),
}
PACKAGES = {
    "psycopg": 'pip install "psycopg[binary]"',
    "MySQLdb": "install libmariadb-dev, pkg-config and a compiler, then pip install mysqlclient",
}
BROWSERS = [  # with sites and databases of their own
    "tests/admin_pages",
    "tests/queue_pages/test_many.py",
    "tests/queue_pages/test_moving.py",
    "tests/queue_pages/test_one_by_one.py",
    "tests/reports/test_in_chromium.py",
]
BYTES = [  # what becomes of bytes in a bucket; what a crash leaves is in test_every_step.py
    "tests/s3/test_faults.py",
    "tests/s3/test_flows.py",
    "tests/s3/test_manifests.py",
    "tests/s3/test_reading.py",
    "tests/s3/test_recipe.py",
    "tests/s3/test_rescans.py",
]
WITHOUT_DATABASE = [
    "tests/asgi",  # a site with a database of its own
    "tests/detectors",  # pictures and weights
    "tests/evaluation",
    "tests/images",
    "tests/example",  # a project with a database of its own
    "tests/test_docs.py",
    "tests/test_imports.py",
    "tests/test_packaging.py",
    "tests/test_testing.py",  # what is said of a file is said before any row
    "tests/test_intervals.py",
    "tests/test_translations.py",
    "tests/training",
    "tests/upstream",  # what others test, by processes of its own
    "tests/commands/test_nsfw_train.py",  # what it reads of decisions is read by test_labelled.py
    "tests/background/engines/test_brokers.py",  # what is between the site and its engine
    "tests/background/engines/test_set_up.py",
    "tests/background/engines/test_without_workers.py",
    "tests/manifests/test_files.py",
    "tests/manifests/test_recipe.py",  # what it imports is imported on each by its own tests
    "tests/manifests/test_scoring.py",
]
Done = subprocess.CompletedProcess[str]
Suite = Callable[..., Done]
HOSTS = sorted(path.parent.name for path in Path(__file__).parent.glob("contrib/*/settings.py"))
WITH_A_TABLE = ["stored_files"]
NOTHING_SELECTED = 5
"""pytest's exit code where ``-k`` left no test."""


def main(arguments: list[str]) -> int:
    jobs = int(os.environ.get("JOBS") or 1)
    suites: dict[str, Suite] = {SQLITE: partial(run, SQLITE, "", arguments)}
    failed = []
    everything = not any(Path(argument.partition("::")[0]).exists() for argument in arguments)
    for server, (port, driver, url) in SERVERS.items():
        newest = os.environ.get("NEWEST", "") if server == "PostgreSQL" else ""
        missing = absent(port, "" if newest else driver)
        if missing:
            print(f"=== {server} is left out: {missing}", flush=True)
            if os.environ.get("CI"):
                failed.append(server)
            continue
        left_out = BROWSERS + BYTES + ([] if newest else WITHOUT_DATABASE)
        options = ["--create-db", *(f"--ignore={path}" for path in left_out)]
        options += ["-m", "not torch"] if newest else []
        database = url.format(name=f"django_nsfw_{os.getpid()}")
        python = {"python": newest} if newest else {}
        suites[server] = partial(run, server, database, [*options, *arguments], **python)
        for host in WITH_A_TABLE if everything else ():
            name, own = f"{host} on {server}", url.format(name=f"django_nsfw_{host}_{os.getpid()}")
            suites[name] = partial(
                run, name, own, ["--create-db", *of_host(host), *arguments], **python
            )
    for host in HOSTS if everything else ():
        suites[host] = partial(run, host, "", [*of_host(host), *arguments])
    failed += at_once(suites, jobs)
    if failed:
        print(f"=== failed: {', '.join(failed)}")
    return int(bool(failed))


def of_host(host: str) -> list[str]:
    return [f"--ds=tests.contrib.{host}.settings", f"tests/contrib/{host}"]


def at_once(suites: dict[str, Suite], jobs: int) -> list[str]:
    failed = []
    with ThreadPoolExecutor(jobs) as pool:
        begun = {pool.submit(suite, aside=jobs > 1): name for name, suite in suites.items()}
        for done in as_completed(begun):
            if jobs > 1:
                print(f"=== {begun[done]}\n{done.result().stdout}", flush=True)
            if done.result().returncode not in (0, NOTHING_SELECTED):
                failed.append(begun[done])
    return failed


def run(
    name: str, database: str, arguments: list[str], *, aside: bool, python: str = sys.executable
) -> Done:
    if not aside:
        print(f"=== {name}", flush=True)
    return subprocess.run(
        [python, "-m", "pytest", *arguments],
        env=os.environ | {"DATABASE_URL": database},
        stdout=subprocess.PIPE if aside else None,
        stderr=subprocess.STDOUT if aside else None,
        text=True,
        errors="replace",
        check=False,
    )


def absent(port: int, driver: str) -> str:
    """What is missing, in words; empty where nothing is. Of the driver only where it is named."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError as error:
        return f"nothing answers on 127.0.0.1:{port} ({error})"
    if driver and importlib.util.find_spec(driver) is None:
        return f"its driver is not installed ({PACKAGES[driver]})"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
