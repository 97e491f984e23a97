"""The second detector on real engines: after what decides, by a worker, and nobody waits."""

import json

from tests.background.engines.processes import eventually

RED, WHITE = "red", "white"
ROWS = (
    "import json; from django_nsfw.models import ShadowScore;"
    "print(json.dumps(list(ShadowScore.objects.order_by('pk').values_list("
    "'nsfw', 'deciding_nsfw', 'attempts'))))"
)


def rows(site):
    return json.loads(site.manage("shell", "-c", ROWS).stdout.strip().splitlines()[-1])


def test_a_worker_scores_what_was_drawn_once_it_is_decided(engine, build):
    times = {"lease": 20, "deadline": 600, "queue": engine.queue}
    shadow = {"detector": "shadow", "share": 1}
    with build(**engine.settings(), NSFW_BACKGROUND=times, NSFW_SHADOW=shadow) as site:
        pks = [site.upload(colour) for colour in (RED, WHITE)]
        assert rows(site) == [[None, None, 0]] * 2
        with site.worker(engine.command()):
            statuses = [site.settled(pk)["status"] for pk in pks]
            eventually(lambda: all(score is not None for score, _, _ in rows(site)))
        assert statuses == ["held", "clear"]
        assert rows(site) == [[0.9, 0.9, 1], [0.1, 0.1, 1]]
