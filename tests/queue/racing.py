"""Claims of one scan at the same moment, each person in a process of their own. Prints what came
of each round: a program by itself, because it forks, and commits to databases of its own."""

import json
import os
import tempfile
from datetime import timedelta
from pathlib import Path

ROUNDS = 12
PEOPLE = 4


def main():
    import django

    django.setup()
    from tests.crashes import databases

    results = []
    with (
        tempfile.TemporaryDirectory() as folder,
        databases.own_databases(Path(folder)),
    ):
        for start in STARTS:
            for _ in range(ROUNDS):
                databases.empty()
                results.append({"start": start, **race(start)})
    print(json.dumps(results))


STARTS = ("nobody has it", "somebody had it, whose time is up", "somebody has it")


def race(start):
    """Who got it, by number, and who has it then."""
    from django.contrib.auth import get_user_model
    from django.db import connections
    from django.utils import timezone

    from django_nsfw.models import Claim
    from django_nsfw.queue import claims
    from tests.crashes import databases
    from tests.test_models import scan

    one = scan(status="held", quarantine_name="held/1")
    one.save()
    users = get_user_model().objects
    people = [
        users.get_or_create(username=name)[0]
        for name in ("absent", *(f"person {number}" for number in range(PEOPLE)))
    ]
    if start != "nobody has it":
        claims.claim(one, people[0])
    if start.endswith("time is up"):
        Claim.objects.update(until=timezone.now() - timedelta(seconds=1))
    connections.close_all()
    start_reader, begin = os.pipe()
    said, children = [], []
    for user in people[1:]:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            Claim.objects.exists()  # connected before any of them begins
            os.write(writer, b"ready\n")
            os.read(start_reader, 1)
            try:
                made = claims.claim(one, user)
                os.write(writer, b"mine" if made and made.user_id == user.pk else b"not mine")
            except Exception as error:  # noqa: BLE001 - reported to the parent
                os.write(writer, repr(error).encode())
            os._exit(0)
        os.close(writer)
        children.append(child)
        said.append(os.fdopen(reader))
    for pipe in said:
        assert pipe.readline() == "ready\n"
    os.write(begin, b"go for all")
    outcomes = [pipe.read() for pipe in said]
    for child in children:
        os.waitpid(child, 0)
    for pipe in said:
        pipe.close()
    os.close(start_reader)
    os.close(begin)
    databases.wait_for_the_dead()
    held_by = [claim.user_name for claim in claims.holders([one]).values()]
    return {"outcomes": outcomes, "held_by": held_by}


if __name__ == "__main__":
    main()
