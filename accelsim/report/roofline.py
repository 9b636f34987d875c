"""What a machine can do at most: the roofs of its MAC units and of its memories.

    operations/s <= min(2 x MAC units x clock, operations per byte x bytes/s of the level)

Williams, Waterman, Patterson, CACM 2009.  1 MAC = 2 operations; bytes are those read from and written to a level, which
a search made as few as its objective asked for.
"""

from __future__ import annotations

from accelsim.architecture.spec import Architecture, Level


def peak_tops(architecture: Architecture) -> float:
    """Tera-operations per second of all MAC units at the machine's clock."""
    return 2 * architecture.mac_units * architecture.clock_mhz / 1e6


def bytes_per_second(architecture: Architecture, level: Level) -> float | None:
    """What all instances of a level move in both directions together, or None where a direction has no stated
    bandwidth."""
    read, write = level.read_bandwidth, level.write_bandwidth
    words = read if level.shared_port else None if read is None or write is None else read + write
    if words is None:
        return None
    return words * level.word_bits / 8 * architecture.level_instances(level.name) * architecture.clock_mhz * 1e6


def dram_bytes_per_second(architecture: Architecture) -> float | None:
    """The same of the outermost level."""
    return bytes_per_second(architecture, architecture.levels[0])
