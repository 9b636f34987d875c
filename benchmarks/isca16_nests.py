"""The nests that the study eyeriss-isca16 evaluates: the best that the search finds for each dataflow and layer.

python benchmarks/isca16_nests.py            writes published/eyeriss_isca16/our_nests.json, keeping what it has
python benchmarks/isca16_nests.py --anew     searches all of it again; about five minutes

Every nest is searched for least energy on the machine of its dataflow, AlexNet with padding as data, to a gap of 1 % or
200,000 partial nests (20,000 under the convention 'paper', where the bound is weak), so that the file is the same on
every machine.  A point that no mapping fits has its reason instead.  Run it again when the search, a machine or a rule
of the model changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from accelsim.architecture.files import load_architecture
from accelsim.errors import InfeasibleError
from accelsim.files.writing import write_atomically
from accelsim.search import Limits, search
from accelsim.validation.isca16_ours import NESTS, questions
from accelsim.workload.files import load_network

LIMITS = {
    "ours": Limits(gap=0.01, max_candidates=200_000),
    "paper": Limits(convention="paper", gap=0.01, max_candidates=20_000),
}
CITATION = (
    "Nests found by accelsim's own search for the machines of Chen, Emer, Sze, ISCA 2016, written by "
    "benchmarks/isca16_nests.py; nothing here was published by others. "
    "lower_bound: least energy that any nest may have."
)


def answer(machine: str, layer: str, images: int, convention: str) -> dict[str, Any]:
    operation = next(
        entry.layer.operation() for entry in load_network("alexnet_padded", images).layers if entry.name == layer
    )
    asked: dict[str, Any] = {"machine": machine, "layer": layer, "images": images, "convention": convention}
    try:
        found = search(operation, load_architecture(machine), "energy", LIMITS[convention])
    except InfeasibleError as error:
        return asked | {"nest": None, "reason": str(error)}
    return asked | {"nest": str(found.mapping).splitlines(), "lower_bound": found.certificate.lower_bound}


def main() -> None:
    target = Path(__file__).parents[1] / "published" / NESTS
    kept = json.loads(target.read_text())["nests"] if target.exists() and "--anew" not in sys.argv else []
    known = {(one["machine"], one["layer"], one["images"], one["convention"]): one for one in kept}
    answers = []
    for question in questions():
        fresh = question not in known
        answers.append(answer(*question) if fresh else known[question])
        if fresh:
            print(*question, "infeasible" if answers[-1]["nest"] is None else "", file=sys.stderr)
            write(target, answers)
    write(target, answers)


def write(target: Path, answers: list[dict[str, Any]]) -> None:
    lines = ",\n".join(json.dumps(one) for one in answers)
    write_atomically(target, f'{{"source": {json.dumps(CITATION)},\n"nests": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
