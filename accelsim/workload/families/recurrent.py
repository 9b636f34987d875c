"""Recurrent networks: language models of stacked LSTM or GRU layers, and a translator of GNMT's size."""

from __future__ import annotations

from typing import get_args

from accelsim.errors import InputError
from accelsim.workload.layer import MatrixProduct
from accelsim.workload.network import Network, NetworkLayer
from accelsim.workload.recurrent import recurrent_layers
from accelsim.workload.scenario import AS_STATED, Scenario
from accelsim.workload.vector_layers import CellFunction, Concatenation, Elementwise, Embedding, Softmax


def language_model(
    name: str, source: str, *, cell: str = "lstm", layers: int = 2, width: int = 1500, vocabulary: int = 10000,
    sequence: int = 35, scenario: Scenario = AS_STATED,
) -> Network:  # fmt: skip
    """An embedding, stacked recurrent layers of equal width, a projection to the vocabulary and its softmax.

    Decode is one step of the sequence.  Raises InputError for an unknown cell.
    """
    if cell not in get_args(CellFunction):
        raise InputError(f"cell must be one of {', '.join(get_args(CellFunction))}, not '{cell}'")
    tokens = _tokens(sequence, scenario)
    entries = [NetworkLayer(Embedding("embedding", vocabulary=vocabulary, C=width, T=tokens))]
    for i in range(1, layers + 1):
        entries += recurrent_layers(f"{cell}{i}", cell, C=width, M=width, T=tokens, inputs=(entries[-1].name,))  # type: ignore[arg-type]
    entries.append(NetworkLayer(MatrixProduct("projection", M=tokens, K=width, N=vocabulary)))
    entries.append(NetworkLayer(Softmax("softmax", C=vocabulary, H=tokens, W=1)))
    return Network(name, tuple(entries), source)


def gnmt(
    name: str, source: str, *, layers: int = 8, width: int = 1024, vocabulary: int = 32000, sequence: int = 25,
    scenario: Scenario = AS_STATED,
) -> Network:  # fmt: skip
    """A translator of GNMT's size: a bidirectional first encoder layer and ``layers`` - 1 more, as many decoder layers,
    additive attention whose context joins every decoder layer's input, and a softmax over the vocabulary.

    Residual sums from the third layer on (Wu et al. 2016, Fig. 2).  Source and target have ``sequence`` tokens.
    Raises InputError for decode: what it keeps of the source is no cache of a product, but keys behind a tanh.
    """
    if scenario.phase == "decode":
        raise InputError(f"--phase decode is not generated for '{name}', whose additive attention keeps no plain cache")
    T = _tokens(sequence, scenario)
    both = 2 * width
    entries = [NetworkLayer(Embedding("source", vocabulary=vocabulary, C=width, T=T))]
    for way in ("forward", "backward"):
        entries += recurrent_layers(f"encoder1_{way}", "lstm", C=width, M=width, T=T, inputs=("source",))
    joined = Concatenation("encoder1", C=(width, width), H=T, W=1)
    entries.append(NetworkLayer(joined, inputs=("encoder1_forward.cell", "encoder1_backward.cell")))
    for i in range(2, layers + 1):
        before = entries[-1].name
        entries += recurrent_layers(f"encoder{i}", "lstm", C=both if i == 2 else width, M=width, T=T, inputs=(before,))
        if i > 2:
            entries.append(_sum(f"encoder{i}_add", width, T, (entries[-1].name, before)))
    memory = entries[-1].name
    entries.append(NetworkLayer(Embedding("target", vocabulary=vocabulary, C=width, T=T), inputs=("input",)))
    # The context that joins its input is that of the step before: an edge through time, which a graph of one run lacks.
    entries += recurrent_layers("decoder1", "lstm", C=both, M=width, T=T)
    entries += _attention(memory, entries[-1].name, width, T)
    for i in range(2, layers + 1):
        before = entries[-1].name if i > 2 else "decoder1.cell"
        entries += recurrent_layers(f"decoder{i}", "lstm", C=both, M=width, T=T, inputs=(before, "attend"))
        if i > 2:
            entries.append(_sum(f"decoder{i}_add", width, T, (entries[-1].name, before)))
    entries.append(NetworkLayer(MatrixProduct("projection", M=T, K=width, N=vocabulary)))
    entries.append(NetworkLayer(Softmax("softmax", C=vocabulary, H=T, W=1)))
    return Network(name, tuple(entries), source)


def _tokens(sequence: int, scenario: Scenario) -> int:
    """Tokens processed in a run; a recurrent network keeps its state, so decode has no cache to read."""
    return 1 if scenario.phase == "decode" else scenario.sequence or sequence


def _sum(name: str, width: int, T: int, of: tuple[str, ...]) -> NetworkLayer:
    return NetworkLayer(Elementwise(name, C=width, H=T, W=1, function="add"), inputs=of)


def _attention(memory: str, query: str, width: int, T: int) -> list[NetworkLayer]:
    """score = v tanh(W q + U k), one hidden layer (Bahdanau et al. 2015): a target token looks at T source tokens."""
    return [
        NetworkLayer(MatrixProduct("attention_keys", M=T, K=width, N=width), inputs=(memory,)),
        NetworkLayer(MatrixProduct("attention_query", M=T, K=width, N=width), inputs=(query,)),
        NetworkLayer(
            Elementwise("attention_add", N=1, C=width, H=T, W=T, function="add", spans=("NCH", "NCW")),
            inputs=("attention_query", "attention_keys"),
        ),
        NetworkLayer(Elementwise("attention_tanh", C=width, H=T, W=T, function="tanh")),
        NetworkLayer(MatrixProduct("attention_score", M=T * T, K=width, N=1)),
        NetworkLayer(Softmax("attention_softmax", C=T, H=T, W=1)),
        NetworkLayer(
            MatrixProduct("attend", M=T, K=T, N=width, second="activations"), inputs=("attention_softmax", memory)
        ),
    ]
