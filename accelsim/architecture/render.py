"""A machine as text: a tree from the outermost memory to the MACs, each number with the place it comes from."""

from __future__ import annotations

from accelsim.architecture.sources import NO_SOURCE, source_of, stated_numbers
from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level

Row = tuple[str, str, str]
"""(label, value, field whose source is shown, or '')"""


def render_architecture(arch: Architecture) -> str:
    """The machine as a plain-text tree, with a numbered list of sources; doubtful numbers show 'unverified'."""
    notes = _Notes()
    lines = [f"{arch.name}: {arch.description}" if arch.description else arch.name]
    lines += _table(_machine_rows(arch), arch, notes, "  ")
    instances = 1
    for depth, element in enumerate((*arch.elements, arch.compute)):
        indent = "  " * depth
        match element:
            case Level():
                lines.append(f"{indent}{element.name}{_times(instances)}")
                rows = _own_word(element, arch) + _level_rows(element, arch.energy_unit)
            case Fanout():
                instances *= element.instances
                lines.append(f"{indent}{element.name}: fan-out to {instances:,}")
                rows = (_own_word(element, arch) if element.hop_energy else []) + _fanout_rows(
                    element, arch.energy_unit
                )
            case Compute():
                lines.append(f"{indent}{element.name}{_times(instances)}")
                rows = _compute_rows(element, arch.energy_unit)
        lines += _table(rows, element, notes, indent + "    ")
    return "\n".join([*lines, *notes.lines()]) + "\n"


class _Notes:
    """Sources, numbered in the order in which they are first met."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def mark(self, element: Level | Fanout | Compute | Architecture, field: str) -> str:
        source = source_of(element.sources, field)
        if source.text == NO_SOURCE:
            return NO_SOURCE
        if source.text not in self.texts:
            self.texts.append(source.text)
        number = f"[{self.texts.index(source.text) + 1}]"
        return number if source.verified else f"{number} unverified"

    def lines(self) -> list[str]:
        return ["sources", *(f"  [{i}] {text}" for i, text in enumerate(self.texts, 1))] if self.texts else []


def _table(rows: list[Row], element: Level | Fanout | Compute | Architecture, notes: _Notes, indent: str) -> list[str]:
    stated = stated_numbers(element)
    out = []
    for label, value, field in rows:
        mark = notes.mark(element, field) if field in stated else ""
        out.append(f"{indent}{label:<16} {value:<34} {mark}".rstrip())
    return out


def _machine_rows(arch: Architecture) -> list[Row]:
    unit = "pJ" if arch.energy_unit == "pJ" else "MAC (one multiply-accumulate is 1)"
    rows = [("technology", arch.technology, "")] if arch.technology else []
    rows += [("clock", f"{arch.clock_mhz:g} MHz", "clock"), ("word", _bits(arch), "word"), ("energies in", unit, "")]
    if arch.dataflow:
        rows.append(("dataflow", arch.dataflow, ""))
    if arch.systolic is not None:
        rows.append(("array", str(arch.systolic), "systolic"))
    if arch.vector_energy:
        rows.append(("vector energy", _energy(arch.vector_energy, arch.energy_unit, "operation"), "vector_energy"))
    if arch.other_area_um2 is not None:
        rows.append(("other area", _area(arch.other_area_um2), "other_area"))
    return rows


def _own_word(element: Level | Fanout, arch: Architecture) -> list[Row]:
    """The width of a word where it is not that of the outermost level."""
    own = element.word_bits
    return [("word", f"{own} bits", "")] if own != arch.levels[0].word_bits else []


def _level_rows(level: Level, unit: str) -> list[Row]:
    rows = []
    if level.capacity_words is not None or not level.tensor_capacity_words:
        rows.append(
            (
                "shared" if level.tensor_capacity_words else "capacity",
                _capacity(level.capacity_words, level.word_bits),
                "capacity",
            )
        )
    for tensor, words in level.tensor_capacity_words:
        rows.append((f"  for {tensor}", _capacity(words, level.word_bits), "partitions"))
    if level.buffers != 1:
        rows.append(("buffers", f"{level.buffers} copies of every tile", "buffers"))
    for keep, label in (("must", "keeps"), ("may", "may keep"), ("not", "does not keep")):
        tensors = [tensor for tensor in ("inputs", "weights", "outputs") if level.keep(tensor) == keep]
        if tensors:
            rows.append((label, " ".join(tensors), ""))
    if not level.packed:
        rows.append(("elements", "each takes whole words", ""))
    if level.shared_port:
        rows.append(("bandwidth", _rate(level.read_bandwidth), "read_bandwidth"))
        rows.append(("  port", "shared by reads and writes", "shared_port"))
    else:
        rows.append(("read bandwidth", _rate(level.read_bandwidth), "read_bandwidth"))
        rows.append(("write bandwidth", _rate(level.write_bandwidth), "write_bandwidth"))
    if level.latency_cycles:
        rows.append(("latency", f"{level.latency_cycles:,} cycles to the first word", "latency"))
    rows.append(("read energy", _energy(level.read_energy, unit, "word"), "read_energy"))
    rows.append(("write energy", _energy(level.write_energy, unit, "word"), "write_energy"))
    if level.area_um2 is not None:
        rows.append(("area", _area(level.area_um2), "area"))
    return rows


def _fanout_rows(fanout: Fanout, unit: str) -> list[Row]:
    rows = []
    for axis in fanout.axes:
        rows.append((f"axis {axis.name}", f"{axis.size:,} positions{_restriction(axis)}", "axes"))
        rows.append(("  networks", " ".join(f"{t}:{axis.network(t)}" for t in ("inputs", "weights", "outputs")), ""))
    for tensor, energy in fanout.hop_energy:
        label = "hop energy" if tensor == "*" else f"hop, {tensor}"
        rows.append((label, _energy(energy, unit, "word"), "hop_energy"))
    return rows


def _compute_rows(compute: Compute, unit: str) -> list[Row]:
    rows = [("energy", _energy(compute.mac_energy, unit, "operation"), "energy")]
    if compute.gate_padding:
        rows.append(("padding", "costs nothing", ""))
    if compute.area_um2 is not None:
        rows.append(("area", _area(compute.area_um2), "area"))
    return rows


def _times(instances: int) -> str:
    return f"  x {instances:,}" if instances > 1 else ""


def _capacity(words: int | None, bits: int) -> str:
    if words is None:
        return "unbounded"
    size_bytes = words * bits / 8
    size = f"{size_bytes / 1024:.6g} KiB" if size_bytes >= 1024 else f"{size_bytes:g} B"
    return f"{words:,} word{'s' if words != 1 else ''} ({size})"


def _rate(words: float | None) -> str:
    return "unbounded" if words is None else f"{words:.6g} words/cycle"


def _energy(energy: float, unit: str, per: str) -> str:
    return f"{energy:.6g} {unit} per {per}"


def _area(um2: float) -> str:
    return f"{um2 / 1e6:.6g} mm2"


def _bits(arch: Architecture) -> str:
    widths = sorted({e.word_bits for e in arch.elements if isinstance(e, Level) or e.hop_energy})
    return f"{' and '.join(map(str, widths))} bits"


def _restriction(axis: Axis) -> str:
    limits = []
    if axis.irrelevant_to:
        limits.append(f"dims irrelevant to {axis.irrelevant_to}")
    if axis.dims is not None:
        limits.append(f"dims {' '.join(axis.dims)}")
    return f", only {' and '.join(limits)}" if limits else ""
