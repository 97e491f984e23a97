"""Attention as one operator of ONNX Runtime, while a model is traced.

Exporters write softmax(q·kᵀ)·v as eight operators, which keep the whole attention matrix in
memory. ONNX Runtime has one for it, ``com.microsoft.MultiHeadAttention``, that works in tiles:
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
On two processors it makes the default model 0.88 of the time. The files are for ONNX Runtime
alone anyway, and an export whose scores differ writes none.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional

DOMAIN = "com.microsoft"


def _is_default(value: object) -> bool:
    return value is None or (isinstance(value, (bool, int, float)) and not value)


@contextmanager
def fused_attention() -> Iterator[None]:
    """Within it ``scaled_dot_product_attention`` traces as one operator where it is a plain one.

    Not for several threads: the function is replaced in its module.
    """
    usual = functional.scaled_dot_product_attention

    def fused(
        query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *args: Any, **options: Any
    ) -> torch.Tensor:
        # No mask, dropout or causality.
        others = (given for name, given in options.items() if name != "scale")
        plain = not args and all(map(_is_default, others))
        if not plain or query.dim() != 4 or key.shape[1] != query.shape[1]:
            return usual(query, key, value, *args, **options)
        scale = options.get("scale") or query.shape[-1] ** -0.5
        attended: torch.Tensor = _MultiHeadAttention.apply(
            query, key, value, int(query.shape[1]), float(scale)
        )
        return attended

    class _MultiHeadAttention(torch.autograd.Function):
        """Batch × heads × tokens × width of a head, in and out."""

        @staticmethod
        def forward(
            ctx: Any,
            query: torch.Tensor,
            key: torch.Tensor,
            value: torch.Tensor,
            heads: int,
            scale: float,
        ) -> torch.Tensor:
            return usual(query, key, value, scale=scale)

        @staticmethod
        def symbolic(g: Any, query: Any, key: Any, value: Any, heads: int, scale: float) -> Any:
            def shape(*sizes: int) -> Any:
                return g.op("Constant", value_t=torch.tensor(sizes))

            def swapped(tensor: Any) -> Any:
                return g.op("Transpose", tensor, perm_i=[0, 2, 1, 3])

            def merged(tensor: Any) -> Any:
                return g.op("Reshape", swapped(tensor), shape(0, 0, -1))

            attended = g.op(
                f"{DOMAIN}::MultiHeadAttention",
                merged(query),
                merged(key),
                merged(value),
                num_heads_i=heads,
                scale_f=scale,
            )
            # ONNX itself does not know the operator, and so not what type its output has.
            attended.setType(query.type().with_sizes([None] * 3))
            split = g.op("Reshape", attended, shape(0, 0, heads, -1))
            return swapped(split).setType(query.type())

    functional.scaled_dot_product_attention = fused
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = usual
