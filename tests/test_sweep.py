"""Running studies: what a point costs, that nothing is done twice or lost, and that the results are always the same."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sweep_cases import DEADLY_MACS, MACHINE, NETWORK, STUDY, Counting, canonical, deadly, ran, written

import accelsim
from accelsim.architecture.files import parse_architecture
from accelsim.errors import InputError
from accelsim.sweep import local
from accelsim.sweep.frame import Table, export, load_sweep
from accelsim.sweep.local import Local
from accelsim.sweep.store import FILE, Results
from accelsim.workload.files import parse_network


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return written(tmp_path)


def test_every_point_costs_what_compare_says_of_its_machine(study: Path, tmp_path: Path) -> None:
    """The machine of each point as a file of its own, searched by accelsim.compare without any sweep."""
    _, table = ran(study, tmp_path / "out")
    assert [row["status"] for row in table.rows] == ["mapped"] * 12
    network = parse_network(NETWORK, "tiny.yaml")
    for row in (table.rows[0], table.rows[5], table.rows[11]):
        text = MACHINE.replace("1 KiB", row["capacity"]).replace("{axis: Y, size: 4", f"{{axis: Y, size: {row['rows']}")
        text = text.replace("{axis: X, size: 4", f"{{axis: X, size: {row['cols']}")
        found = accelsim.compare(network, parse_architecture(text, "toy.yaml"), cache=False)
        (total,) = found.totals
        assert (row["energy"], row["cycles"], row["dram_words"]) == (total.energy, total.cycles, total.dram_words)
        assert row["energy_unit"] == "pJ"
        assert row["latency_s"] == total.cycles / 100e6
        assert row["edp"] == total.energy * (total.cycles / 100e6)
        (vector,) = found.vector_totals
        assert row["vector_energy"] == vector.energy
        layers = {r.layer: r for r in found.results}
        for layer in (r for r in table.layers if r["point"] == row["point"]):
            evaluation, certificate = layers[layer["layer"]].evaluation, layers[layer["layer"]].certificate
            assert evaluation is not None
            assert (layer["energy"], layer["cycles"]) == (evaluation.energy, evaluation.cycles)
            if certificate is not None:
                assert (layer["gap"], layer["lower_bound"]) == (certificate.gap, certificate.lower_bound)
                assert (layer["space"], layer["looked_at"]) == (certificate.space, certificate.looked_at)


def test_columns_of_the_machine_by_hand(study: Path, tmp_path: Path) -> None:
    """16 PEs with 2 B each, 1024 B of buffer: 0.1 + 16 x 0.001 mm2. Fig. 7a: 8.147 per byte of 2, 1.271 of 1024."""
    _, table = ran(study, tmp_path / "out")
    row = table.rows[11]
    assert (row["pes"], row["clock_mhz"], row["storage_bytes"]) == (16, 100.0, 1024 + 16 * 2)
    assert row["area_mm2"] == pytest.approx(0.116)
    assert row["storage_area_bytes"] == pytest.approx(1024 * 1.271 + 16 * 2 * 8.147)


def test_equal_searches_are_made_once(tmp_path: Path) -> None:
    """A clock and an area change no mapping: two machine parts (of two bandwidths), two layers with MACs."""
    path = written(tmp_path, STUDY.replace("axes:\n", "axes:\n  clock: [100 MHz, 200 MHz]\n").replace(
        "  array: {rows: [2, 4], cols: [2, 4]}", "  levels.Buffer.area: [0.1 mm2, 0.2 mm2]"
    ).replace("[256 B .. 1024 B, x2]", "[512 B, 1024 B]"))  # fmt: skip
    runner = Counting()
    summary, table = ran(path, tmp_path / "out", runner)
    assert summary.statuses == (("mapped", 2 * 2 * 2),)
    assert runner.searches == summary.searches == 2 * 2
    slow, fast = (next(r for r in table.rows if r["clock"] == clock) for clock in ("100 MHz", "200 MHz"))
    assert slow["cycles"] == fast["cycles"]
    assert slow["latency_s"] == 2 * fast["latency_s"]
    assert {round(r["area_mm2"], 9) for r in table.rows} == {0.116, 0.216}


def test_what_is_there_is_not_done_again(study: Path, tmp_path: Path) -> None:
    first = ran(study, tmp_path / "out")
    runner = Counting()
    again, table = ran(study, tmp_path / "out", runner)
    assert runner.searches == 0
    assert again.statuses == first[0].statuses
    assert table.rows == first[1].rows


def test_a_study_that_is_extended_keeps_its_points(study: Path, tmp_path: Path) -> None:
    ran(study, tmp_path / "out")
    study.write_text(STUDY.replace("cols: [2, 4]", "cols: [2, 3, 4]"))
    runner = Counting()
    _, table = ran(study, tmp_path / "out", runner)
    assert len(table.rows) == 18
    assert runner.searches == 6 * 2  # three buffers and two heights at three columns
    alone = ran(study, tmp_path / "alone")[1]
    assert [{**r, "search_seconds": 0} for r in table.rows] == [{**r, "search_seconds": 0} for r in alone.rows]


def test_points_of_equal_content_are_one_result(tmp_path: Path) -> None:
    path = written(tmp_path, STUDY.replace("[256 B .. 1024 B, x2]", "[1 KiB, 1024 B]"))
    summary, table = ran(path, tmp_path / "out")
    keys = [row["key"] for row in table.rows]
    assert keys[:4] == keys[4:]
    assert summary.searches == 4 * 2
    with sqlite3.connect(tmp_path / "out" / FILE) as connection:
        assert connection.execute("SELECT count(*) FROM points").fetchone() == (4,)


@pytest.mark.parametrize("stop", [0, 1, 7, 23])
def test_an_interrupted_study_goes_on_to_the_same_export(study: Path, tmp_path: Path, stop: int) -> None:
    whole = ran(study, tmp_path / "whole", counted := Counting())[1]
    first = Counting(stop=stop)
    with pytest.raises(KeyboardInterrupt):
        ran(study, tmp_path / "out", first)
    assert len([r for r in load_sweep(tmp_path / "out").rows if r["status"] == "waiting"]) > 0
    rest = Counting()
    ran(study, tmp_path / "out", rest)
    assert first.searches + rest.searches == counted.searches
    assert canonical(tmp_path / "out") == canonical(tmp_path / "whole")
    assert whole.columns[-1] == "search_seconds"


def test_workers_do_not_change_the_export(study: Path, tmp_path: Path) -> None:
    exports = []
    for workers in (1, 2, 8):
        runner = Local(workers) if workers > 1 else Counting()
        ran(study, tmp_path / f"out{workers}", runner)
        runner.close()
        exports.append(canonical(tmp_path / f"out{workers}"))
    assert exports[0] == exports[1] == exports[2]
    assert exports[0].count("\n") == 13


def test_a_killed_worker_costs_nothing_but_time(study: Path, tmp_path: Path) -> None:
    class Killing(Local):
        """Kills one of its workers after the first outcome."""

        def run(self, chunks: Any) -> Any:
            for i, outcome in enumerate(super().run(chunks)):
                if i == 0 and self.pool is not None:
                    victim = next(iter(self.pool._processes))
                    os.kill(victim, signal.SIGKILL)
                seen.append(outcome.key)
                yield outcome

    seen: list[str] = []
    runner = Killing(2)
    summary, _ = ran(study, tmp_path / "out", runner)
    runner.close()
    assert summary.failed == 0
    assert len(seen) == len(set(seen)) == 24
    ran(study, tmp_path / "here")
    assert canonical(tmp_path / "out") == canonical(tmp_path / "here")


def test_a_search_that_kills_its_workers_is_set_aside(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B takes every worker along; A's searches all come back, and the points fail with their reason."""
    study.write_text(STUDY.replace("[256 B .. 1024 B, x2]", "[1024 B]").replace("cols: [2, 4]", "cols: [2]"))
    assert parse_network(NETWORK, "n").layer("B").macs == DEADLY_MACS
    monkeypatch.setattr(local, "answered", deadly)
    runner = Local(2)
    summary, table = ran(study, tmp_path / "out", runner)
    runner.close()
    assert summary.statuses == (("failed", 2),)
    assert {row["reason"] for row in table.rows} == {
        "B: its worker died each time that it was tried (killed, or out of memory)"
    }
    monkeypatch.undo()
    counting = Counting()
    ran(study, tmp_path / "out", counting)
    assert counting.searches == 0  # a failure is a result, until it is asked for again
    ran(study, tmp_path / "out", counting, retry_failed=True)
    assert counting.searches == 2  # B alone
    ran(study, tmp_path / "here")
    assert canonical(tmp_path / "out") == canonical(tmp_path / "here")


def test_a_point_that_fails_does_not_stop_the_others(study: Path, tmp_path: Path) -> None:
    summary, table = ran(study, tmp_path / "out", Counting(breaks=frozenset({3})))
    assert summary.statuses == (("failed", 1), ("mapped", 11))
    assert summary.failed == 1
    failed = next(row for row in table.rows if row["status"] == "failed")
    assert failed["reason"] == "A: it broke"
    assert "energy" not in failed


def test_points_without_a_result_are_recorded_with_their_reason(tmp_path: Path) -> None:
    """A word of buffer holds no window of A: infeasible. 2 B are no whole word of 24 b: invalid. 16 PEs: excluded."""
    path = written(tmp_path, STUDY.replace("[256 B .. 1024 B, x2]", "[2 B, 768 B]").replace(
        "{rows: [2, 4], cols: [2, 4]}", "{rows: [2, 4], cols: [4]}\n  word: [16 b, 24 b]"
    ) + "constraints: [pes < 16]\n")  # fmt: skip
    text = (tmp_path / "toy.yaml").read_text().replace("area: 0.1 mm2}", "area: 0.1 mm2, keeps: {'*': must}}")
    (tmp_path / "toy.yaml").write_text(text)
    summary, table = ran(path, tmp_path / "out")
    found = {(r["capacity"], r["rows"], r["word"]): (r["status"], r["reason"]) for r in table.rows}
    assert found["768 B", 2, "16 b"] == ("mapped", "")
    assert found["768 B", 4, "16 b"] == ("excluded", "'pes < 16' does not hold")
    assert found["2 B", 2, "16 b"][0] == "infeasible"
    assert found["2 B", 2, "16 b"][1].startswith("A on toy: Buffer needs at least ")
    assert found["2 B", 2, "24 b"] == (
        "invalid", f"{path}:4: Buffer.capacity must be a whole number of 24-bit words, not '2 B'",
    )  # fmt: skip
    assert summary.failed == len([s for s, _ in found.values() if s in ("infeasible", "invalid")])


def test_workload_axes_run_networks_as_they_say(tmp_path: Path) -> None:
    path = written(tmp_path, "name: t\nbase: ws16x16\naxes: {batch: [1, 3], bits: [8, {weights: 4}]}\n"
                   "networks: [lenet5, {network: lenet5, name: other, batch: 9}]\n")  # fmt: skip
    _, table = ran(path, tmp_path / "out")
    single = accelsim.load_network("lenet5").macs if hasattr(accelsim, "load_network") else table.rows[0]["macs"]
    assert {(r["network"], r["batch"], r["macs"]) for r in table.rows} == {
        (name, batch, batch * single) for name in ("lenet5", "other") for batch in (1, 3)
    }
    assert {r["bits"] for r in table.rows} == {8, "weights=4"}
    narrow, wide = (next(r for r in table.rows if r["bits"] == bits) for bits in (8, "weights=4"))
    assert narrow["dram_bytes"] != wide["dram_bytes"]


def test_another_study_does_not_get_into_a_folder(study: Path, tmp_path: Path) -> None:
    ran(study, tmp_path / "out")
    study.write_text(STUDY.replace("name: trial", "name: other"))
    with pytest.raises(InputError, match=r"out: holds the study 'trial', not 'other'; give another folder$"):
        ran(study, tmp_path / "out")


def test_a_result_carries_its_whole_input_and_version(study: Path, tmp_path: Path) -> None:
    """The machine and network that the store holds give the same result when they are run on their own."""
    _, table = ran(study, tmp_path / "out")
    row = table.rows[6]
    store = Results(tmp_path / "out", fresh=False)
    (stored,) = store.points([row["key"]])
    machine = parse_architecture(store.input(stored.row["machine"]), "stored")
    network = parse_network(store.input(stored.row["network"]), "stored")
    store.close()
    found = accelsim.compare(network, machine, cache=False)
    assert found.totals[0].energy == row["energy"]
    assert row["model_version"].startswith(f"{accelsim.__version__}-")
    assert row["search_seconds"] > 0


def test_a_changed_machine_file_is_another_point(study: Path, tmp_path: Path) -> None:
    before = ran(study, tmp_path / "out")[1]
    file = tmp_path / "toy.yaml"
    file.write_text(file.read_text().replace("read_energy: 100 pJ", "read_energy: 50 pJ"))
    after = ran(study, tmp_path / "out")[1]
    assert not {r["key"] for r in before.rows} & {r["key"] for r in after.rows}
    assert all(b["energy"] > a["energy"] for b, a in zip(before.rows, after.rows, strict=True))


def test_damaged_answers_are_searched_again(study: Path, tmp_path: Path) -> None:
    """A flipped byte in a nest, and one in a row: both are noticed, and the export comes out the same."""
    ran(study, tmp_path / "out")
    good = canonical(tmp_path / "out")
    with sqlite3.connect(tmp_path / "out" / FILE) as connection:
        key, entry = connection.execute("SELECT key, entry FROM searches").fetchone()
        connection.execute("UPDATE searches SET entry = ? WHERE key = ?", (entry[:-9] + b"x" + entry[-8:], key))
        point, row = connection.execute("SELECT key, row FROM points").fetchone()
        connection.execute("UPDATE points SET row = ? WHERE key = ?", (row.replace("1", "2", 1), point))
        connection.execute("DELETE FROM points WHERE key != ?", (point,))
    connection.close()
    runner = Counting()
    ran(study, tmp_path / "out", runner)
    assert runner.searches == 1
    assert canonical(tmp_path / "out") == good


def test_a_damaged_store_is_a_sentence_and_is_left_alone(study: Path, tmp_path: Path) -> None:
    ran(study, tmp_path / "out")
    file = tmp_path / "out" / FILE
    whole = file.read_bytes()
    for damage in (b"nonsense" * 1000, whole[:100] + b"\xff" * 3000 + whole[3100:]):
        file.write_bytes(damage)
        for act in (lambda: ran(study, tmp_path / "out"), lambda: load_sweep(tmp_path / "out")):
            with pytest.raises(InputError, match=r"study\.sqlite: the store of results .*; move it away to begin"):
                act()
        assert file.read_bytes() == damage
    file.write_bytes(whole)
    assert len(load_sweep(tmp_path / "out").mapped) == 12


def test_a_foreign_database_is_refused(study: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with sqlite3.connect(tmp_path / "out" / FILE) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(InputError, match=r"must be a file of its own, not one of another program$"):
        ran(study, tmp_path / "out")


def test_frames_and_exports(study: Path, tmp_path: Path) -> None:
    import pandas as pd

    study.write_text(STUDY + "derived: {energy_per_pe: energy / pes}\n")
    _, table = ran(study, tmp_path / "out")
    frame = table.points
    assert list(frame.columns) == list(table.columns)
    assert (frame["energy_per_pe"] == frame["energy"] / frame["pes"]).all()
    assert str(frame["cycles"].dtype) == "Int64"
    export(table, tmp_path / "points.csv")
    read = pd.read_csv(tmp_path / "points.csv")
    assert list(read["energy"]) == [row["energy"] for row in table.rows]
    export(table, tmp_path / "canonical.csv", canonical=True)
    assert (tmp_path / "canonical.csv").read_text() == canonical(tmp_path / "out")
    assert "seconds" not in (tmp_path / "canonical.csv").read_text().splitlines()[0]
    with pytest.raises(InputError, match=r"an export must end in \.csv or \.parquet$"):
        export(table, tmp_path / "points.xlsx")


def test_the_store_opens_in_pandas_in_one_line(study: Path, tmp_path: Path) -> None:
    import pandas as pd

    _, table = ran(study, tmp_path / "out")
    frame = pd.read_sql("SELECT * FROM results", sqlite3.connect(tmp_path / "out" / FILE))
    assert list(frame["point"]) == list(range(12))
    assert frame["energy"].tolist() == pytest.approx([row["energy"] for row in table.rows])
    assert list(frame["capacity"]) == [row["capacity"] for row in table.rows]


def test_a_table_is_json_clean(study: Path, tmp_path: Path) -> None:
    _, table = ran(study, tmp_path / "out")
    assert json.loads(json.dumps(table.rows)) == list(table.rows)
    assert isinstance(replace(table), Table)
