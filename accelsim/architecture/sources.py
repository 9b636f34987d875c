"""Which numbers an element states, and where each comes from."""

from __future__ import annotations

from accelsim.architecture.spec import REST, Architecture, Compute, Fanout, Level, Source

NO_SOURCE = "no source given"


def source_of(sources: tuple[Source, ...], field: str) -> Source:
    """The source of a field, else the one that stands for all fields, else 'no source given' (unverified)."""
    table = {source.field: source for source in sources}
    return table.get(field) or table.get(REST) or Source(field, NO_SOURCE, verified=False)


def stated_numbers(element: Level | Fanout | Compute | Architecture) -> tuple[str, ...]:
    """Fields of an element that hold a number someone must have found somewhere, in the order of the file."""
    match element:
        case Level():
            held = {
                "capacity": element.capacity_words is not None,
                "partitions": bool(element.tensor_capacity_words),
                "buffers": element.buffers != 1,
                "read_bandwidth": element.read_bandwidth is not None,
                "write_bandwidth": element.write_bandwidth is not None,
                "shared_port": element.shared_port,
                "latency": element.latency_cycles != 0,
                "read_energy": True,
                "write_energy": True,
                "area": element.area_um2 is not None,
            }
        case Fanout():
            held = {"axes": True, "hop_energy": bool(element.hop_energy)}
        case Compute():
            held = {"energy": True, "area": element.area_um2 is not None}
        case Architecture():
            held = {
                "clock": True,
                "word": True,
                "vector_energy": element.vector_energy != 0,
                "other_area": element.other_area_um2 is not None,
                "systolic": element.systolic is not None,
            }
    return tuple(field for field, states in held.items() if states)


def unsourced(arch: Architecture) -> list[str]:
    """Every number of a machine that has no source, as 'GlobalBuffer.capacity'; empty when each has one."""
    missing = []
    for element in (arch, *arch.elements, arch.compute):
        for field in stated_numbers(element):
            if NO_SOURCE in source_of(element.sources, field).text:
                missing.append(f"{element.name}.{field}")
    return missing
