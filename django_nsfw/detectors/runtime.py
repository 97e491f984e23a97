"""ONNX Runtime, imported without its telemetry."""

import os

# Recent releases report usage to their maker. They start a thread for it when they are imported,
# and a child forked after that never gets past its exit. Whoever has set the variable is obeyed.
_chosen = os.environ.get("ORT_DISABLE_TELEMETRY")
os.environ["ORT_DISABLE_TELEMETRY"] = "1" if _chosen is None else _chosen
try:
    import onnxruntime
finally:
    if _chosen is None:
        del os.environ["ORT_DISABLE_TELEMETRY"]

__all__ = ["onnxruntime"]
