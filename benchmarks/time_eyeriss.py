"""The Eyeriss chip's AlexNet at every depth of time beside its measurements, in ms at 200 MHz, batch 4.

python benchmarks/time_eyeriss.py

steady, pipelined   the mappings of Table III of the paper (Chen et al., JSSC 52(1), 2017); tiles move whole, through
                    scratchpads with one buffer each, as architectures/eyeriss.yaml describes them
double-buffered     the same where every level had two buffers
cycle               the row-stationary array PE by PE (accelsim.model.array_fed), which takes operands word by word
measured            Table V: processing latency, and total latency with DRAM
"""

from __future__ import annotations

from dataclasses import replace

from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture, Level
from accelsim.mapping.nest import Mapping
from accelsim.model.array_fed import fed_time
from accelsim.model.evaluate import evaluate
from accelsim.simulate.pipeline.schedule import times
from accelsim.simulate.pipeline.tiles import tile_program
from accelsim.validation.data import published_rows
from accelsim.validation.eyeriss_chip import operation_of
from accelsim.validation.eyeriss_nests import nest, table3
from accelsim.workload.operation import Operation

COLUMNS = ("steady", "pipelined", "double-buffered", "serial", "cycle", "measured", "with DRAM")


def pipelined(operation: Operation, chip: Architecture, mapping: Mapping) -> tuple[int, int]:
    """(pipelined, serial) cycles."""
    run = times(tile_program(operation, chip, mapping))
    return run.cycles(run.ticks), run.cycles(run.serial)


def main() -> None:
    chip = load_architecture("eyeriss")
    elements = tuple(replace(e, buffers=2) if isinstance(e, Level) else e for e in chip.elements)
    double = replace(chip, elements=elements)
    measured = {row["layer"]: row for row in published_rows("eyeriss_jssc17/alexnet.csv")}
    print(f"{'layer':<8}" + "".join(f"{name:>17}" for name in COLUMNS))
    total = [0.0] * len(COLUMNS)
    for layer, row in table3().items():
        operation = operation_of(layer)
        mapping = nest(operation, row)
        steady = evaluate(operation, chip, mapping).cycles
        single, serial = pipelined(operation, chip, mapping)
        cycles = (steady, single, pipelined(operation, double, mapping)[0], serial, fed_time(operation, chip).cycles)
        silicon = measured[layer]
        ms = [n / (chip.clock_mhz * 1e3) for n in cycles]
        ms += [float(silicon["processing_latency_ms"]), float(silicon["total_latency_ms"])]
        total = [a + b for a, b in zip(total, ms, strict=True)]
        print(f"{layer:<8}" + "".join(f"{value:>17.1f}" for value in ms), flush=True)
    print(f"{'all':<8}" + "".join(f"{value:>17.1f}" for value in total))


if __name__ == "__main__":
    main()
