"""From the fields of a file to an ``Architecture``: words and energies worked out, and what makes no sense refused."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from accelsim.architecture.checks import (
    check_capacity,
    check_dataflow,
    check_elements,
    check_names,
    check_networks,
    check_sources,
    energy_unit,
    keeps_of,
    named,
)
from accelsim.architecture.schema import (
    ArchitectureFields,
    ComputeFields,
    EqualAreaCapacity,
    FanoutFields,
    LevelFields,
    Sources,
)
from accelsim.architecture.spec import (
    Architecture,
    Axis,
    Compute,
    Fanout,
    Level,
    Source,
)
from accelsim.architecture.systolic import SystolicArray
from accelsim.architecture.technology import equal_area_buffer_bytes
from accelsim.errors import InputError
from accelsim.files import Document
from accelsim.files.document import Key
from accelsim.units import Amount


def built(fields: ArchitectureFields, document: Document) -> Architecture:
    """The machine that the fields describe; raises InputError with the line of the first thing that makes no sense."""
    check_elements(fields, document)
    check_names(fields, document)
    check_sources(fields, document)
    check_dataflow(fields, document)
    unit = energy_unit(fields, document)
    clock = float(fields.clock.canonical)
    words = _Words(fields, document)
    elements: list[Level | Fanout] = []
    compute = Compute()
    for index, element in enumerate(fields.elements):
        match element:
            case LevelFields():
                elements.append(_level(element, index, words, clock))
            case FanoutFields():
                elements.append(_fanout(element, index, words))
            case ComputeFields():
                compute = Compute(
                    element.compute,
                    float(element.energy.canonical),
                    element.gate_padding,
                    _area(element.area),
                    _sources(element.sources),
                )
    return Architecture(
        name=fields.name,
        elements=tuple(elements),
        compute=compute,
        clock_mhz=clock,
        energy_unit=unit,
        dataflow=fields.dataflow,
        description=fields.description,
        technology=fields.technology,
        vector_energy=float(fields.vector_energy.canonical) if fields.vector_energy else 0.0,
        other_area_um2=_area(fields.other_area),
        systolic=_systolic(fields, elements, words.default_bits, document),
        sources=_sources(fields.sources),
    )


def _systolic(
    fields: ArchitectureFields, elements: list[Level | Fanout], word_bits: int, document: Document
) -> SystolicArray | None:
    """The array; it must have as many PEs as the elements have MAC units."""
    given = fields.systolic
    if given is None:
        return None
    for name in ("buffer", "dram_bandwidth"):
        if getattr(given, name) is not None:
            sentence = f"systolic.{name} must be left out where the file lists elements"
            raise document.error(("systolic", name), sentence)
    try:
        array = SystolicArray(
            given.rows, given.cols, given.dataflow, given.double_buffered, given.inputs_held, given.weights_held,
            None if given.prefetch is None else given.prefetch.words(word_bits),
        )  # fmt: skip
    except InputError as error:
        raise document.error(("systolic",), str(error)) from None
    units = prod(element.instances for element in elements if isinstance(element, Fanout))
    if array.pes != units:
        sentence = f"systolic must have the {units:,} PEs of the elements, not {array.rows} x {array.columns}"
        raise document.error(("systolic",), sentence)
    return array


class _Words:
    """Capacities in words of their level."""

    def __init__(self, fields: ArchitectureFields, document: Document) -> None:
        self.fields = fields
        self.document = document
        self.default_bits = self.width(fields.word, ("word",), "word")

    def width(self, size: Amount, key: Key, name: str) -> int:
        try:
            return size.bits
        except InputError:
            raise self.document.error(key, f"{name} must be a whole number of bits, not '{size.text}'") from None

    def bits(self, index: int) -> int:
        """Width of a word of the level or fan-out at this place."""
        element = self.fields.elements[index]
        assert isinstance(element, LevelFields | FanoutFields)
        key = ("elements", index, "word")
        return self.default_bits if element.word is None else self.width(element.word, key, "word")

    def exact(self, amount: Amount, index: int, *path: str) -> int:
        bits, name = self.bits(index), named(self.fields.elements[index])[1]
        try:
            return amount.words(bits)
        except InputError:
            field = ".".join((name, *path))
            sentence = f"{field} must be a whole number of {bits}-bit words, not '{amount.text}'"
            raise self.document.error(("elements", index, *path), sentence) from None

    def partitions(self, index: int) -> tuple[tuple[str, int], ...]:
        level = self.fields.elements[index]
        assert isinstance(level, LevelFields)
        return tuple((t, self.exact(amount, index, "partitions", t)) for t, amount in level.partitions.items())

    def shared(self, index: int) -> int | None:
        """Words of the shared capacity, None when it is unbounded."""
        level = self.fields.elements[index]
        assert isinstance(level, LevelFields)
        match level.capacity:
            case None | "unbounded":
                return None
            case EqualAreaCapacity() as rule:
                return self.by_area(rule, index)
            case amount:
                return self.exact(amount, index, "capacity")

    def by_area(self, rule: EqualAreaCapacity, index: int) -> int:
        """Words of the buffer that the area of the memories inside it leaves, whole words only."""
        name = named(self.fields.elements[index])[1]
        memories: list[tuple[int, Fraction]] = []
        pes = 1
        for place, element in enumerate(self.fields.elements):
            if place <= index:
                continue
            if isinstance(element, FanoutFields):
                pes *= prod(axis.size for axis in element.axes)
            elif isinstance(element, LevelFields):
                if element.capacity is not None and isinstance(element.capacity, EqualAreaCapacity | str):
                    where, inner = ("elements", place, "capacity"), element.level
                    sentence = f"{inner}.capacity must be a stated size, because {name} takes the area it leaves"
                    raise self.document.error(where, sentence)
                words = (self.shared(place) or 0) + sum(held for _, held in self.partitions(place))
                memories.append((pes, Fraction(words * self.bits(place), 8)))
        area = rule.equal_area
        register, share = area.register_.canonical / 8, area.buffer_per_pe.canonical / 8
        try:
            left = equal_area_buffer_bytes(pes, register, share, memories)
        except InputError as error:
            raise self.document.error(("elements", index, "capacity"), f"{name}.capacity: {error}") from None
        return int(left * 8 / self.bits(index))


def _level(level: LevelFields, index: int, words: _Words, clock_mhz: float) -> Level:
    bits = words.bits(index)
    check_capacity(level, index, words.document)

    def rate(bandwidth: Amount | None) -> float | None:
        return None if bandwidth is None else bandwidth.words_per_cycle(bits, clock_mhz)

    return Level(
        name=level.level,
        capacity_words=words.shared(index),
        tensor_capacity_words=words.partitions(index),
        keeps=keeps_of(level, index),
        buffers=level.buffers,
        word_bits=bits,
        read_bandwidth=rate(level.read_bandwidth),
        write_bandwidth=rate(level.write_bandwidth),
        shared_port=level.shared_port,
        latency_cycles=_latency(level, index, words.document, clock_mhz),
        read_energy=float(level.read_energy.canonical),
        write_energy=float(level.write_energy.canonical),
        area_um2=_area(level.area),
        nested=level.nested,
        packed=level.packed,
        sources=_sources(level.sources),
    )


def _latency(level: LevelFields, index: int, document: Document, clock_mhz: float) -> int:
    try:
        return 0 if level.latency is None else level.latency.cycles(clock_mhz)
    except InputError as error:
        raise document.error(("elements", index, "latency"), f"{level.level}.{error}") from None


def _fanout(fanout: FanoutFields, index: int, words: _Words) -> Fanout:
    if not fanout.axes:
        raise words.document.error(("elements", index, "axes"), f"{fanout.fanout}.axes must have at least one axis")
    axes = []
    for place, axis in enumerate(fanout.axes):
        check_networks(axis, ("elements", index, "axes", place, "networks"), words.document)
        axes.append(Axis(axis.axis, axis.size, tuple(axis.networks.items()), axis.irrelevant_to, axis.dims))
    hops = tuple((tensor, float(energy.canonical)) for tensor, energy in fanout.hop_energy.items())
    return Fanout(fanout.fanout, tuple(axes), hops, words.bits(index), _sources(fanout.sources))


def _area(area: Amount | None) -> float | None:
    return None if area is None else float(area.canonical)


def _sources(sources: Sources) -> tuple[Source, ...]:
    return tuple(Source(field, source.text, not source.unverified) for field, source in sources.items())
