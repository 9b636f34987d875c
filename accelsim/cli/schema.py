"""``accelsim schema``: the JSON schemas of the files that users write, for their editors."""

from __future__ import annotations

import json
from typing import Any

import click

from accelsim.errors import InputError, nearest

KINDS = ("architecture", "network", "dataflow", "report", "study")


@click.command(short_help="Print the JSON schema of a kind of file.")
@click.argument("kind", metavar=f"[{'|'.join(KINDS)}]")
def schema(kind: str) -> None:
    """Print the JSON schema of architecture, network, dataflow, report or study files.

    An editor with a YAML language server completes and checks a file whose first line is
    '# yaml-language-server: $schema=architecture.schema.json'.

    \b
    Example:
      accelsim schema architecture > architecture.schema.json
    """
    if kind not in KINDS:
        raise InputError(f"no kind of file is called '{kind}'{nearest(kind, KINDS)}")
    click.echo(json.dumps(_schema(kind), indent=2, sort_keys=True))


def _schema(kind: str) -> dict[str, Any]:
    if kind == "architecture":
        from accelsim.architecture.files import architecture_json_schema

        return architecture_json_schema()
    if kind == "network":
        from accelsim.workload.files import network_json_schema

        return network_json_schema()
    if kind == "dataflow":
        from accelsim.mapping.dataflow_files import DataflowFile

        return DataflowFile.model_json_schema()
    if kind == "study":
        from accelsim.sweep.fields import StudyFields

        return StudyFields.model_json_schema()
    from accelsim.report.declaration_fields import Report

    return Report.model_json_schema()
