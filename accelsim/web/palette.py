"""The colours of figures and pages, one source.  Okabe and Ito, Color Universal Design, 2008."""

from __future__ import annotations

COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Of series, in this order; told apart by people who see some colours alike."""
TENSORS = {"inputs": COLORS[4], "weights": COLORS[1], "outputs": COLORS[2]}
"""Of the tensors of a layer; light enough for dark text on them."""


def tensor_color(name: str, index: int) -> str:
    """The colour of a tensor by its name, or of the index-th where the name is not one of a layer's."""
    return TENSORS.get(name, COLORS[(index + 3) % len(COLORS)])


def css_variables() -> str:
    """The colours as variables of a style sheet: ``--series-1`` to ``--series-8``, ``--tensor-inputs`` and so on."""
    series = [f"--series-{i}:{color}" for i, color in enumerate(COLORS, start=1)]
    tensors = [f"--tensor-{name}:{color}" for name, color in TENSORS.items()]
    return f":root{{{';'.join([*series, *tensors])}}}"
