"""The tile pipeline: its program is the executed one, its times keep their bounds, and every part is accounted for."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from strategies import random_case

from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture, Compute, Level
from accelsim.errors import InputError
from accelsim.mapping.nest import Mapping
from accelsim.mapping.parse import parse_mapping
from accelsim.model.evaluate import evaluate
from accelsim.model.pipelined import pipelined_bounds
from accelsim.report.timing import pipelined_timing, steady_timing, write_trace
from accelsim.simulate.pipeline.program import Block, Program, recorded_program
from accelsim.simulate.pipeline.schedule import Times, times
from accelsim.simulate.pipeline.tiles import tile_program
from accelsim.workload.layer import Convolution, MatrixProduct
from accelsim.workload.operation import Operation
from accelsim.workload.window import Padding

Case = tuple[Operation, Architecture, Mapping]
some = pytest.mark.parametrize(
    "seeds", [range(40), pytest.param(range(40, 2000), marks=pytest.mark.exhaustive)], ids=["quick", "proof"]
)


def levels_with(machine: Architecture, change: Callable[[Level], Level]) -> Architecture:
    return replace(machine, elements=tuple(change(e) if isinstance(e, Level) else e for e in machine.elements))


def case(seed: int) -> Case:
    """A generated nest on a machine whose ports have bandwidths, latencies and buffers of all kinds."""
    draw = Random(seed)

    def ported(level: Level) -> Level:
        read = draw.choice([None, 0.5, 1.0, 1.2, 4.0])
        shared = draw.random() < 0.3 and read is not None
        write, buffers = draw.choice([None, 0.25, 1.0, 2.0]), draw.choice([1, 1, 2, 2, 3])
        latency = draw.choice([0, 0, 0, 1, 7])
        return replace(
            level, read_bandwidth=read, write_bandwidth=write, shared_port=shared, buffers=buffers,
            latency_cycles=latency,
        )  # fmt: skip

    operation, machine, mapping = random_case(seed)
    return operation, levels_with(machine, ported), mapping


def exact(run: Times) -> Fraction:
    return Fraction(run.ticks, run.per_cycle)


def plain(block: Block) -> tuple[object, ...]:
    words = [tuple(sorted((k, n) for k, n in table.items() if n)) for table in (block.mac_reads, block.mac_writes)]
    return tuple(block.changes), block.steps, *words


def ported_bits(program: Program) -> dict[str, list[int]]:
    """Per level, bits out and in, event by event in the instance where they are most."""
    total: dict[str, list[int]] = {level.name: [0, 0] for level in program.architecture.levels}

    def pass_through(number: int, out: int, into: int) -> None:
        place = program.places[number]
        width = program.operation.tensors[place.tensor].bits or program.architecture.level(place.level).word_bits
        total[place.level][0] += out * width
        total[place.level][1] += into * width

    for block in program.blocks:
        for change in block.changes:
            parent, words = program.places[change.place].parent, change.child_words
            assert parent is not None
            pass_through(change.place, *((0, words) if change.kind == "fill" else (words, 0)))
            pass_through(parent, change.parent_reads, change.parent_writes)
        for number, words in block.mac_reads.items():
            pass_through(number, words, 0)
        for number, words in block.mac_writes.items():
            pass_through(number, 0, words)
    return total


@some
def test_tile_by_tile_the_program_is_the_executed_one_word_for_word(seeds: range) -> None:
    compared = 0
    for seed in seeds:
        operation, machine, mapping = case(seed)
        everywhere = levels_with(machine, lambda level: replace(level, read_bandwidth=1.0, write_bandwidth=1.0))
        try:
            quick = tile_program(operation, everywhere, mapping)
        except InputError:
            assert any(len(rank.terms) > 1 for rank in operation.output.ranks)
            continue
        slow = recorded_program(operation, everywhere, mapping)
        assert [plain(b) for b in quick.blocks] == [plain(b) for b in slow.blocks], seed
        compared += 1
    assert 2 * compared > len(seeds)


@some
def test_the_program_moves_the_words_of_the_contract(seeds: range) -> None:
    """On one instance per level, event by event adds up to the closed form's counts; on several it is no less."""
    for seed in seeds:
        operation, machine, mapping = case(seed)
        program = recorded_program(operation, machine, mapping)
        counts = evaluate(operation, machine, mapping, check=False).counts
        moved = ported_bits(program)
        assert sum(block.steps for block in program.blocks) == counts.steps
        for port in counts.ports:
            out, into = moved[port.level]
            part = machine.level(port.level).word_bits // port.per_word
            single = all(row.instances == 1 for row in counts.tensors if row.level == port.level)
            if single:
                assert (out, into) == (part * port.reads, part * port.writes), (seed, port.level)
            assert out >= part * port.reads
            assert into >= part * port.writes


@some
def test_pipelined_lies_between_steady_and_serial_and_within_the_closed_form(seeds: range) -> None:
    exact_bounds = 0
    for seed in seeds:
        operation, machine, mapping = case(seed)
        run = times(recorded_program(operation, machine, mapping))
        cost = evaluate(operation, machine, mapping, check=False)
        cycles = run.cycles(run.ticks)
        assert cost.cycles <= cycles <= run.cycles(run.serial), seed
        bounds = pipelined_bounds(operation, machine, mapping, cost.counts)
        assert bounds.lower_cycles <= cycles <= bounds.upper_cycles, seed
        assert cost.cycles <= bounds.lower_cycles
        exact_bounds += bounds.exact
    assert exact_bounds > 0


def test_a_first_tile_in_the_padding_is_not_waited_for() -> None:
    """One output whose only window lies in the padding: nothing to fetch but the weight, whatever the latency."""
    layer = Convolution(name="edge", M=1, C=1, H=1, E=2, R=1, padding=Padding(1, 0, 0, 0)).operation()
    outer = Level("DRAM", read_bandwidth=1.0, write_bandwidth=1.0, latency_cycles=50)
    inner = Level("L1", latency_cycles=0)
    machine = Architecture("two", (outer, inner), Compute(), clock_mhz=100.0)
    keeps = "keeps inputs weights outputs"
    mapping = parse_mapping(f"DRAM {keeps}\nL1 keeps weights\nfor e in 0..2 by 1\nL1 keeps inputs outputs\nMAC")
    run = times(tile_program(layer, machine, mapping))
    # The weight is there after 50 + 1 cycles; the second step waits for its pixel, which needs 50 + 1 after the first.
    bounds = pipelined_bounds(layer, machine, mapping, evaluate(layer, machine, mapping).counts)
    assert bounds.lower_cycles <= run.cycles(run.ticks) <= bounds.upper_cycles
    assert run.parts["first fill"] == 51 * run.per_cycle


@some
def test_the_parts_of_the_time_add_up_to_all_of_it(seeds: range) -> None:
    for seed in seeds:
        operation, machine, mapping = case(seed)
        run = times(recorded_program(operation, machine, mapping))
        assert sum(run.parts.values()) == run.ticks, seed
        assert min(run.parts.values()) > 0
        assert run.parts["compute"] == run.per_cycle * evaluate(operation, machine, mapping, check=False).counts.steps


@some
def test_more_bandwidth_is_never_slower(seeds: range) -> None:
    def faster(level: Level, side: str) -> Level:
        rate = getattr(level, side)
        return replace(level, **{side: None if rate is None else 2 * rate})

    for seed in seeds:
        operation, machine, mapping = case(seed)
        program = recorded_program(operation, machine, mapping)
        before = exact(times(program))
        for side in ("read_bandwidth", "write_bandwidth"):
            for name in [level.name for level in machine.levels]:
                changed = levels_with(machine, lambda e, n=name, s=side: faster(e, s) if e.name == n else e)  # type: ignore[misc]
                assert exact(times(replace(program, architecture=changed))) <= before, (seed, name, side)


@some
def test_more_buffers_are_never_slower(seeds: range) -> None:
    for seed in seeds:
        operation, machine, mapping = case(seed)
        program = recorded_program(operation, machine, mapping)
        before = exact(times(program))
        for name in [level.name for level in machine.levels]:
            more = levels_with(machine, lambda e, n=name: replace(e, buffers=e.buffers + 1) if e.name == n else e)  # type: ignore[misc]
            assert exact(times(replace(program, architecture=more))) <= before, (seed, name)


@some
def test_no_two_transfers_hold_a_port_at_once(seeds: range) -> None:
    for seed in seeds:
        operation, machine, mapping = case(seed)
        run = times(recorded_program(operation, machine, mapping), keep=True)
        ends: dict[str, int] = {}
        for slot in sorted(run.slots, key=lambda slot: (slot.port, slot.begin, slot.length)):
            assert slot.begin >= ends.get(slot.port, 0), (seed, slot)
            ends[slot.port] = slot.begin + slot.length
        assert max(ends.values(), default=0) <= run.ticks


def regular(seed: int) -> Case:
    """A batch of products, each a tile of its own, on one buffer: DRAM's two ports alone take time."""
    draw = Random(seed)
    products, M, K, N = draw.randint(1, 9), draw.randint(1, 6), draw.randint(1, 6), draw.randint(1, 6)
    operation = MatrixProduct("batch", M=M, K=K, N=N, B=products).operation()
    outer = Level(
        "DRAM", read_bandwidth=draw.choice([0.25, 0.5, 1.0, 3.0]), write_bandwidth=draw.choice([0.25, 1.0, 2.0])
    )
    machine = Architecture("two", (outer, Level("L1", buffers=draw.choice([1, 2]))), Compute(), clock_mhz=100.0)
    lines = ["DRAM keeps inputs weights outputs", f"for g in 0..{products} by 1", "L1 keeps inputs weights outputs"]
    lines += [f"for {dim} in 0..{n} by 1" for dim, n in (("n", M), ("m", N), ("c", K))]
    return operation, machine, parse_mapping("\n".join([*lines, "MAC"]))


def test_the_closed_form_is_exact_on_regular_nests() -> None:
    """f cycles of fills, c of compute and d of drains per tile: n tiles take n max + (the other two) when they overlap,
    and n c + n max(f, d) + min(f, d) with one buffer, where the next fill and the last drain share the pause."""
    for seed in range(60):
        operation, machine, mapping = regular(seed)
        size = operation.extents
        n, M, K, N = size["G"], size["N"], size["C"], size["M"]
        outer = machine.levels[0]
        fill = Fraction(M * K + K * N) / Fraction(outer.read_bandwidth or 1)
        compute, drain = Fraction(M * K * N), Fraction(M * N) / Fraction(outer.write_bandwidth or 1)
        if machine.levels[1].buffers == 2:
            by_hand = (n - 1) * max(fill, compute, drain) + fill + compute + drain
        else:
            by_hand = n * compute + (n - 1) * max(fill, drain) + fill + drain
        run = times(tile_program(operation, machine, mapping))
        assert exact(run) == by_hand, seed
        bounds = pipelined_bounds(operation, machine, mapping, evaluate(operation, machine, mapping).counts)
        assert bounds.exact, seed
        assert bounds.lower_cycles == run.cycles(run.ticks), seed


def test_two_tiles_by_hand() -> None:
    """Two tiles of 4 words in (4 cycles), 2 steps, 1 word out (1 cycle), a latency of 3 cycles.

    One buffer: 3 + 4 in, 2 steps, then the next 3 + 4 while the word leaves, 2 steps, 1 out: 19. The MACs work 4."""
    operation = MatrixProduct("two", M=1, K=2, N=1, B=2).operation()
    outer = Level("DRAM", read_bandwidth=1.0, write_bandwidth=1.0, latency_cycles=3)
    keeps = "keeps inputs weights outputs"
    mapping = parse_mapping(f"DRAM {keeps}\nfor g in 0..2 by 1\nL1 {keeps}\nfor c in 0..2 by 1\nMAC")
    machine = Architecture("two", (outer, Level("L1")), Compute(), clock_mhz=100.0)
    run = times(tile_program(operation, machine, mapping))
    assert run.cycles(run.ticks) == 19
    parts = {name: ticks // run.per_cycle for name, ticks in run.parts.items()}
    assert parts == {"compute": 4, "first fill": 7, "waiting for weights from DRAM": 7, "last drain": 1}


def test_eyeriss_pipelines_a_real_layer_in_seconds_and_says_what_it_waits_for() -> None:
    chip = load_architecture("eyeriss")
    layer = Convolution(name="conv", M=16, C=8, H=15, R=3).operation()
    lines = """
        DRAM keeps inputs weights outputs
        GlobalBuffer keeps inputs outputs
        for m in 0..16 by 8
          par-for e in 0..13 by 1 on X
            par-for c in 0..8 by 2 on Y
              par-for r in 0..3 by 1 on Y
                Scratchpad keeps weights
                for f in 0..13 by 1
                  Scratchpad keeps inputs outputs
                  for c in 0..2 by 1
                    for s in 0..3 by 1
                      for m in 0..8 by 1
                        MAC
    """
    mapping = parse_mapping("\n".join(line.strip() for line in lines.strip().splitlines()))
    steady, pipelined = steady_timing(layer, chip, mapping), pipelined_timing(layer, chip, mapping)
    assert steady.cycles < pipelined.cycles
    assert pipelined.bounds is not None
    assert pipelined.bounds[0] <= pipelined.cycles <= pipelined.bounds[1]
    for timing in (steady, pipelined):
        assert sum(share for _, share in timing.shares()) == pytest.approx(100)
        assert sum(part.cycles for part in timing.parts) <= timing.cycles
    assert any("from DRAM" in part.name for part in pipelined.parts)


def test_a_timeline_opens_in_perfetto_and_says_the_same_as_csv(tmp_path: Path) -> None:
    operation, machine, mapping = regular(3)
    run = times(tile_program(operation, machine, mapping), keep=True)
    for ending in ("csv", "json"):
        write_trace(operation, machine, "pipelined", tmp_path / f"t.{ending}", mapping)
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    tracks = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    slices = [(tracks[e["tid"]], e["name"], e["ts"], e["dur"]) for e in events if e["ph"] == "X"]
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert len(slices) == len(rows) == len(run.slots)
    for (track, name, start, length), row in zip(slices, rows, strict=True):
        assert (track, name) == (row["track"], row["name"])
        assert (start, length) == pytest.approx((float(row["start_cycle"]), float(row["length_cycles"])))
    assert sum(length for track, _, _, length in slices if track == "compute") == operation.macs


def test_outputs_that_overlap_are_not_followed_tile_by_tile() -> None:
    operation, machine, mapping = next(
        found for found in map(random_case, range(1000)) if any(len(rank.terms) > 1 for rank in found[0].output.ranks)
    )
    with pytest.raises(InputError, match=r"outputs must not overlap or be cropped to be followed tile by tile$"):
        tile_program(operation, machine, mapping)
