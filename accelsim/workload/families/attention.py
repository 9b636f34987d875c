"""The blocks of Transformers: attention over heads, feed-forward, and the sums and normalisations around them.

    q k v      T x width by width x heads head_width (keys and values: kv_heads)
    scores     per key head: (T heads / kv_heads) x head_width by head_width x L      both operands are activations
    softmax    over L
    attend     per key head: (T heads / kv_heads) x L by L x head_width
    out        T x heads head_width by heads head_width x width

T tokens are processed, each looks at L (a causal mask leaves no work out, as in kernels that compute whole tiles and in
counters of operations).  Query heads that share a key head (Ainslie et al. 2023) are rows of one product, so that its
keys are reused by all of them.  Vaswani et al. 2017, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.workload.layer import Layer, MatrixProduct, SecondOperand
from accelsim.workload.network import NetworkLayer
from accelsim.workload.vector_layers import ElementFunction, Elementwise, Normalisation, NormalisationFunction, Softmax


@dataclass(frozen=True)
class Shape:
    """The widths of a block.  ``gated``: the feed-forward part has a gate (GLU); ``fused``: q, k and v are one product.

    Raises InputError when the heads do not share the width, or the key heads, evenly.
    """

    width: int
    heads: int
    hidden: int
    kv_heads: int
    norm: NormalisationFunction = "layer"
    function: ElementFunction = "gelu"
    gated: bool = False
    fused: bool = False

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise InputError(f"width must be a multiple of heads={self.heads}, not {self.width}")
        if self.heads % self.kv_heads:
            raise InputError(f"heads must be a multiple of kv_heads={self.kv_heads}, not {self.heads}")

    @property
    def head_width(self) -> int:
        return self.width // self.heads


class Blocks:
    """Layers of Transformer blocks laid one after another; every layer is there ``repeat`` times."""

    def __init__(self, shape: Shape, tokens: int, repeat: int = 1) -> None:
        self.shape, self.tokens, self.repeat = shape, tokens, repeat
        self.entries: list[NetworkLayer] = []

    def add(self, layer: Layer, *of: str) -> str:
        """The layer behind ``of`` (default: the last one); returns its name."""
        self.entries.append(NetworkLayer(layer, self.repeat, of))
        return layer.name

    def product(self, name: str, K: int, N: int, *of: str, tokens: int | None = None) -> str:
        """Every token's K words times trained weights."""
        return self.add(MatrixProduct(name, M=tokens or self.tokens, K=K, N=N), *of)

    def norm(self, name: str, *of: str, tokens: int | None = None) -> str:
        """The block's normalisation of every token."""
        layer = Normalisation(name, C=self.shape.width, H=tokens or self.tokens, W=1, function=self.shape.norm)
        return self.add(layer, *of)

    def sum(self, name: str, *of: str, tokens: int | None = None) -> str:
        """The residual sum of every token."""
        tokens = tokens or self.tokens
        return self.add(Elementwise(name, C=self.shape.width, H=tokens, W=1, function="add", operands=len(of)), *of)

    def attention(
        self, label: str, of: str, keys_of: str, length: int, second: SecondOperand, keys_tokens: int | None
    ) -> str:
        """Attention of all tokens of ``of`` over ``length`` tokens, of which ``keys_tokens`` come from ``keys_of`` now;
        None when all of them are in the cache."""
        s = self.shape
        kv, rows = s.kv_heads * s.head_width, self.tokens * (s.heads // s.kv_heads)
        key: tuple[str, ...]
        value: tuple[str, ...]
        if s.fused and keys_of == of:
            query = self.product(f"{label}qkv", s.width, s.width + 2 * kv, of)
            key = value = (query,)
        else:
            query = self.product(f"{label}q", s.width, s.width, of)
            key = value = ()
            if keys_tokens is not None:
                key = (self.product(f"{label}k", s.width, kv, keys_of, tokens=keys_tokens),)
                value = (self.product(f"{label}v", s.width, kv, keys_of, tokens=keys_tokens),)
        per_head = MatrixProduct(f"{label}scores", B=s.kv_heads, M=rows, K=s.head_width, N=length, second=second)
        self.add(per_head, *dict.fromkeys((query, *key)))
        weights = self.add(Softmax(f"{label}softmax", C=length, H=s.heads * self.tokens, W=1))
        self.add(
            MatrixProduct(f"{label}attend", B=s.kv_heads, M=rows, K=length, N=s.head_width, second=second),
            weights, *value,
        )  # fmt: skip
        return self.product(f"{label}out", s.width, s.width)

    def feed_forward(self, label: str, of: str) -> str:
        """Two products with a function between, or three with a gate."""
        s = self.shape
        hidden = Elementwise(f"{label}function", C=s.hidden, H=self.tokens, W=1, function=s.function)
        if s.gated:
            self.product(f"{label}gate", s.width, s.hidden, of)
            gate = self.add(hidden)
            up = self.product(f"{label}up", s.width, s.hidden, of)
            product = Elementwise(f"{label}gated", C=s.hidden, H=self.tokens, W=1, function="multiply")
            self.add(product, gate, up)
        else:
            self.product(f"{label}up", s.width, s.hidden, of)
            self.add(hidden)
        return self.product(f"{label}down", s.hidden, s.width)
