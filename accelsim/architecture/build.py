"""From the fields of a file to an ``Architecture``: words and energies worked out, and what makes no sense refused."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import prod

from accelsim.architecture.schema import (
    ArchitectureFields,
    AxisFields,
    ComputeFields,
    EqualAreaCapacity,
    FanoutFields,
    LevelFields,
    Sources,
)
from accelsim.architecture.spec import (
    REST,
    Architecture,
    Axis,
    Compute,
    EnergyUnit,
    Fanout,
    Keep,
    Level,
    Network,
    Source,
)
from accelsim.architecture.technology import equal_area_buffer_bytes
from accelsim.errors import InputError, nearest
from accelsim.files import Document
from accelsim.files.document import Key
from accelsim.units import Amount

TENSORS = ("inputs", "weights", "outputs")
_TRAVEL = {"inputs": "operand", "weights": "operand", "outputs": "output"}
_NETWORKS = {"operand": ("multicast", "forwarding", "unicast"), "output": ("reduction", "unicast")}


def built(fields: ArchitectureFields, document: Document) -> Architecture:
    """The machine that the fields describe; raises InputError with the line of the first thing that makes no sense."""
    _check_elements(fields, document)
    _check_names(fields, document)
    _check_sources(fields, document)
    unit = _energy_unit(fields, document)
    clock = float(fields.clock.canonical)
    words = _Words(fields, document)
    elements: list[Level | Fanout] = []
    compute = Compute()
    for index, element in enumerate(fields.elements):
        match element:
            case LevelFields():
                elements.append(_level(element, index, words, clock))
            case FanoutFields():
                elements.append(_fanout(element, index, document))
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
        sources=_sources(fields.sources),
    )


def _check_elements(fields: ArchitectureFields, document: Document) -> None:
    """A level that is unbounded and keeps everything comes first, and the compute unit, alone of its kind, last."""
    elements = fields.elements
    key: Key = ("elements",)
    if not any(isinstance(element, LevelFields) for element in elements):
        raise document.error(key, "elements must have at least one level, the outermost memory")
    first = elements[0]
    if not isinstance(first, LevelFields):
        raise document.error((*key, 0), "elements must start with a level, the outermost memory")
    if first.partitions or not _is_unbounded(first):
        field = "partitions" if first.partitions else "capacity"
        raise document.error(
            (*key, 0, field), f"{first.level}.{field} must be left out: the outermost level is unbounded"
        )
    for tensor, keep in (first.keeps or {}).items():
        if keep != "must":
            raise document.error(
                (*key, 0, "keeps", tensor),
                f"{first.level}.keeps.{tensor} must be 'must' in the outermost level, not '{keep}'",
            )
    computes = [index for index, element in enumerate(elements) if isinstance(element, ComputeFields)]
    if computes != [len(elements) - 1]:
        where = (*key, computes[0]) if computes else key
        came = "none" if not computes else "two" if len(computes) > 1 else "one before the last element"
        raise document.error(where, f"elements must end with the one compute unit, not have {came}")


def _check_names(fields: ArchitectureFields, document: Document) -> None:
    """Elements are told apart by name, and so are axes, because mappings refer to them."""
    names: set[str] = set()
    axes: set[str] = set()
    for index, element in enumerate(fields.elements):
        kind, name = _named(element)
        if name in names:
            raise document.error(("elements", index), f"{kind} must have a name of its own, not '{name}' again")
        names.add(name)
        for place, axis in enumerate(element.axes if isinstance(element, FanoutFields) else ()):
            if axis.axis in axes:
                where = ("elements", index, "axes", place)
                raise document.error(where, f"axis must have a name of its own, not '{axis.axis}' again")
            axes.add(axis.axis)


def _check_sources(fields: ArchitectureFields, document: Document) -> None:
    """A misspelt field must not lose its citation in silence."""
    parts: list[tuple[Key, ArchitectureFields | LevelFields | FanoutFields | ComputeFields]] = [((), fields)]
    parts += [(("elements", index), element) for index, element in enumerate(fields.elements)]
    for key, part in parts:
        known = [field for field in type(part).model_fields if field != "sources"]
        for field in part.sources:
            if field not in known and field != REST:
                name = "sources" if isinstance(part, ArchitectureFields) else f"{_named(part)[1]}.sources"
                sentence = f"{name}.{field} must be a field of the element or '*'{nearest(field, known)}"
                raise document.error((*key, "sources", field), sentence)


def _energies(fields: ArchitectureFields) -> Iterator[tuple[Key, str, Amount]]:
    if fields.vector_energy:
        yield ("vector_energy",), "vector_energy", fields.vector_energy
    for index, element in enumerate(fields.elements):
        key, (_, name) = ("elements", index), _named(element)
        match element:
            case LevelFields():
                yield (*key, "read_energy"), f"{name}.read_energy", element.read_energy
                yield (*key, "write_energy"), f"{name}.write_energy", element.write_energy
            case FanoutFields():
                for tensor, energy in element.hop_energy.items():
                    yield (*key, "hop_energy", tensor), f"{name}.hop_energy.{tensor}", energy
            case ComputeFields():
                yield (*key, "energy"), f"{name}.energy", element.energy


def _energy_unit(fields: ArchitectureFields, document: Document) -> EnergyUnit:
    """Picojoule or energies of one MAC; the first energy of the file decides and the others must follow."""
    unit: EnergyUnit | None = None
    first = ""
    for key, name, energy in _energies(fields):
        own: EnergyUnit = "MAC" if energy.unit == "MAC" else "pJ"
        if unit is None:
            unit, first = own, f"{name} ('{energy.text}')"
        elif own != unit:
            kind = "normalised to one MAC" if unit == "MAC" else "physical"
            raise document.error(key, f"{name} must be {kind} like {first}, not '{energy.text}'")
    return unit or "pJ"


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
        """Width of a word of the level at this place."""
        level = self.fields.elements[index]
        assert isinstance(level, LevelFields)
        return self.default_bits if level.word is None else self.width(level.word, ("elements", index, "word"), "word")

    def exact(self, amount: Amount, index: int, *path: str) -> int:
        bits, name = self.bits(index), _named(self.fields.elements[index])[1]
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
        name = _named(self.fields.elements[index])[1]
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
    _check_capacity(level, index, words.document)

    def rate(bandwidth: Amount | None) -> float | None:
        return None if bandwidth is None else bandwidth.words_per_cycle(bits, clock_mhz)

    return Level(
        name=level.level,
        capacity_words=words.shared(index),
        tensor_capacity_words=words.partitions(index),
        keeps=_keeps(level, index),
        buffers=level.buffers,
        word_bits=bits,
        read_bandwidth=rate(level.read_bandwidth),
        write_bandwidth=rate(level.write_bandwidth),
        shared_port=level.shared_port,
        read_energy=float(level.read_energy.canonical),
        write_energy=float(level.write_energy.canonical),
        area_um2=_area(level.area),
        nested=level.nested,
        sources=_sources(level.sources),
    )


def _keeps(level: LevelFields, index: int) -> tuple[tuple[str, Keep], ...]:
    """As written; the outermost level keeps everything without being told."""
    if not level.keeps and index == 0:
        return ((REST, "must"),)
    return tuple((level.keeps or {}).items())


def _check_capacity(level: LevelFields, index: int, document: Document) -> None:
    """A size that was forgotten must not become an endless memory."""
    key: Key = ("elements", index)
    if REST in level.partitions:
        raise document.error((*key, "partitions", REST), f"{level.level}.partitions must name tensors, not '*'")
    if index and level.capacity is None and not set(TENSORS) <= set(level.partitions) | _not_kept(level):
        raise document.error(key, f"{level.level} must have a capacity; write 'capacity: unbounded' if it has no bound")


def _not_kept(level: LevelFields) -> set[str]:
    keeps = dict(_keeps(level, 1))
    return {tensor for tensor in TENSORS if keeps.get(tensor, keeps.get(REST)) == "not"}


def _fanout(fanout: FanoutFields, index: int, document: Document) -> Fanout:
    axes = []
    for place, axis in enumerate(fanout.axes):
        _check_networks(axis, ("elements", index, "axes", place, "networks"), document)
        axes.append(Axis(axis.axis, axis.size, tuple(axis.networks.items()), axis.irrelevant_to, axis.dims))
    hops = tuple((tensor, float(energy.canonical)) for tensor, energy in fanout.hop_energy.items())
    return Fanout(fanout.fanout, tuple(axes), hops, _sources(fanout.sources))


def _check_networks(axis: AxisFields, key: Key, document: Document) -> None:
    """Operands are spread and outputs are gathered: the kinds do not mix."""
    networks: dict[str, Network] = dict(axis.networks.items())
    for tensor in TENSORS:
        named = tensor if tensor in networks else REST
        kind = networks.get(named, "unicast")
        allowed = _NETWORKS[_TRAVEL[tensor]]
        if kind not in allowed:
            choice = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
            raise document.error((*key, named), f"network of {tensor} along {axis.axis} must be {choice}, not {kind}")


def _is_unbounded(level: LevelFields) -> bool:
    return level.capacity is None or level.capacity == "unbounded"


def _named(element: LevelFields | FanoutFields | ComputeFields) -> tuple[str, str]:
    match element:
        case LevelFields():
            return "level", element.level
        case FanoutFields():
            return "fanout", element.fanout
        case ComputeFields():
            return "compute", element.compute


def _area(area: Amount | None) -> float | None:
    return None if area is None else float(area.canonical)


def _sources(sources: Sources) -> tuple[Source, ...]:
    return tuple(Source(field, source.text, not source.unverified) for field, source in sources.items())
