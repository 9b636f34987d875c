"""The printed JSON schemas accept every shipped file of their kind, and refuse a misspelt field."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from accelsim.cli.main import cli
from accelsim.files import read_yaml, shipped

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is a development extra")
KINDS = {
    "architecture": "architectures",
    "network": "workloads",
    "dataflow": "dataflows",
    "report": "reports",
    "study": "reports",
}


@pytest.mark.parametrize("kind", KINDS)
def test_schema_accepts_what_ships_and_refuses_unknown_fields(kind: str) -> None:
    schema = json.loads(CliRunner().invoke(cli, ["schema", kind]).output)
    for path in shipped(KINDS[kind]).values():
        value = read_yaml(path).value
        if kind in ("report", "study") and ("axes" in value) != (kind == "study"):
            continue
        jsonschema.validate(value, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**value, "misspelt": 1}, schema)
