"""Networks made small: SqueezeNet, MobileNet v1 to v3, EfficientNet.  Activations are done as outputs leave."""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.families.graph import Graph
from accelsim.workload.network import Network

FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
"""Squeeze and expand filters of fire2 to fire9 (Iandola et al. 2016, Table 1)."""
MOBILENET_V1 = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
"""Filters and stride of each separable convolution (Howard et al. 2017, Table 1)."""
MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, filters, blocks and first stride (Sandler et al. 2018, Table 2)."""
LARGE = (
    (3, 16, 16, False, 1), (3, 64, 24, False, 2), (3, 72, 24, False, 1), (5, 72, 40, True, 2), (5, 120, 40, True, 1),
    (5, 120, 40, True, 1), (3, 240, 80, False, 2), (3, 200, 80, False, 1), (3, 184, 80, False, 1),
    (3, 184, 80, False, 1), (3, 480, 112, True, 1), (3, 672, 112, True, 1), (5, 672, 160, True, 2),
    (5, 960, 160, True, 1), (5, 960, 160, True, 1),
)  # fmt: skip
SMALL = (
    (3, 16, 16, True, 2), (3, 72, 24, False, 2), (3, 88, 24, False, 1), (5, 96, 40, True, 2), (5, 240, 40, True, 1),
    (5, 240, 40, True, 1), (5, 120, 48, True, 1), (5, 144, 48, True, 1), (5, 288, 96, True, 2), (5, 576, 96, True, 1),
    (5, 576, 96, True, 1),
)  # fmt: skip
"""Filter side, expanded channels, filters, squeeze-and-excite, stride (Howard et al. 2019, Tables 1 and 2)."""
EFFICIENTNET = (
    (1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2), (6, 5, 112, 3, 1), (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
)  # fmt: skip
"""Expansion, filter side, filters, blocks, first stride of B0 (Tan, Le 2019, Table 1)."""


def squeezenet(name: str, source: str, *, version: str = "1.0", image: int = 227, classes: int = 1000) -> Network:
    """SqueezeNet 1.0, or 1.1 (a smaller first convolution, earlier pooling).  Raises InputError for another version."""
    if version not in ("1.0", "1.1"):
        raise InputError(f"version must be '1.0' or '1.1', not '{version}'")
    first, pooled = ((96, 7), (4, 8)) if version == "1.0" else ((64, 3), (3, 5))
    g = Graph(3, image)
    g.conv("conv1", *first, 2, padding=0)
    before: str | tuple[str, ...] = g.pool("pool1", 3, 2, ceil=True)
    for i, (squeeze, expand) in enumerate(FIRES, start=2):
        squeezed = g.conv(f"fire{i}_squeeze", squeeze, 1, of=before)
        before = (
            g.conv(f"fire{i}_expand1x1", expand, 1, of=squeezed),
            g.conv(f"fire{i}_expand3x3", expand, 3, of=squeezed),
        )
        if i in pooled:
            before = g.pool(f"pool{i}", 3, 2, ceil=True, of=before)
    g.conv("conv10", classes, 1, of=before)
    g.global_pool("pool10")
    return g.network(name, source)


def mobilenet_v1(name: str, source: str, *, image: int = 224, classes: int = 1000) -> Network:
    """MobileNet v1 at full width: a depthwise 3x3 and a 1x1 convolution, thirteen times."""
    g = Graph(3, image)
    g.conv("conv1", 32, 3, 2)
    for i, (filters, stride) in enumerate(MOBILENET_V1, start=1):
        g.depthwise(f"dw{i}", 3, stride)
        g.conv(f"pw{i}", filters, 1)
    g.global_pool("pool")
    g.fc("fc", classes)
    return g.network(name, source)


def mobilenet_v2(name: str, source: str, *, image: int = 224, classes: int = 1000) -> Network:
    """MobileNet v2 at full width: inverted residuals with linear bottlenecks."""
    g = Graph(3, image)
    g.conv("conv1", 32, 3, 2)
    block = 0
    for expansion, filters, blocks, first_stride in MOBILENET_V2:
        for i in range(blocks):
            block += 1
            C = g.at()[0]
            _inverted(g, f"b{block}", C * expansion, 3, filters, 0 if i else first_stride)
    g.conv("conv_last", 1280, 1)
    g.global_pool("pool")
    g.fc("fc", classes)
    return g.network(name, source)


def mobilenet_v3(name: str, source: str, *, size: str = "large", image: int = 224, classes: int = 1000) -> Network:
    """MobileNet v3 at full width.  Raises InputError unless ``size`` is large or small."""
    if size not in ("large", "small"):
        raise InputError(f"size must be 'large' or 'small', not '{size}'")
    blocks, last, head = (LARGE, 960, 1280) if size == "large" else (SMALL, 576, 1024)
    g = Graph(3, image)
    g.conv("conv1", 16, 3, 2)
    for i, (R, expanded, filters, excite, stride) in enumerate(blocks, start=1):
        _inverted(g, f"b{i}", expanded, R, filters, stride, _divisible(expanded / 4) if excite else 0)
    g.conv("conv_last", last, 1)
    g.global_pool("pool")
    g.fc("fc1", head)
    g.fc("fc2", classes)
    return g.network(name, source)


def efficientnet(name: str, source: str, *, image: int = 224, classes: int = 1000) -> Network:
    """EfficientNet-B0: inverted residuals, squeeze-and-excite to a quarter of a block's input channels."""
    g = Graph(3, image)
    g.conv("conv1", 32, 3, 2)
    block = 0
    for expansion, R, filters, blocks, first_stride in EFFICIENTNET:
        for i in range(blocks):
            block += 1
            C = g.at()[0]
            _inverted(g, f"b{block}", C * expansion, R, filters, 0 if i else first_stride, C // 4)
    g.conv("conv_last", 1280, 1)
    g.global_pool("pool")
    g.fc("fc", classes)
    return g.network(name, source)


def _inverted(g: Graph, label: str, expanded: int, R: int, filters: int, stride: int, squeezed: int = 0) -> None:
    """Expand (1x1), depthwise R x R, squeeze-and-excite where ``squeezed``, project (1x1), and add where shapes agree.

    A stride of 0 stands for 1.
    """
    before = str(g.last)
    if expanded != g.at()[0]:
        g.conv(f"{label}_expand", expanded, 1)
    deep = g.depthwise(f"{label}_dw", R, stride or 1)
    if squeezed:
        g.global_pool(f"{label}_pool")
        g.fc(f"{label}_squeeze", squeezed)
        scale = g.fc(f"{label}_excite", expanded)
        g.elementwise(f"{label}_scale", "multiply", (deep, scale), ("NCHW", "NC"))
    out = g.conv(f"{label}_project", filters, 1)
    if g.at(before) == g.at(out):
        g.elementwise(f"{label}_add", "add", (out, before))


def _divisible(channels: float) -> int:
    """The multiple of 8 nearest to a number of channels, never less than nine tenths of it (Howard et al. 2019's code).

    >>> _divisible(18), _divisible(4)
    (24, 8)
    """
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8
