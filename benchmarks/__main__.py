"""``make bench``: the numbers that the README and the design speak of, measured on this machine.

Only ratios within one run mean anything elsewhere. A section whose packages are missing says so.

    python -m benchmarks [SECTION …]
"""

import argparse
from importlib import import_module

SECTIONS = {
    "startup": "benchmarks.startup",
    "first_score": "benchmarks.first_score",
    "uploads": "benchmarks.uploads",
    "asgi": "benchmarks.asgi",
    "known": "benchmarks.known",
    "queue": "benchmarks.queue",
    "reports": "benchmarks.reports",
    "simulator": "benchmarks.simulator",
    "shadow": "benchmarks.shadow",
    "deciding": "benchmarks.deciding",
    "rescan": "benchmarks.rescan",
    "evaluation": "benchmarks.evaluation",
    "decoding": "benchmarks.decoding",
    "camera": "benchmarks.camera",
    "model": "benchmarks.model",
    "pipeline": "benchmarks.pipeline",
    "explaining": "benchmarks.explaining",
    "training": "benchmarks.training",
    "cuda": "benchmarks.cuda",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure django_nsfw on this machine.")
    parser.add_argument("sections", metavar="SECTION", nargs="*", default=[])
    sections = parser.parse_args().sections or list(SECTIONS)
    unknown = [name for name in sections if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {unknown[0]!r}; sections: {', '.join(SECTIONS)}")
    for name in sections:
        print(f"\n== {name}", flush=True)
        try:
            import_module(SECTIONS[name]).main([])
        except ImportError as error:
            print(
                f"left out: {error}. It needs the extras [timm], [transformers], [export], "
                "[evaluate] and [train], or the group test.",
                flush=True,
            )


if __name__ == "__main__":
    main()
