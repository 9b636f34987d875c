"""A document checked against a pydantic model; what is wrong becomes one sentence with the line it stands on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from accelsim.errors import InputError, nearest
from accelsim.files.document import Document, Key
from accelsim.units import came

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    Model = TypeVar("Model", bound=BaseModel)

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a map of fields",
    "model_type": "a map of fields",
    "model_attributes_type": "a map of fields",
    "list_type": "a list",
    "tuple_type": "a list",
    "none_required": "empty",
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def validate(model: type[Model], document: Document) -> Model:
    """The document as a model, types strict; raises InputError for the first problem and counts the others.

    Messages of a model's own validators (ValueError) continue the field's path: ``must be ..., not ...``.
    """
    from pydantic import ValidationError

    try:
        # JSON mode is what lets strict models take a list for a tuple.
        return model.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as error:
        problems = _problems(model, document, error.errors(include_url=False))
    line, sentence = min(problems, key=lambda problem: problem[0])
    more = f" (and {len(problems) - 1} more {'error' if len(problems) == 2 else 'errors'})" if len(problems) > 1 else ""
    raise InputError(f"{document.path}:{line}: {sentence}{more}")


def _problems(model: type[Model], document: Document, errors: list[ErrorDetails]) -> list[tuple[int, str]]:
    """(line, sentence) of each problem; a field missing because it was misspelt beside is one problem, not two."""
    found, guessed = [], set()
    for error in sorted(errors, key=lambda e: e["type"] == "missing"):
        key, rest = _split(document.value, error["loc"])
        sentence = ""
        if error["type"] == "extra_forbidden":
            help_ = nearest(str(key[-1]), sorted(_fields(model.model_json_schema(), document.value, key[:-1])))
            guessed |= {(*key[:-1], name) for name in [help_.partition("did you mean '")[2].partition("'")[0]] if name}
            sentence = f"{_dotted(key)} is not a known field{help_}"
        elif error["type"] == "missing":
            key = (*key, *rest[-1:])
            if key in guessed:
                continue
            sentence = f"{_dotted(key)} is missing"
        else:
            sentence = f"{_dotted(key)} {_must(error)}"
        found.append((document.line(key), sentence))
    return found


def _must(error: ErrorDetails) -> str:
    """The sentence after the path: what must hold, and what came."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, not {came(value)}"
    if kind in _BOUNDS:
        words, limit = _BOUNDS[kind]
        return f"must be {words} {context[limit]}, not {came(value)}"
    if kind in ("literal_error", "enum"):
        choices = str(context["expected"]).replace(" or ", ", ")
        known = [choice.strip("'") for choice in choices.split(", ")]
        guess = nearest(value, known) if isinstance(value, str) else ""
        return f"must be one of {', '.join(known)}, not {came(value)}{guess if 'mean' in guess else ''}"
    if kind in ("too_short", "string_too_short"):
        least = context["min_length"]
        if kind == "string_too_short":
            return f"must have at least {least} {'character' if least == 1 else 'characters'}, not fewer"
        return (
            f"must have at least {least} {'entry' if least == 1 else 'entries'}, not {context.get('actual_length', 0)}"
        )
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", error["msg"]))
    return error["msg"][:1].lower() + error["msg"][1:]


def _split(value: Any, location: tuple[int | str, ...]) -> tuple[Key, Key]:
    """The part of pydantic's location that is in the document, and the rest (names of union branches are dropped)."""
    key: Key = ()
    rest: Key = ()
    here: Any = value
    for part in location:
        in_map = isinstance(here, dict) and part in here
        in_list = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if in_map or in_list:
            here, key, rest = here[part], (*key, part), ()
        else:
            rest = (*rest, part)
    return key, rest


def _fields(schema: dict[str, Any], value: Any, key: Key) -> set[str]:
    """Names of the fields that the model knows at a place of the document."""
    definitions = schema.get("$defs", {})

    def branches(node: dict[str, Any], value: Any) -> Iterator[dict[str, Any]]:
        if "$ref" in node:
            yield from branches(definitions[node["$ref"].rpartition("/")[2]], value)
            return
        options = node.get("anyOf") or node.get("oneOf") or node.get("allOf")
        if not options:
            yield node
            return
        flat = [leaf for option in options for leaf in branches(option, value)]
        present = set(value) if isinstance(value, dict) else set()
        fitting = [leaf for leaf in flat if leaf.get("required") and set(leaf["required"]) <= present]
        yield from fitting or flat

    nodes = list(branches(schema, value))
    for part in key:
        value = value[part]
        inner = []
        for node in nodes:
            deeper = node.get("items") if isinstance(part, int) else node.get("properties", {}).get(part)
            deeper = deeper or node.get("additionalProperties")
            inner += list(branches(deeper, value)) if isinstance(deeper, dict) else []
        nodes = inner
    return {name for node in nodes for name in node.get("properties", {})}


def _dotted(key: Key) -> str:
    return ".".join(map(str, key)) or "the file"
