"""The viewer in the browser: counters end at what the API counts, controls do what they say, nothing else happens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

import accelsim
from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture
from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.nest import Mapping, Temporal
from accelsim.mapping.parse import load_mapping
from accelsim.model.evaluate import evaluate
from accelsim.report.declaration import load_declaration
from accelsim.report.export import data_files
from accelsim.report.motion import views_of
from accelsim.report.page.page import render_report_page
from accelsim.report.reasons import findings
from accelsim.report.searching import best_mapping
from accelsim.simulate.frames import Frames
from accelsim.viewer.page import Mapped, view_page
from accelsim.viewer.recording import MOST_FRAMES, record
from accelsim.workload.files import load_layer, load_network
from accelsim.workload.operation import Operation, Tensor

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
EVIL = "<script>alert(1)</script>"
WORDS = ("reads", "fills", "updates", "drains")
Case = tuple[Operation, Architecture, Mapping]


@cache
def example() -> Case:
    """The layer and the row-stationary nest of the README: 768 steps on 24 PEs."""
    operation = load_layer(str(EXAMPLES / "small.yaml")).operation()
    return operation, load_architecture("eyeriss"), load_mapping(str(EXAMPLES / "small_nest.txt"))


@cache
def searched(machine: str, layer: str = "small") -> Case:
    if layer == "small":
        operation = example()[0]
    else:
        operation = next(e.layer for e in load_network("lenet5").layers if e.name == layer).operation()
    architecture = load_architecture(machine)
    return operation, architecture, best_mapping(operation, architecture, seconds=20, cache=False).mapping


@cache
def page_of(*cases: Case) -> str:
    return view_page([Mapped(*case) for case in cases], "A view").html


def shown(page: Any, selector: str) -> int:
    return int(page.locator(selector).inner_text().replace(",", ""))


def assert_counters_equal(page: Any, counts: AccessCounts) -> None:
    """Every level and tensor, every network, MACs and steps: what the page says now is what the API counts."""
    rows = page.locator(".counts table >> nth=0 >> tbody tr")
    assert rows.count() == len(counts.tensors)
    for i, want in enumerate(counts.tensors):
        said = rows.nth(i).locator("th, td").all_inner_texts()
        assert said[:2] == [want.level, want.tensor]
        now = [int(text.replace(",", "")) for text in rows.nth(i).locator(".now").all_inner_texts()]
        assert now == [getattr(want.total, word) for word in WORDS], (want.level, want.tensor)
    rows = page.locator(".counts table >> nth=1 >> tbody tr")
    assert rows.count() == len(counts.networks) + 2
    for i, through in enumerate(counts.networks):
        now = [int(text.replace(",", "")) for text in rows.nth(i).locator(".now").all_inner_texts()]
        assert now == [through.sent, through.delivered], (through.fanout, through.tensor)
    now = [int(text.replace(",", "")) for text in page.locator("td[colspan] .now").all_inner_texts()]
    assert now == [counts.macs, counts.steps]


CASES = {
    "eyeriss, by hand": example,
    "eyeriss": lambda: searched("eyeriss"),
    "weight-stationary": lambda: searched("ws256"),
    "output-stationary, forwarding": lambda: searched("osa256"),
    "input-stationary": lambda: searched("is256"),
    "no local reuse": lambda: searched("nlr256"),
    "row-stationary": lambda: searched("rs256"),
    "an array of two axes": lambda: searched("ws16x16"),
    "LeNet-5 C3, tile by tile": lambda: searched("eyeriss", "C3"),
    "LeNet-5 F6": lambda: searched("ws256", "F6"),
}


@pytest.mark.parametrize("name", CASES)
def test_counters_end_at_the_counts_of_the_api_for_every_tensor_and_level(
    open_page: Callable[..., Any], name: str
) -> None:
    case = CASES[name]()
    opened = open_page(page_of(case))
    opened.page.get_by_role("button", name="To the end").click()
    assert_counters_equal(opened.page, evaluate(*case).counts)
    assert opened.page.locator("[data-counters]:not(.full)").count() == 0
    opened.assert_quiet()


HELD = """(frame) => {
  const recording = accelsim.viewer.views[0].recording;
  return recording.places.map((place, i) => place.level === "" ? [] : place.shown.map((_, j) => [
    recording.note("held", i, j, frame), JSON.stringify(recording.tile(place.tensor, recording.box(i, j, frame))),
  ]));
}"""


@pytest.mark.parametrize("name", ["eyeriss, by hand", "output-stationary, forwarding", "row-stationary"])
def test_what_is_held_at_any_frame_is_what_the_execution_holds(open_page: Callable[..., Any], name: str) -> None:
    """Words and index ranges of every instance of every memory, worked out here from the frames' boxes."""
    operation, machine, nest = CASES[name]()
    page = open_page(page_of((operation, machine, nest))).page
    frames = Frames(operation, machine, nest, most=MOST_FRAMES)
    for number, frame in enumerate(frames.walk()):
        if number % 37:
            continue
        said = page.evaluate(HELD, number)
        for i, place in enumerate(frames.plan.places):
            if place.is_mac:
                continue
            tensor, want = operation.tensors[place.tensor], []
            for row in range(frames.plan.rows[i], frames.plan.rows[i + 1]):
                box = dict(zip(operation.dims, zip(frame.lows[row], frame.lengths[row], strict=True), strict=True))
                want.append([int(frame.held[row]), ranges(tensor, box)])
            assert said[i] == want


def ranges(tensor: Tensor, box: dict[str, tuple[int, int]]) -> str:
    """First and last index along every rank, as JSON; null where there is no data."""
    out = []
    for rank in tensor.ranks:
        if any(box[term.dim][1] == 0 for term in rank.terms):
            return "null"
        low = rank.offset + sum(term.stride * int(box[term.dim][0]) for term in rank.terms)
        high = low + sum(term.stride * int(box[term.dim][1] - 1) for term in rank.terms)
        out.append([max(low, 0), min(high, rank.size - 1)])
    return "null" if any(low > high for low, high in out) else json.dumps(out, separators=(",", ":"))


def test_nothing_has_moved_at_the_beginning_and_counters_never_fall(open_page: Callable[..., Any]) -> None:
    page = open_page(page_of(example())).page
    page.get_by_role("button", name="To the beginning").click()
    assert {int(n) for n in page.locator(".counts .now").all_inner_texts()} == {0}
    before = [0] * page.locator(".counts .now").count()
    for at in range(0, 770, 77):
        page.locator(".part-scrub").fill(str(at))
        now = [int(n.replace(",", "")) for n in page.locator(".counts .now").all_inner_texts()]
        assert all(a <= b for a, b in zip(before, now, strict=True))
        before = now


def test_a_step_is_24_macs_on_24_pes_by_hand(open_page: Callable[..., Any]) -> None:
    """m 4 x e 8 x r 3 of the nest: e and r lie in space, 24 PEs, each with one MAC per step."""
    page = open_page(page_of(example())).page
    page.get_by_role("button", name="To the beginning").click()
    for step in (1, 2, 3):
        page.get_by_role("button", name="Step forward").click()
        macs, steps = [int(n) for n in page.locator("td[colspan] .now").all_inner_texts()]
        assert (macs, steps) == (24 * step, step)
    page.get_by_role("button", name="Step back").click()
    assert page.locator("td[colspan] .now").all_inner_texts() == ["48", "2"]
    assert page.locator(".part-status").inner_text().startswith("Frame 2 of 769: ")
    assert page.locator(".cell .pe.works").count() == 24


def test_play_moves_on_pause_stops_and_the_end_stops_by_itself(open_page: Callable[..., Any]) -> None:
    page = open_page(page_of(example())).page
    page.locator(".part-speed").select_option("30")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".part-status")).to_have_text(re.compile(r"Frame ([4-9]|\d\d+) of 769: .*"))
    page.get_by_role("button", name="Pause").click()
    stopped = page.locator(".part-scrub").input_value()
    page.wait_for_timeout(200)
    assert page.locator(".part-scrub").input_value() == stopped
    page.locator(".part-scrub").fill("766")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".part-play")).to_have_text("Play")
    assert page.locator(".part-scrub").input_value() == "769"
    assert page.locator(".part-forward").is_disabled()


@pytest.mark.parametrize("loop", range(5))
def test_a_jump_lands_on_the_next_and_previous_trip_of_its_loop(open_page: Callable[..., Any], loop: int) -> None:
    """Trips of the nest in time, outermost first: m 2, f 8, c 4, s 3, m 4; a trip lasts the product of those inside."""
    trips = [2, 8, 4, 3, 4]
    inside = [384, 48, 12, 4, 1]
    page = open_page(page_of(example())).page
    names = page.locator(".nest .trip")
    assert names.count() == 2 * len(trips)
    page.locator(".part-scrub").fill("60")  # 59 steps are done before this frame
    names.nth(2 * loop + 1).click()
    after = (59 // inside[loop] + 1) * inside[loop]
    assert page.locator(".part-scrub").input_value() == str(after + 1)
    names.nth(2 * loop).click()
    assert page.locator(".part-scrub").input_value() == str(after - inside[loop] + 1)


def test_the_keyboard_alone_plays_steps_scrubs_jumps_and_selects(open_page: Callable[..., Any]) -> None:
    page = open_page(page_of(example())).page
    page.locator(".part-forward").focus()
    page.keyboard.press("Enter")
    assert page.locator(".part-scrub").input_value() == "2"
    page.locator(".part-scrub").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.locator(".part-scrub").input_value() == "3"
    page.keyboard.press("End")
    assert page.locator(".part-scrub").input_value() == "769"
    page.locator(".nest .trip").first.focus()
    page.keyboard.press(" ")
    assert page.locator(".part-scrub").input_value() == "385"
    page.locator(".part-row").focus()
    page.keyboard.press("ArrowUp")
    assert page.locator(".pe.selected").count() == 1
    assert "MAC: outputs[" in page.locator(".part-cell").inner_text()
    reached = page.evaluate("[...document.querySelectorAll('button, input, select')].every((e) => e.tabIndex === 0)")
    assert reached


def test_what_a_pe_is_said_to_compute_is_what_the_nest_says(open_page: Callable[..., Any]) -> None:
    """First step of the nest at PE e=1 (row or column 2), r=2: outputs[m 0, e 1, f 0] takes weights r 2, s 0, and the
    input of row e + r - 1 = 2; column f + s - 1 = -1 is padding."""
    page = open_page(page_of(example())).page
    grid = json.loads(page.locator("script.data").first.text_content())["grid"]
    page.locator(".part-row").fill("3" if grid["down"].startswith("r") else "2")
    page.locator(".part-column").fill("2" if grid["down"].startswith("r") else "3")
    said = page.locator(".part-cell li").first.inner_text()
    assert said == "MAC: outputs[m 0, e 1, f 0] += 0 (padding) × weights[m 0, c 0, r 2, s 0]"
    page.locator(".part-scrub").fill("5")  # s = 1 after the four filters: column 0
    said = page.locator(".part-cell li").first.inner_text()
    assert said == "MAC: outputs[m 0, e 1, f 0] += inputs[c 0, h 2, w 0] × weights[m 0, c 0, r 2, s 1]"


def test_weight_stationary_bands_stay_while_the_others_change(open_page: Callable[..., Any]) -> None:
    """What makes dataflows visibly different: which band of a cell gets the edge of something new in a step."""

    def moved(machine: str) -> list[bool]:
        page = open_page(page_of(searched(machine))).page
        page.locator(".part-scrub").fill("3")
        return [
            page.locator(f".cell rect.band:nth-of-type({i}).new").count() > 0 for i in (2, 3, 4)
        ]  # inputs, weights, outputs

    assert moved("ws256") == [True, False, True]
    assert moved("osa256")[2] is False
    assert moved("is256")[0] is False


def test_multicast_handing_on_and_reduction_are_drawn(open_page: Callable[..., Any]) -> None:
    """C3 on 10 x 10 PEs (rows e, columns f), each with its output. When the tap s goes from 0 to 1, a PE needs the
    input column f + 1, which its right neighbour held: 9 of 10 in each row; the last column comes from the buffer, and
    the one weight from outside to all 100. On the weight-stationary machine the sums of all taps are added up on the
    way out."""
    page = open_page(page_of(searched("osa256", "C3"))).page
    page.locator(".part-scrub").fill("31")
    assert page.locator(".wire.hand").get_attribute("d").count("M") == 90
    inputs, weights = [path.get_attribute("d") for path in page.locator(".wire.in").all()]
    assert (inputs.count("L"), weights.count("L")) == (10, 100)
    assert page.locator(".wire.out").count() == 0
    assert "weights: DRAM sends 1, MACs take 100 (multicast)" in page.locator(".part-moves").inner_text()
    page = open_page(page_of(searched("ws256", "C3"))).page
    page.locator(".part-scrub").fill("40")
    sums = page.locator(".wire.out").get_attribute("d")
    assert (sums.count("V"), sums.count("L")) == (8, 200)  # 8 filters, each the sum of 25 PEs
    assert "200 leave MACs, 8 arrive in GlobalBuffer (added up on the way)" in page.locator(".part-moves").inner_text()


def test_a_buffer_is_as_full_as_the_bits_it_holds(open_page: Callable[..., Any]) -> None:
    """256 inputs of 8 b and 512 outputs of 32 b take 18,432 b, 2.25 % of 51,200 words of 16 b."""
    operation, machine, nest = example()
    bits = {"inputs": 8, "weights": 8, "outputs": 32}
    tensors = tuple(replace(tensor, bits=bits[tensor.name]) for tensor in operation.tensors)
    page = open_page(page_of((replace(operation, tensors=tensors), machine, nest))).page
    said = page.locator(".level").nth(1).inner_text()
    assert said.startswith("GlobalBuffer holds inputs 256, outputs 512 of 51,200 words of 16 b, 2.3 % full")


def test_links_between_levels_say_what_came_down_in_the_frame(open_page: Callable[..., Any]) -> None:
    """In the first step all 256 inputs are brought into the buffer, and outputs start from nothing."""
    page = open_page(page_of(example())).page
    assert page.locator(".part-levels > * >> nth=1 >> .link").all_inner_texts() == ["\u2193 256", ""]
    page.get_by_role("button", name="To the end").click()  # the last frame: the 512 outputs go up
    assert page.locator(".part-levels > * >> nth=1 >> .link").all_inner_texts() == ["", "\u2191 512"]


def test_machines_play_in_step(open_page: Callable[..., Any]) -> None:
    cases = (searched("ws256"), searched("osa256"), searched("nlr256"))
    opened = open_page(page_of(*cases))
    page = opened.page
    assert page.locator("#together figure").count() == 3
    together = page.locator("#together")
    together.locator(".part-forward").click()
    places = page.locator("section.viewer .part-scrub")
    assert [places.nth(i).input_value() for i in range(3)] == ["2", "2", "2"]
    together.locator(".part-end").click()
    for i, case in enumerate(cases):
        counts = evaluate(*case).counts
        assert_counters_equal(page.locator("section.viewer").nth(i), counts)
        assert f"{counts.macs:,} MACs" in page.locator("#together .said").nth(i).inner_text()
    opened.assert_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800, 1440])
def test_no_serious_finding_and_no_sideways_scrolling(open_page: Callable[..., Any], scheme: str, width: int) -> None:
    opened = open_page(page_of(example(), searched("ws256")), width=width, scheme=scheme)
    opened.page.locator("section.viewer .part-scrub").first.fill("30")
    assert opened.grave_findings() == []
    assert opened.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    opened.assert_quiet()


def test_a_layer_and_a_machine_called_script_do_nothing(open_page: Callable[..., Any]) -> None:
    operation, architecture, mapping = example()
    tensors = tuple(replace(tensor, name=f"{tensor.name}") for tensor in operation.tensors)
    case = replace(operation, name=EVIL, tensors=tensors), replace(architecture, name=EVIL), mapping
    html = view_page([Mapped(*case), Mapped(*case)], EVIL, EVIL).html
    opened = open_page(html)
    opened.page.locator("#together .part-end").click()
    assert opened.page.locator("h1").inner_text() == EVIL
    assert EVIL in opened.page.locator("section.viewer h2").first.inner_text()
    assert EVIL not in html
    opened.assert_quiet()


def test_a_page_is_the_same_bytes_every_time() -> None:
    case = searched("ws256")
    assert page_of(case) == view_page([Mapped(*case)], "A view").html


def test_a_view_tile_by_tile_says_so(open_page: Callable[..., Any]) -> None:
    case = example()
    coarse = record(*case, most_frames=100)
    loops = [node for node in case[2].nodes if isinstance(node, Temporal)]
    assert not coarse.is_every_step
    assert coarse.frames - 1 == 2 * 8 * 4
    assert coarse.counts == evaluate(*case).counts
    assert len(loops) == 5
    operation, architecture, mapping = searched("eyeriss", "C3")
    page = open_page(page_of((operation, architecture, mapping))).page
    assert "tile by tile: a frame is a trip of 'for " in page.locator("section.viewer > p").first.inner_text()


def test_the_report_of_five_dataflows_ends_at_every_count_of_every_machine(open_page: Callable[..., Any]) -> None:
    declared = load_declaration("five_dataflows")
    network = load_network(*declared.networks).only(["C3"])
    compared = accelsim.compare(network, list(declared.machines), objective="edp", cache=False)
    found = replace(findings(compared), motion=views_of(compared, declared.view))
    html = render_report_page(found, data_files(found))
    assert len(html.encode()) < 1_000_000
    opened = open_page(html)
    views = opened.page.locator("section.viewer")
    assert views.count() == 5
    opened.page.locator("#together .part-end").click()
    for i, result in enumerate(compared.results):
        assert result.evaluation is not None
        assert "every one of its" in views.nth(i).locator("p").first.inner_text()
        assert_counters_equal(views.nth(i), result.evaluation.counts)
    assert opened.grave_findings() == []
    opened.assert_quiet()
