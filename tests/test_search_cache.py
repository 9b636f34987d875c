"""Answers on disk: a hit is the answer that was found, and nothing that happens to the file changes an answer."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from builders import machine, product

import accelsim
from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture, Compute, Level
from accelsim.errors import InfeasibleError, InputError
from accelsim.mapping.dataflow import Dataflow
from accelsim.mapping.dataflow_files import load_dataflow
from accelsim.search import Limits, SearchResult, cache_entry, cache_file, cache_key, many, search
from accelsim.search.cache import Cache, CacheWarning, default_cache
from accelsim.search.cache_entry import Answer, decoded, encoded
from accelsim.search.cache_key import Question
from accelsim.search.cache_place import FILE, VARIABLE, default_folder
from accelsim.search.many import Pair, search_many
from accelsim.workload.operation import Operation

LIMITS = Limits(max_candidates=200)
SHAPES = [(m, k) for m in (1, 2, 3, 4, 6) for k in (1, 2, 3, 4, 6, 8)]


def two_levels() -> Architecture:
    """DRAM and a few registers: searched in milliseconds."""
    levels = (
        Level("DRAM", read_energy=200.0, write_energy=200.0),
        Level("Register", capacity_words=4, read_energy=1.0),
    )
    return Architecture("two levels", levels, Compute(mac_energy=1.0), clock_mhz=100.0)


def pairs(count: int = 4) -> list[Pair]:
    """So many different small products on one machine."""
    return [(product(f"fc{i}", m, k), two_levels()) for i, (m, k) in enumerate(SHAPES[:count])]


def cramped() -> Architecture:
    """A machine whose dataflow asks for more than it can hold: no mapping exists."""
    return replace(load_architecture("ws256"), name="cramped", dataflow="row_stationary")


def everything(answer: Answer) -> Any:
    """All of an answer, also the seconds that equality passes over."""
    return asdict(answer) if isinstance(answer, SearchResult) else (type(answer), str(answer))


@pytest.fixture(autouse=True)
def no_cache_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "default"))


def hold_sources(patch: pytest.MonkeyPatch) -> None:
    """An editor that saves a file during a test would change what the cache keeps."""
    patch.setattr("accelsim.search.cache.LOADED_SOURCES", "sources")
    patch.setattr("accelsim.search.cache.source_digest", lambda: "sources")


@pytest.fixture(autouse=True)
def nobody_edits_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    hold_sources(monkeypatch)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "answers.sqlite")


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the operations that were searched, in order."""
    names = []

    def counted(operation: Operation, *rest: Any) -> SearchResult:
        names.append(operation.name)
        return search(operation, *rest)

    monkeypatch.setattr(many, "search", counted)
    return names


def test_a_hit_is_the_answer_that_was_found_to_the_last_field(cache: Cache, searched: list[str]) -> None:
    asked = [*pairs(), (product("big"), cramped())]
    found = search_many(asked, "edp", LIMITS, cache=cache)
    assert searched == ["fc0", "fc1", "fc2", "fc3", "big"]
    again = search_many(asked, "edp", LIMITS, cache=cache)
    assert len(searched) == 5
    assert [everything(answer) for answer in again] == [everything(answer) for answer in found]
    for (operation, architecture), answer in zip(asked[:4], again, strict=False):
        assert answer == search(operation, architecture, "edp", LIMITS)
    assert isinstance(again[4], InfeasibleError)


def test_another_name_is_the_same_question_and_has_its_name_in_the_answer(cache: Cache, searched: list[str]) -> None:
    search_many([(product("first"), machine()), (product("first"), cramped())], limits=LIMITS, cache=cache)
    result, refusal = search_many(
        [(product("second"), machine()), (product("second"), cramped())], limits=LIMITS, cache=cache
    )
    assert searched == ["first", "first"]
    assert result == search(product("second"), machine(), limits=LIMITS)
    with pytest.raises(InfeasibleError) as error:
        search(product("second"), cramped(), limits=LIMITS)
    assert str(refusal) == str(error.value)


def test_progress_counts_what_was_known_and_what_is_searched(cache: Cache, searched: list[str]) -> None:
    search_many(pairs(2), limits=LIMITS, cache=cache)
    steps: list[tuple[int, int]] = []
    search_many(pairs(4), limits=LIMITS, cache=cache, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert searched == ["fc0", "fc1", "fc2", "fc3"]


def test_an_answer_that_the_clock_had_a_part_in_is_not_kept(cache: Cache) -> None:
    asked = [*pairs(1), (product("big"), cramped())]
    search_many(asked, limits=Limits(seconds=0), cache=cache)
    assert cache.info().entries == 0
    search_many(asked, limits=Limits(seconds=1000), cache=cache)
    assert cache.info().entries == 2


@pytest.mark.parametrize("workers", [None, 2])
def test_an_interrupt_leaves_what_was_found(cache: Cache, workers: int | None) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search_many(pairs(6), limits=LIMITS, workers=workers, progress=stop, cache=cache)
    assert cache.info().entries >= 3
    check_entries(cache, pairs(6))


def test_workers_fill_the_cache_with_the_same_answers(cache: Cache) -> None:
    spread = search_many(pairs(3), limits=LIMITS, workers=2, cache=cache)
    assert cache.info().entries == 3
    assert spread == search_many(pairs(3), limits=LIMITS)
    check_entries(cache, pairs(3))


# What a question is


def key(
    operation: Operation | None = None,
    architecture: Architecture | None = None,
    objective: Any = "energy",
    limits: Limits = LIMITS,
    load: Callable[[str], Dataflow] = load_dataflow,
    sources: str = "sources",
) -> str:
    asked = Question(operation or product(), architecture or machine(), objective, limits)
    return asked.key(load, sources)


def test_the_key_does_not_know_the_name_of_the_operation() -> None:
    assert key(product("one")) == key(product("another"))


def test_the_key_changes_with_the_operation_the_machine_and_the_objective() -> None:
    wide = product()
    wide = replace(wide, tensors=(replace(wide.tensors[0], bits=8), *wide.tensors[1:]))
    machines = [machine(), machine("other"), machine(unit="MAC"), machine(dram_energy=200.5), machine(bandwidth=None)]
    keys = [key(product(m=5)), key(product(k=5)), key(product(n=2)), key(wide), key(objective="edp")]
    keys += [key(architecture=architecture) for architecture in machines]
    assert len(set(keys)) == len(keys)
    assert key(architecture=machine(dram_energy=200)) == key(architecture=machine(dram_energy=200.0))


def test_the_key_changes_with_every_field_of_the_limits() -> None:
    other: dict[str, Any] = {
        "dataflow": "weight_stationary",
        "convention": "paper",
        "gap": 0.5,
        "seconds": 7.0,
        "max_candidates": 7,
        "steps": "perfect",
        "max_cycles": 7,
        "max_energy": 7.0,
    }
    changed = {f.name: replace(LIMITS, **{f.name: other.get(f.name, "another")}) for f in fields(Limits)}
    assert len({key(limits=limits) for limits in changed.values()} | {key()}) == len(changed) + 1


@pytest.mark.parametrize("where", ["limits", "machine"])
def test_the_key_changes_with_the_content_of_a_dataflow_of_the_same_name(tmp_path: Path, where: str) -> None:
    path = tmp_path / "mine.yaml"
    limits, owner = LIMITS, machine()
    if where == "limits":
        limits = replace(limits, dataflow=str(path))
    else:
        owner = replace(owner, dataflow=str(path))
    keys = []
    for dims in ("[M, K]", "[M]"):
        path.write_text(f"name: mine\nspatial: {dims.replace('K', 'C')}\n")
        keys.append(key(architecture=owner, limits=limits))
    assert keys[0] != keys[1]


def test_the_key_changes_with_the_versions_and_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [key(), key(sources="edited")]
    monkeypatch.setattr(cache_key, "MODEL_VERSION", cache_key.MODEL_VERSION + 1)
    keys.append(key())
    monkeypatch.setattr(accelsim, "__version__", "0.0.0")
    keys.append(key())
    assert len(set(keys)) == 4


@pytest.mark.parametrize("part", ["model/energy.py", "mapping/tiles.py", "search/engine.py", "architecture/spec.py"])
def test_one_more_byte_in_a_source_file_is_another_digest(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "accelsim"
    shutil.copytree(Path(accelsim.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(accelsim, "__file__", str(copy / "__init__.py"))
    before = cache_key.source_digest()
    assert before == cache_key.source_digest()
    with (copy / part).open("a") as file:
        file.write("\n")
    assert cache_key.source_digest() != before


def test_what_is_found_while_the_sources_or_the_dataflow_change_is_not_kept(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\n")

    def edited(*asked: Any) -> SearchResult:
        found = search(*asked)
        path.write_text("name: mine\nspatial: [M]\n")
        return found

    monkeypatch.setattr(many, "search", edited)
    search_many(pairs(1), limits=replace(LIMITS, dataflow=str(path)), cache=cache)
    assert cache.info().entries == 0
    search_many(pairs(1), limits=replace(LIMITS, dataflow=str(path)), cache=cache)
    assert cache.info().entries == 1
    monkeypatch.setattr("accelsim.search.cache.source_digest", lambda: "edited")
    search_many(pairs(2), limits=LIMITS, cache=cache)
    assert cache.info().entries == 1


# Damage


def one_entry() -> tuple[Question, str, bytes]:
    question = Question(*pairs(4)[3], "energy", LIMITS)
    data = encoded(question, "key", search(question.operation, question.architecture, limits=LIMITS))
    assert data is not None
    return question, "key", data


def test_an_entry_with_any_bit_flipped_or_its_end_missing_is_no_answer() -> None:
    question, key, data = one_entry()
    assert decoded(question, key, data) is not None
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        assert decoded(question, key, bytes(flipped)) is None
        assert decoded(question, key, data[:at]) is None
    assert decoded(question, "another key", data) is None


def forged(key: str, entry: object) -> bytes:
    """An entry whose checksum is right whatever it says."""
    text = entry if isinstance(entry, bytes) else json.dumps(entry).encode()
    return cache_entry._checksum(key, text) + text


def test_a_forged_entry_is_no_answer_and_no_crash() -> None:
    question, key, data = one_entry()
    true = json.loads(data[32:])
    assert decoded(question, key, forged(key, true)) is not None
    sure = true["certificate"]
    forgeries: list[object] = [
        b"",
        b"\x80\x04\x95",
        b"[" * 100_000,
        b"null",
        b'{"mapping": "\xff"}',
        b"x" * 2_000_000,
        [],
        {},
        true | {"mapping": 5},
        true | {"mapping": "MAC"},
        true | {"mapping": true["mapping"].replace("DRAM", "Nowhere")},
        true | {"mapping": true["mapping"] + "\nimport os"},
        true | {"certificate": None},
        true | {"certificate": sure | {"best": sure["best"] + 1}},
        true | {"certificate": sure | {"complete": "yes"}},
        true | {"certificate": sure | {"space": "many"}},
        true | {"certificate": {name: value for name, value in sure.items() if name != "lower_bound"}},
        {"operation": "fc", "sentence": "\x1b[2J fits nowhere"},
    ]
    assert [entry for entry in forgeries if decoded(question, key, forged(key, entry)) is not None] == []


@pytest.mark.parametrize("value", [b"\x00" * 50, "text", 7, b""])
def test_a_damaged_row_is_searched_again_and_mended(cache: Cache, searched: list[str], value: object) -> None:
    found = search_many(pairs(2), limits=LIMITS, cache=cache)
    with sqlite3.connect(cache.file) as connection:
        connection.execute("UPDATE answers SET entry = ? WHERE id = 1", (value,))
    connection.close()
    for _ in range(2):
        assert search_many(pairs(2), limits=LIMITS, cache=cache) == found
    assert searched == ["fc0", "fc1", "fc0"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[Answer]]:
    """A file of four answers, and those of five questions."""
    cache = Cache(tmp_path_factory.mktemp("filled") / "answers.sqlite")
    with pytest.MonkeyPatch.context() as patch:
        hold_sources(patch)
        search_many(pairs(4), limits=LIMITS, cache=cache)
    return cache.file.read_bytes(), search_many(pairs(5), limits=LIMITS)


@pytest.mark.parametrize("seed", range(25))
def test_damage_anywhere_in_the_file_changes_no_answer(
    cache: Cache, seed: int, filled: tuple[bytes, list[Answer]]
) -> None:
    draw, data, found = Random(seed), bytearray(filled[0]), filled[1]
    for _ in range(draw.choice((1, 20, 2000))):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    cache.file.write_bytes(data[: draw.choice((len(data), draw.randrange(len(data))))])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert search_many(pairs(5), limits=LIMITS, cache=cache) == found
    assert len(caught) <= 1
    assert all(warning.category is CacheWarning for warning in caught)


def test_a_file_that_is_no_cache_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database\n" * 100)
    with pytest.raises(InputError) as error:
        Cache(text)
    assert str(error.value) == (
        f"{text}: the cache of searches cannot be used (file is not a database); delete it to begin a new one"
    )
    assert text.read_text() == "not a database\n" * 100
    foreign = tmp_path / "other.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    before = foreign.read_bytes()
    with pytest.raises(InputError) as error:
        Cache(foreign)
    assert str(error.value) == (
        f"{foreign}: the cache of searches must be a file of its own, not one of another program"
    )
    assert foreign.read_bytes() == before
    with pytest.raises(InputError, match=r"must be a file, not a folder or device$"):
        Cache(tmp_path)


def test_a_later_layout_is_left_alone(cache: Cache) -> None:
    with sqlite3.connect(cache.file) as connection:
        connection.execute(f"PRAGMA user_version = {cache_file.LAYOUT + 1}")
    connection.close()
    with pytest.raises(InputError, match=r"must be a file of its own, not one of another version of accelsim$"):
        Cache(cache.file)


def test_a_place_that_cannot_be_written_is_an_error_when_named_and_else_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "folder"
    with pytest.raises(InputError, match=r"cannot be used \(.*\); name a file in a folder that can be written$"):
        Cache(place / FILE)
    monkeypatch.setenv(VARIABLE, str(place))
    with pytest.warns(CacheWarning, match=r"can be written \(searching without it\)$") as caught:
        assert default_cache() is None
    assert len(caught) == 1


def test_a_read_only_folder_loses_no_answer(cache: Cache) -> None:
    cache.file.parent.chmod(0o500)
    cache.file.chmod(0o400)
    try:
        if os.access(cache.file, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.warns(CacheWarning):
            assert search_many(pairs(1), limits=LIMITS, cache=cache) == search_many(pairs(1), limits=LIMITS)
    finally:
        cache.file.parent.chmod(0o700)


@pytest.mark.parametrize("after", [0, 1])
def test_a_file_that_another_program_holds_loses_no_answer(
    cache: Cache, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_file, "BUSY_SECONDS", 0.05)
    other = sqlite3.connect(cache.file, isolation_level=None)

    def hold(done: int, total: int) -> None:
        if done == after:
            other.execute("BEGIN EXCLUSIVE")

    hold(0, 3)
    with pytest.warns(CacheWarning, match=r"\(database is locked\); another program holds it") as caught:
        answers = search_many(pairs(3), limits=LIMITS, cache=cache, progress=hold)
    assert len(caught) == 1
    other.execute("ROLLBACK")
    other.close()
    assert answers == search_many(pairs(3), limits=LIMITS)
    assert cache.info().entries == after


# The file


def test_clearing_forgets_everything_and_gives_the_space_back(cache: Cache) -> None:
    empty = cache.info()
    assert empty.bytes == cache.file.stat().st_size
    search_many(pairs(30), limits=LIMITS, cache=cache)
    full = cache.info()
    assert (empty.entries, full.entries) == (0, 30)
    assert full.bytes == cache.file.stat().st_size > empty.bytes
    cache.clear()
    assert cache.info() == empty


def test_a_full_cache_drops_the_oldest(cache: Cache, monkeypatch: pytest.MonkeyPatch, searched: list[str]) -> None:
    search_many(pairs(5), limits=LIMITS, cache=cache)
    monkeypatch.setattr(cache_file, "MOST_ENTRIES", 2)
    assert cache.info().entries == 2
    searched.clear()
    search_many(pairs(5), limits=LIMITS, cache=cache)
    assert searched == ["fc0", "fc1", "fc2"]


@pytest.mark.parametrize("word", ["", "off", "OFF"])
def test_the_variable_switches_the_cache_off(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, word)
    assert default_cache() is None


def test_the_default_cache_lies_where_the_variable_or_the_platform_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = default_cache()
    assert made is not None
    assert made.file == tmp_path / "default" / FILE
    monkeypatch.delenv(VARIABLE)
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert default_folder("linux") == tmp_path / ".cache" / "accelsim"
    assert default_folder("darwin") == tmp_path / "Library" / "Caches" / "accelsim"
    assert default_folder("win32") == tmp_path / "AppData" / "Local" / "accelsim" / "Cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_folder("linux") == tmp_path / "xdg" / "accelsim"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert default_folder("linux") == tmp_path / ".cache" / "accelsim"
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert default_folder("win32") == tmp_path / "local" / "accelsim" / "Cache"


# Many programs, and their end


def is_whole(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


def check_entries(cache: Cache, asked: Sequence[Pair]) -> int:
    """Every entry of a whole file is what a search finds now; how many there are."""
    assert is_whole(cache.file)
    known = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with cache.opened() as store:
            for operation, architecture in asked:
                answer = store.get(Question(operation, architecture, "energy", LIMITS))
                if answer is not None:
                    known += 1
                    assert answer == search(operation, architecture, limits=LIMITS)
    assert cache.info().entries == known
    return known


def child(path: str, order: int) -> int:
    """A program that searches all small products, forked from this one, which has loaded everything; its number."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
                warnings.simplefilter("error")
                hold_sources(patch)
                search_many(pairs(30)[::order], limits=LIMITS, cache=Cache(path))
            status = 0
        finally:
            os._exit(status)
    return process


def kill_children(path: str, kills: int, seed: int) -> None:
    """Start programs and kill them at random moments; those that end before begin with no file again.

    Prints how many died by the kill, and how many of those found an empty or no file.
    """
    search_many(pairs(2), limits=LIMITS)
    draw, killed, early = Random(seed), 0, 0
    while killed < kills:
        fresh = not Path(path).exists()
        process = child(path, 1)
        time.sleep(draw.choice((0.005, 0.05)) * draw.random())
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        killed += os.WIFSIGNALED(status)
        early += os.WIFSIGNALED(status) and fresh
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        assert draw.random() < 0.5 or is_whole(Path(path))  # else the next program finds it as it was left
        if not os.WIFSIGNALED(status) or draw.random() < 0.2:
            if killed == kills:
                break
            for part in Path(path).parent.glob(f"{Path(path).name}*"):
                part.unlink()
    print(killed, early)


def write_together(path: str) -> None:
    """Two programs fill one file that is not there yet, from both ends; prints how they ended."""
    search_many(pairs(2), limits=LIMITS)
    both = [child(path, order) for order in (1, -1)]
    print([os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in both])


def in_another_program(call: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import test_search_cache as t; t.{call}"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")


@needs_fork
def test_two_programs_fill_one_file_together(tmp_path: Path) -> None:
    path = tmp_path / "shared.sqlite"
    assert in_another_program(f"write_together({str(path)!r})") == "[0, 0]"
    assert check_entries(Cache(path), pairs(30)) == 30


@needs_fork
@pytest.mark.parametrize(
    ("kills", "seed"), [(20, 1), *(pytest.param(200, seed, marks=pytest.mark.exhaustive) for seed in range(2, 7))]
)
def test_what_was_found_survives_kills_at_any_moment(
    kills: int, seed: int, tmp_path: Path, searched: list[str]
) -> None:
    path = tmp_path / "killed.sqlite"
    killed, _ = in_another_program(f"kill_children({str(path)!r}, {kills}, {seed})").split()
    assert int(killed) == kills
    cache = Cache(path)
    known = check_entries(cache, pairs(30))
    assert search_many(pairs(30), limits=LIMITS, cache=cache) == [search(*pair, limits=LIMITS) for pair in pairs(30)]
    assert len(searched) == 30 - known
    assert check_entries(cache, pairs(30)) == 30
