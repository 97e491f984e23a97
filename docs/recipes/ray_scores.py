"""Score a manifest with Ray Data: python ray_scores.py manifest.parquet scores --workers 2

Every node needs this package with the extras of your detector, pyarrow, boto3 where locations are
on S3, and a settings module with your NSFW_DETECTORS and NSFW_LIMITS. DJANGO_SETTINGS_MODULE names
that module. No node needs a database.
"""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import ray

from django_nsfw.manifests.columns import FETCHED, SCORES
from django_nsfw.manifests.files import schema
from django_nsfw.manifests.scoring import Scorer, download


def fetch(batch: pa.Table) -> pa.Table:
    """Add the bytes of each file, or why there are none."""
    with ThreadPoolExecutor(8) as threads:
        rows = list(threads.map(download, batch.to_pylist()))
    return pa.Table.from_pylist(rows, schema=schema(FETCHED))


class Score:
    """Each worker makes one of these, with a detector of its own, and keeps it."""

    def __init__(self) -> None:
        self.scorer = Scorer()

    def __call__(self, batch: pa.Table) -> pa.Table:
        return pa.Table.from_pylist(self.scorer.score(batch.to_pylist()), schema=schema(SCORES))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("manifest", help="a file, a folder, or a location that pyarrow can read")
    parser.add_argument("scores", help="a folder, or a location that pyarrow can write to")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cpus", type=float, default=1, help="of a worker")
    parser.add_argument("--gpus", type=float, default=0, help="of a worker; may be a part of one")
    parser.add_argument("--block", type=int, default=512, help="files that travel together")
    options = parser.parse_args()

    passed_on = ("AWS_", "DJANGO_", "HF_")
    env = {name: value for name, value in os.environ.items() if name.startswith(passed_on)}
    ray.init(runtime_env={"env_vars": env})

    manifest = ray.data.read_parquet(options.manifest)
    # Or a manifest of one file would be one block, and go to one worker.
    manifest = manifest.repartition(target_num_rows_per_block=options.block)
    bodies = manifest.map_batches(fetch, batch_format="pyarrow", batch_size=64, num_cpus=0.25)
    scores = bodies.map_batches(
        Score,
        batch_format="pyarrow",
        batch_size=64,
        compute=ray.data.ActorPoolStrategy(size=options.workers),
        num_cpus=options.cpus,
        num_gpus=options.gpus,
    )
    scores.write_parquet(options.scores)


if __name__ == "__main__":
    main()
