"""Transformers: encoders (BERT), decoders (GPT, Llama), both (the 2017 original), and encoders of images (ViT)."""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.families.attention import Blocks, Shape
from accelsim.workload.layer import Convolution, MatrixProduct
from accelsim.workload.network import INPUT, PARAMETER, Network, NetworkLayer
from accelsim.workload.scenario import AS_STATED, Scenario
from accelsim.workload.vector_layers import UNARY, Concatenation, Elementwise, Embedding, Softmax


def decoder(
    name: str, source: str, *, layers: int, width: int, heads: int, vocabulary: int, sequence: int, hidden: int,
    kv_heads: int = 0, positions: int = 0, tied: bool = False, fused: bool = False, gated: bool = False,
    function: str = "gelu", norm: str = "layer", scenario: Scenario = AS_STATED,
) -> Network:  # fmt: skip
    """A decoder alone, normalised before each part: GPT (learned ``positions``), Llama (``gated``, ``norm`` rms).

    Prefill takes ``sequence`` tokens at once; decode one, which looks at a cache of ``context`` (default: ``sequence``)
    tokens, its own included.  Rotary position embedding is left out: 3 operations per element of q and k.
    ``tied``: the output layer uses the embedding's table.  Raises InputError when the widths do not fit each other.
    """
    decode = scenario.phase == "decode"
    tokens = 1 if decode else scenario.sequence or sequence
    length = (scenario.context or sequence) if decode else tokens
    if positions and length > positions:
        raise InputError(f"{name} has learned positions for {positions} tokens at most, not {length}")
    blocks = Blocks(_shape(width, heads, hidden, kv_heads, norm, function, gated, fused), tokens, layers)
    stem = [NetworkLayer(Embedding("wte", vocabulary=vocabulary, C=width, T=tokens))]
    if positions:
        stem.append(NetworkLayer(Embedding("wpe", vocabulary=positions, C=width, T=tokens), inputs=(INPUT,)))
        stem.append(NetworkLayer(Elementwise("embed", C=width, H=tokens, W=1, function="add"), inputs=("wte", "wpe")))
    before = stem[-1].name
    normed = blocks.norm("norm1", before)
    out = blocks.attention("", normed, normed, length, "cache" if decode else "activations", tokens)
    middle = blocks.sum("add1", out, before)
    end = blocks.sum("add2", blocks.feed_forward("ffn_", blocks.norm("norm2", middle)), middle)
    last = Blocks(blocks.shape, tokens)
    last.norm("norm", end)
    head = MatrixProduct("lm_head", M=tokens, K=width, N=vocabulary)
    tail = NetworkLayer(head, weights_of="wte" if tied else "")
    return Network(name, (*stem, *blocks.entries, *last.entries, tail), source)


def encoder(
    name: str, source: str, *, layers: int, width: int, heads: int, vocabulary: int, positions: int, hidden: int,
    sequence: int, types: int = 2, scenario: Scenario = AS_STATED,
) -> Network:  # fmt: skip
    """An encoder alone, normalised after each part, with a pooler on the first token: BERT.

    Raises InputError for decode, which an encoder has not, and for more tokens than learned positions.
    """
    tokens = _encoded(name, sequence, scenario)
    if tokens > positions:
        raise InputError(f"{name} has learned positions for {positions} tokens at most, not {tokens}")
    blocks = Blocks(_shape(width, heads, hidden), tokens)
    tables = {"word": vocabulary, "position": positions, "type": types}
    for table, rows in tables.items():
        blocks.add(Embedding(f"{table}_embedding", vocabulary=rows, C=width, T=tokens), INPUT)
    blocks.sum("embed", *(f"{table}_embedding" for table in tables))
    before = blocks.norm("embed_norm")
    body = Blocks(blocks.shape, tokens, layers)
    _post_normed(body, "", before)
    pool = Blocks(blocks.shape, 1)
    pool.product("pooler", width, width, body.entries[-1].name)
    pool.add(Elementwise("pooler_tanh", C=width, function="tanh"))
    return Network(name, (*blocks.entries, *body.entries, *pool.entries), source)


def transformer(
    name: str, source: str, *, layers: int = 6, width: int = 512, heads: int = 8, hidden: int = 2048,
    vocabulary: int = 37000, sequence: int = 128, scenario: Scenario = AS_STATED,
) -> Network:  # fmt: skip
    """The Transformer of 2017: an encoder and a decoder that attends to it, one table for both embeddings and output.

    Source and target have ``sequence`` tokens.  Decode is one token of the target, with caches of its own ``context``
    and of the encoder's output.  Sinusoidal positions are added; they have no weights.
    """
    decode = scenario.phase == "decode"
    length = scenario.sequence or sequence
    shape = _shape(width, heads, hidden, function="relu")
    entries: list[NetworkLayer] = []
    memory = INPUT
    if not decode:
        stem = _embedded("source", vocabulary, width, length)
        body = Blocks(shape, length, layers)
        memory = _post_normed(body, "encoder_", stem[-1].name)
        entries += [*stem, *body.entries]
    tokens = 1 if decode else length
    own = (scenario.context or length) if decode else tokens
    stem = _embedded("target", vocabulary, width, tokens, tied="" if decode else "source")
    body = Blocks(shape, tokens, layers)
    before = stem[-1].name
    out = body.attention("decoder_", before, before, own, "cache" if decode else "activations", tokens)
    before = body.norm("decoder_norm1", body.sum("decoder_add1", out, before))
    kept = None if decode else length
    out = body.attention("cross_", before, memory, length, "cache" if decode else "activations", kept)
    before = body.norm("decoder_norm2", body.sum("decoder_add2", out, before))
    body.norm("decoder_norm3", body.sum("decoder_add3", body.feed_forward("decoder_ffn_", before), before))
    head = NetworkLayer(MatrixProduct("output", M=tokens, K=width, N=vocabulary), weights_of=entries[0].name if entries
                        else stem[0].name)  # fmt: skip
    last = NetworkLayer(Softmax("softmax", C=vocabulary, H=tokens, W=1))
    return Network(name, (*entries, *stem, *body.entries, head, last), source)


def vit(
    name: str, source: str, *, layers: int, width: int, heads: int, hidden: int, patch: int, image: int = 224,
    classes: int = 1000,
) -> Network:  # fmt: skip
    """An encoder of image patches with a class token, normalised before each part.

    Raises InputError when patches do not tile the image."""
    if image % patch:
        raise InputError(f"image must be a multiple of patch={patch}, not {image}")
    side = image // patch
    tokens = side * side + 1
    shape = _shape(width, heads, hidden)
    patches = Convolution("patches", M=width, C=3, H=image, R=patch, U=(patch, patch))
    joined = Concatenation("tokens", C=(1, side * side), H=width, W=1)
    placed = Elementwise("positions", C=width, H=tokens, W=1, function="add")
    stem = [
        NetworkLayer(patches),
        NetworkLayer(joined, inputs=(PARAMETER, "patches")),
        NetworkLayer(placed, inputs=("tokens", PARAMETER)),
    ]
    body = Blocks(shape, tokens, layers)
    normed = body.norm("norm1", "positions")
    out = body.attention("", normed, normed, tokens, "activations", tokens)
    middle = body.sum("add1", out, "positions")
    end = body.sum("add2", body.feed_forward("ffn_", body.norm("norm2", middle)), middle)
    last = Blocks(shape, 1)
    last.norm("norm", end, tokens=tokens)
    last.product("head", width, classes)
    return Network(name, (*stem, *body.entries, *last.entries), source)


def _shape(
    width: int, heads: int, hidden: int, kv_heads: int = 0, norm: str = "layer", function: str = "gelu",
    gated: bool = False, fused: bool = False,
) -> Shape:  # fmt: skip
    if norm not in ("layer", "rms"):
        raise InputError(f"norm must be 'layer' or 'rms', not '{norm}'")
    if function not in UNARY:
        raise InputError(f"function must be one of {', '.join(UNARY)}, not '{function}'")
    return Shape(width, heads, hidden, kv_heads or heads, norm, function, gated, fused)  # type: ignore[arg-type]


def _encoded(name: str, sequence: int, scenario: Scenario) -> int:
    if scenario.phase == "decode":
        raise InputError(f"--phase decode has no meaning for '{name}', an encoder: it takes all tokens at once")
    return scenario.sequence or sequence


def _post_normed(body: Blocks, label: str, before: str) -> str:
    """An encoder block normalised after each part; returns what it gives."""
    out = body.attention(label, before, before, body.tokens, "activations", body.tokens)
    middle = body.norm(f"{label}norm1", body.sum(f"{label}add1", out, before))
    return body.norm(f"{label}norm2", body.sum(f"{label}add2", body.feed_forward(f"{label}ffn_", middle), middle))


def _embedded(label: str, vocabulary: int, width: int, tokens: int, tied: str = "") -> list[NetworkLayer]:
    """A table's rows scaled, with the positions added."""
    table = Embedding(f"{label}_embedding", vocabulary=vocabulary, C=width, T=tokens)
    return [
        NetworkLayer(table, inputs=(INPUT,), weights_of=f"{tied}_embedding" if tied else ""),
        NetworkLayer(Elementwise(f"{label}_positions", C=width, H=tokens, W=1, function="add", operands=2),
                     inputs=(f"{label}_embedding", PARAMETER)),
    ]  # fmt: skip
