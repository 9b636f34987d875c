"""Why a mapping costs what it costs, in tables and a few sentences; the numbers are accelsim.search.explain's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from accelsim.report.contents import NONE
from accelsim.report.numbers import count, energy_scale, percent, significant
from accelsim.report.records import Record, document, search_content
from accelsim.report.tables import Column, Table
from accelsim.search.explain import EnergyPart, Explanation, MemoryUse
from accelsim.search.what_if import WhatIf

PROVEN = "proven"


def explanation_tables(why: Explanation) -> list[Table]:
    """Energy beside what is unavoidable, memories and axes, what limits time, what more of the machine would buy."""
    tables = [_energies(why)]
    if why.memories:
        tables.append(_memories(why))
    if why.axes:
        tables.append(_axes(why))
    tables.append(_times(why))
    if why.what_ifs:
        tables.append(_what_ifs(why))
    return tables


def explanation_record(why: Explanation) -> Record:
    """The object of ``map --explain --json``: that of ``map`` with an ``explanation``."""
    parts = {name: [asdict(part) for part in getattr(why, name)] for name in ("energies", "axes", "times")}
    explanation = {
        "objective": why.objective,
        **parts,
        "memories": [{**asdict(memory), "tiles": dict(memory.tiles), "state": memory.state} for memory in why.memories],
        "ideal_cycles": why.ideal_cycles,
        "what_ifs": [{**asdict(what), "proven": what.is_proven} for what in why.what_ifs],
        "what_if_seconds": why.seconds,
    }
    return document("explanation", {**search_content(why.result), "explanation": explanation})


def _energies(why: Explanation) -> Table:
    evaluation = why.result.evaluation
    factor, scaled = energy_scale([evaluation.energy], evaluation.energy_unit)
    parts = [part for part in why.energies if part.energy]
    whole = EnergyPart("all", "", "", sum(p.energy for p in parts), sum(p.once for p in parts))
    rows = [*parts, whole]
    share = (percent(part.energy / whole.energy) if whole.energy else NONE for part in rows)
    return Table(
        "why: energy, and what it would be if every word passed once",
        (
            Column("component", tuple(part.component for part in rows), left=True),
            Column("tensor", tuple(part.tensor for part in rows), left=True),
            Column(f"energy ({scaled})", tuple(significant(part.energy / factor) for part in rows)),
            Column("share (%)", tuple(share)),
            Column(f"each word once ({scaled})", tuple(significant(part.once / factor) for part in rows)),
            Column("times as much", tuple(_times_as_much(part) for part in rows)),
        ),
        keys=2,
    )


def _times_as_much(part: EnergyPart) -> str:
    return significant(part.energy / part.once, 3) if part.once else NONE


def _memories(why: Explanation) -> Table:
    rows = why.memories
    tiles = (" + ".join(f"{name} {count(words)}" for name, words in memory.tiles) or NONE for memory in rows)
    meaning = {
        "full": "no tile can grow by the next factor of what is left of any dim",
        "slack": "some tile could grow",
        "whole": "nothing is left to grow",
        "unused": "nothing is kept there",
    }
    states = dict.fromkeys(memory.state for memory in rows)
    lacking = [f"{_name(m)} {count(m.next_words or 0)}" for m in rows if m.state == "full"]
    notes = [f"{state}: {meaning[state]}" for state in states]
    if lacking:
        notes.append(f"words that the next larger tile needs: {', '.join(lacking)}")
    return Table(
        "why: memories, per instance",
        (
            Column("memory", tuple(_name(memory) for memory in rows), left=True),
            Column("tiles (words)", tuple(tiles), left=True),
            Column("capacity (words)", tuple(count(memory.capacity) for memory in rows)),
            Column("used (%)", tuple(_used(memory) for memory in rows)),
            Column("state", tuple(memory.state for memory in rows), left=True),
        ),
        notes=tuple(notes),
    )


def _name(memory: MemoryUse) -> str:
    return f"{memory.level} {memory.partition}".strip()


def _used(memory: MemoryUse) -> str:
    return percent(memory.need / memory.capacity) if memory.capacity else NONE


def _axes(why: Explanation) -> Table:
    return Table(
        "why: axes of the array",
        (
            Column("axis", tuple(axis.axis for axis in why.axes), left=True),
            Column("positions in use", tuple(count(axis.used) for axis in why.axes)),
            Column("of", tuple(count(axis.size) for axis in why.axes)),
            Column("used (%)", tuple(percent(axis.used / axis.size) for axis in why.axes)),
        ),
    )


def _times(why: Explanation) -> Table:
    cycles = why.result.evaluation.cycles
    rows = [("all MAC units always busy", why.ideal_cycles), *((limit.what, limit.cycles) for limit in why.times)]
    return Table(
        "why: cycles that each would need alone; the slowest counts",
        (
            Column("what", tuple(name for name, _ in rows), left=True),
            Column("cycles", tuple(count(n) for _, n in rows)),
            Column("of all (%)", tuple(percent(n / cycles) if cycles else NONE for _, n in rows)),
        ),
    )


def _what_ifs(why: Explanation) -> Table:
    rows = why.what_ifs
    limit = "" if why.seconds is None else f" for at most {why.seconds:g} s"
    notes = [f"Each searched again{limit}; energies per word, area and clock stay as they are."]
    if not all(what.is_proven for what in rows):
        notes.append("'at best' is the bound where a search did not prove its result: the truth lies between the two.")
    gap = why.result.certificate.gap
    if gap:
        notes.append(
            f"The mapping itself is not proven (gap {_less(gap)} %): a gain up to that may be the search's, not the"
            " machine's."
        )
    return Table(
        f"why: change of {why.objective} with a little more of the machine",
        (
            Column("of", tuple(what.what for what in rows), left=True),
            Column("more", tuple(what.more for what in rows), left=True),
            Column("change (%)", tuple("no mapping" if what.change is None else _signed(what.change) for what in rows)),
            Column("at best (%)", tuple(PROVEN if what.is_proven else _signed(what.at_best) for what in rows)),
        ),
        keys=2,
        notes=tuple(notes),
    )


def _signed(change: float) -> str:
    """A change in percent with its sign; what rounds to nothing is 0.

    >>> _signed(-0.0312), _signed(0.0), _signed(-1e-9)
    ('-3.12', '0', '0')
    """
    text = f"{100 * change:+.2f}"
    return "0" if float(text) == 0 else text


def _less(share: float) -> str:
    return f"{100 * share:.2g}"


def explanation_sentences(why: Explanation) -> Iterator[str]:
    """The short of it: where the energy goes, what is full, what time waits for, what capacity costs."""
    evaluation = why.result.evaluation
    moved = [part for part in why.energies if part.kind != "compute" and part.energy]
    if moved:
        most = max(moved, key=lambda part: part.energy)
        ratio = f", {_times_as_much(most)} times what each word passing once would take" if most.once else ""
        again = sum(part.energy - part.once for part in why.energies) / evaluation.energy
        share = percent(most.energy / evaluation.energy)
        yield (
            f"Energy: most goes to {most.component} {most.tensor} ({share} %){ratio}."
            f" {percent(again)} % of all energy is words that pass more than once."
        )
    full = [_name(memory) for memory in why.memories if memory.state == "full"]
    slack = [f"{_name(memory)} ({_used(memory)} % used)" for memory in why.memories if memory.state == "slack"]
    if full or slack:
        told = [f"{state} {', '.join(names)}" for state, names in (("full:", full), ("slack:", slack)) if names]
        yield f"Memories: {'; '.join(told)}."
    yield f"Time: {_time(why)}."
    yield from _bounds(why)


def _time(why: Explanation) -> str:
    evaluation = why.result.evaluation
    compute = evaluation.compute_cycles
    if evaluation.cycles > compute:
        return (
            f"the {evaluation.bound_by} limits it: it needs {count(evaluation.cycles)} cycles, compute {count(compute)}"
        )
    if compute == why.ideal_cycles:
        return "compute limits it, with every MAC unit busy in every cycle"
    lost = percent(1 - why.ideal_cycles / compute)
    return f"compute limits it; {lost} % of its cycles are lost to idle MAC units and ragged ends"


def _bounds(why: Explanation) -> Iterator[str]:
    for what in why.what_ifs:
        if what.more == "without limit":
            several = {"memory": "Memories", "port": "Ports"}[what.kind]
            yield f"{several} without limit would {_promise(what, why.objective)}."
    floor = max(why.result.certificate.gap, 5e-5)
    gains = [w for w in why.what_ifs if w.more != "without limit" and w.change is not None and w.change < -floor]
    if gains:
        most = min(gains, key=lambda what: what.change or 0.0)
        more = f"{most.more} of {most.what}" if most.more == "double" else f"{most.more} more of {most.what}"
        yield f"Of what was tried, {more} helps most: {_signed(most.change or 0.0)} %."


def _promise(what: WhatIf, objective: str) -> str:
    less = _signed(what.at_best).lstrip("-")
    if less == "0":
        return "gain nothing (proven)"
    if what.is_proven:
        return f"make {objective} {less} % less (proven), and no limited ones can do more"
    found = _signed(what.change or 0.0).lstrip("-")
    return f"make {objective} {'at most' if found == '0' else f'{found} to'} {less} % less (not proven)"
