"""What a machine's file must not say: one function per rule, each raising with the line of what breaks it."""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.architecture.schema import ArchitectureFields, AxisFields, ComputeFields, FanoutFields, LevelFields
from accelsim.architecture.spec import REST, EnergyUnit, Keep, Network
from accelsim.errors import InputError, check_name, nearest
from accelsim.files import Document, shipped
from accelsim.files.document import Key
from accelsim.units import Amount

TENSORS = ("inputs", "weights", "outputs")
_TRAVEL = {"inputs": "operand", "weights": "operand", "outputs": "output"}
_NETWORKS = {"operand": ("multicast", "forwarding", "unicast"), "output": ("reduction", "unicast")}


def check_elements(fields: ArchitectureFields, document: Document) -> None:
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


def check_names(fields: ArchitectureFields, document: Document) -> None:
    """Elements are told apart by name, and so are axes, because mappings refer to them."""
    try:
        check_name("machine", fields.name)
    except InputError as error:
        raise document.error(("name",), str(error)) from None
    names: set[str] = set()
    axes: set[str] = set()
    for index, element in enumerate(fields.elements):
        kind, name = named(element)
        if name in names:
            raise document.error(("elements", index), f"{kind} must have a name of its own, not '{name}' again")
        names.add(name)
        for place, axis in enumerate(element.axes if isinstance(element, FanoutFields) else ()):
            if axis.axis in axes:
                where = ("elements", index, "axes", place)
                raise document.error(where, f"axis must have a name of its own, not '{axis.axis}' again")
            axes.add(axis.axis)


def check_dataflow(fields: ArchitectureFields, document: Document) -> None:
    """The default dataflow ships under its name, or is a file of the user's."""
    name, known = fields.dataflow, tuple(shipped("dataflows"))
    if name is not None and name not in known and not name.endswith((".yaml", ".yml")):
        raise document.error(
            ("dataflow",), f"dataflow must be one that ships or a .yaml file, not '{name}'{nearest(name, known)}"
        )


def check_sources(fields: ArchitectureFields, document: Document) -> None:
    """A misspelt field must not lose its citation in silence."""
    parts: list[tuple[Key, ArchitectureFields | LevelFields | FanoutFields | ComputeFields]] = [((), fields)]
    parts += [(("elements", index), element) for index, element in enumerate(fields.elements)]
    for key, part in parts:
        known = [field for field in type(part).model_fields if field != "sources"]
        for field in part.sources:
            if field not in known and field != REST:
                name = "sources" if isinstance(part, ArchitectureFields) else f"{named(part)[1]}.sources"
                sentence = f"{name}.{field} must be a field of the element or '*'{nearest(field, known)}"
                raise document.error((*key, "sources", field), sentence)


def energy_unit(fields: ArchitectureFields, document: Document) -> EnergyUnit:
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


def _energies(fields: ArchitectureFields) -> Iterator[tuple[Key, str, Amount]]:
    if fields.vector_energy:
        yield ("vector_energy",), "vector_energy", fields.vector_energy
    for index, element in enumerate(fields.elements):
        key, (_, name) = ("elements", index), named(element)
        match element:
            case LevelFields():
                yield (*key, "read_energy"), f"{name}.read_energy", element.read_energy
                yield (*key, "write_energy"), f"{name}.write_energy", element.write_energy
            case FanoutFields():
                for tensor, energy in element.hop_energy.items():
                    yield (*key, "hop_energy", tensor), f"{name}.hop_energy.{tensor}", energy
            case ComputeFields():
                yield (*key, "energy"), f"{name}.energy", element.energy


def check_capacity(level: LevelFields, index: int, document: Document) -> None:
    """A size that was forgotten must not become an endless memory."""
    key: Key = ("elements", index)
    if REST in level.partitions:
        raise document.error((*key, "partitions", REST), f"{level.level}.partitions must name tensors, not '*'")
    if index and level.capacity is None and not set(TENSORS) <= set(level.partitions) | _not_kept(level):
        raise document.error(key, f"{level.level} must have a capacity; write 'capacity: unbounded' if it has no bound")


def keeps_of(level: LevelFields, index: int) -> tuple[tuple[str, Keep], ...]:
    """As written; the outermost level keeps everything without being told."""
    if not level.keeps and index == 0:
        return ((REST, "must"),)
    return tuple((level.keeps or {}).items())


def _not_kept(level: LevelFields) -> set[str]:
    keeps = dict(keeps_of(level, 1))
    return {tensor for tensor in TENSORS if keeps.get(tensor, keeps.get(REST)) == "not"}


def check_networks(axis: AxisFields, key: Key, document: Document) -> None:
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


def named(element: LevelFields | FanoutFields | ComputeFields) -> tuple[str, str]:
    match element:
        case LevelFields():
            return "level", element.level
        case FanoutFields():
            return "fanout", element.fanout
        case ComputeFields():
            return "compute", element.compute
