"""Small PyTorch modules that meet every kind of layer, with what they are in our own words."""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import nn

SMALL = """
layers:
  - {name: a, type: conv, M: 8, C: 3, H: 16, R: 3, S: 5, U: [2, 1], padding: [1, 2]}
  - {name: d, type: depthwise, C: 8, H: 8, W: 16, R: 3, padding: 1}
  - {name: p, type: conv, M: 8, C: 8, H: 8, W: 16, R: 1}
  - {name: y, type: elementwise, C: 8, H: 8, W: 16, from: [p, a]}
  - {name: g, type: conv, G: 2, M: 12, C: 8, H: 8, W: 16, R: 3, padding: 1}
  - {name: z, type: pool, C: 20, H: 8, W: 16, R: 2, U: 2, from: [g, y]}
  - {name: t, type: transposed_conv, M: 4, C: 20, H: 4, W: 8, R: 3, U: 2, padding: 1, output_padding: 1}
  - {name: s, type: elementwise, function: silu, C: 4, H: 8, W: 16}
  - {name: f, type: fc, M: 10, C: 4, H: 8, W: 16}
  - {name: out, type: softmax, C: 10}
"""


class Small(nn.Module):
    """Filters that are not square, stride and padding that differ, groups, transposed, a sum, a concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 8, (3, 5), stride=(2, 1), padding=(1, 2))
        self.n = nn.BatchNorm2d(8)
        self.d = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.p = nn.Conv2d(8, 8, 1)
        self.g = nn.Conv2d(8, 12, 3, padding=1, groups=2)
        self.t = nn.ConvTranspose2d(20, 4, 3, stride=2, padding=1, output_padding=1)
        self.f = nn.Linear(4 * 8 * 16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.n(self.a(x)))
        y = self.p(self.d(x)) + x
        z = functional.max_pool2d(torch.cat([self.g(y), y], 1), 2)
        z = functional.silu(self.t(z))
        return torch.softmax(self.f(z.flatten(1)), -1)


BLOCK = """
layers:
  - {name: e, type: embedding, vocabulary: 50, C: 16, T: 7}
  - {name: n, type: norm, C: 16, H: 7, W: 1}
  - {name: q, type: matmul, M: 7, K: 16, N: 16}
  - {name: k, type: matmul, M: 7, K: 16, N: 16, from: n}
  - {name: v, type: matmul, M: 7, K: 16, N: 16, from: n}
  - {name: scores, type: matmul, B: 4, M: 7, K: 4, N: 7, second: activations, from: [q, k]}
  - {name: scaled, type: elementwise, function: scale, C: 4, H: 7}
  - {name: weights, type: softmax, C: 7, H: 28, W: 1}
  - {name: attend, type: matmul, B: 4, M: 7, K: 7, N: 4, second: activations, from: [weights, v]}
  - {name: o, type: matmul, M: 7, K: 16, N: 16}
  - {name: sum, type: elementwise, C: 16, H: 7, W: 1, from: [e, o]}
  - {name: g, type: elementwise, function: gelu, C: 16, H: 7, W: 1}
  - {name: h, type: matmul, M: 7, K: 16, N: 50}
"""


class Block(nn.Module):
    """Attention written out, of four heads of four."""

    def __init__(self) -> None:
        super().__init__()
        self.e = nn.Embedding(50, 16)
        self.n = nn.LayerNorm(16)
        self.q, self.k, self.v = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 16)
        self.o = nn.Linear(16, 16, bias=False)
        self.h = nn.Linear(16, 50, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.e(tokens)
        n = self.n(x)
        batch, length, width = n.shape
        q, k, v = (part(n).view(batch, length, 4, 4).transpose(1, 2) for part in (self.q, self.k, self.v))
        a = torch.softmax(q @ k.transpose(-1, -2) * 0.5, -1) @ v
        x = x + self.o(a.transpose(1, 2).reshape(batch, length, width))
        return self.h(functional.gelu(x))


RECURRENT = """
layers:
  - {name: l, type: lstm, C: 6, M: 8, T: 5, N: 2}
  - {name: f, type: matmul, M: 2, K: 8, N: 3, samples: 5, from: l}
"""


class Recurrent(nn.Module):
    """An LSTM of 8 units over 5 steps of 6 inputs, batch 2."""

    def __init__(self) -> None:
        super().__init__()
        self.l = nn.LSTM(6, 8)
        self.f = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.f(self.l(x)[0])


def small_models() -> list[tuple[nn.Module, torch.Tensor, str]]:
    """Each with an input and the network that it is."""
    return [
        (Small().eval(), torch.zeros(1, 3, 16, 16), SMALL),
        (Block().eval(), torch.zeros((1, 7), dtype=torch.long), BLOCK),
        (Recurrent().eval(), torch.zeros(5, 2, 6), RECURRENT),
    ]


class UNet(nn.Module):
    """A padded U-Net of four levels with batch normalisation."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(5)]

        def twice(before: int, after: int) -> nn.Module:
            layers: list[nn.Module] = []
            for channels in (before, after):
                layers += [nn.Conv2d(channels, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            return nn.Sequential(*layers)

        self.down = nn.ModuleList(twice(a, b) for a, b in zip([1, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in reversed(widths[:-1]))
        self.join = nn.ModuleList(twice(2 * w, w) for w in reversed(widths[:-1]))
        self.out = nn.Conv2d(width, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        across = []
        for level, part in enumerate(self.down):
            x = part(x if level == 0 else functional.max_pool2d(x, 2))
            across.append(x)
        for up, join, kept in zip(self.up, self.join, across[-2::-1], strict=True):
            x = join(torch.cat([kept, up(x)], 1))
        return self.out(x)
