"""Networks on images: VGG, GoogLeNet, U-Net and the DCGAN pair."""

from __future__ import annotations

from accelsim.errors import InputError
from accelsim.workload.families.graph import Graph
from accelsim.workload.network import Network

VGG = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Depth -> 3x3 convolutions per stage (Simonyan, Zisserman 2015, Table 1, configurations A, B, D, E)."""
INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64), "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip
"""Module -> filters of 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection (Szegedy et al. 2015, Table 1)."""


def vgg(name: str, source: str, *, depth: int, image: int = 224, classes: int = 1000) -> Network:
    """A VGG.  Raises InputError for a depth that is not in the paper's table."""
    if depth not in VGG:
        raise InputError(f"depth must be one of {', '.join(map(str, VGG))}, not {depth}")
    g = Graph(3, image)
    for stage, convolutions in enumerate(VGG[depth], start=1):
        for i in range(1, convolutions + 1):
            g.conv(f"CONV{stage}-{i}", min(64 * 2 ** (stage - 1), 512), 3)
        g.pool(f"POOL{stage}", 2, 2)
    g.fc("FC6", 4096)
    g.fc("FC7", 4096)
    g.fc("FC8", classes)
    return g.network(name, source)


def googlenet(name: str, source: str, *, image: int = 224, classes: int = 1000) -> Network:
    """GoogLeNet (Inception v1) without the two auxiliary classifiers, which are for training."""
    g = Graph(3, image)
    g.conv("conv1", 64, 7, 2)
    g.pool("pool1", 3, 2, ceil=True)
    g.norm("norm1", "local")
    g.conv("conv2_reduce", 64, 1)
    g.conv("conv2", 192, 3)
    g.norm("norm2", "local")
    before: str | tuple[str, ...] = g.pool("pool2", 3, 2, ceil=True)
    for module, filters in INCEPTION.items():
        before = _inception(g, module, filters, before)
        if module in ("3b", "4e"):
            before = g.pool(f"pool{module[0]}", 3, 2, ceil=True, of=before)
    g.global_pool("pool5", of=before)
    g.fc("fc", classes)
    return g.network(name, source)


def _inception(g: Graph, label: str, filters: tuple[int, ...], of: str | tuple[str, ...]) -> tuple[str, ...]:
    one, reduce3, three, reduce5, five, projection = filters
    first = g.conv(f"{label}_1x1", one, 1, of=of)
    g.conv(f"{label}_3x3_reduce", reduce3, 1, of=of)
    second = g.conv(f"{label}_3x3", three, 3)
    g.conv(f"{label}_5x5_reduce", reduce5, 1, of=of)
    third = g.conv(f"{label}_5x5", five, 5)
    g.pool(f"{label}_pool", 3, 1, 1, of=of)
    return first, second, third, g.conv(f"{label}_pool_proj", projection, 1)


def unet(
    name: str, source: str, *, image: int = 572, channels: int = 1, width: int = 64, depth: int = 4, classes: int = 2,
    padded: bool = False,
) -> Network:  # fmt: skip
    """A U-Net: ``depth`` halvings, two 3x3 convolutions at each size, 2x2 transposed convolutions on the way up.

    Unpadded, as published, what crosses over is cropped to the plane on the way up; the words beside it stay.
    Raises InputError when the image is too small or a plane does not halve.
    """
    around = 1 if padded else 0
    g = Graph(channels, image)
    across = []
    for level in range(depth):
        g.conv(f"down{level}_a", width * 2**level, 3, padding=around)
        across.append(g.conv(f"down{level}_b", width * 2**level, 3, padding=around))
        if g.at()[1] % 2:
            raise InputError(f"image must halve {depth} times, not be {image}: down{level} has {g.at()[1]} rows")
        g.pool(f"down{level}_pool", 2, 2)
    g.conv("bottom_a", width * 2**depth, 3, padding=around)
    g.conv("bottom_b", width * 2**depth, 3, padding=around)
    for level in reversed(range(depth)):
        up = g.transposed(f"up{level}", width * 2**level, 2, 2)
        kept = across[level]
        g.reshaped(kept, (g.at(kept)[0], *g.at(up)[1:]))  # the crop
        g.conv(f"up{level}_a", width * 2**level, 3, padding=around, of=(kept, up))
        g.conv(f"up{level}_b", width * 2**level, 3, padding=around)
    g.conv("out", classes, 1)
    return g.network(name, source)


def dcgan_generator(name: str, source: str, *, latent: int = 100, width: int = 128, channels: int = 3) -> Network:
    """The DCGAN generator: a projection to 4x4, then four 5x5 transposed convolutions of stride 2 to 64x64."""
    g = Graph(latent, 1)
    g.fc("project", 8 * width * 16)
    g.reshaped("project", (8 * width, 4, 4))
    for i, filters in enumerate((4 * width, 2 * width, width, channels), start=1):
        g.transposed(f"deconv{i}", filters, 5, 2, padding=2, extra=1)
    return g.network(name, source)


def dcgan_discriminator(name: str, source: str, *, width: int = 128, channels: int = 3) -> Network:
    """The DCGAN discriminator: four 5x5 convolutions of stride 2 from 64x64, and one output."""
    g = Graph(channels, 64)
    for i in range(4):
        g.conv(f"conv{i + 1}", width * 2**i, 5, 2)
    g.fc("fc", 1)
    return g.network(name, source)
