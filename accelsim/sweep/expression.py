"""Expressions of a study (``rows * cols == 256``): arithmetic and comparison over named columns, and nothing else.

Numbers, names, texts in quotes, + - * / // % **, comparisons (a single = means ==), and, or, not, and the functions
abs, ceil, floor, log2, max, min, sqrt. Expressions are parsed first, so that a misspelt name is found before any point
runs.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accelsim.errors import InputError, nearest

Value = int | float | str | bool | None
_BINARY: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
}  # fmt: skip
_COMPARE: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "ceil": math.ceil, "floor": math.floor, "log2": math.log2, "max": max, "min": min, "sqrt": math.sqrt,
}  # fmt: skip
_SINGLE = re.compile(r"(?<![=<>!])=(?!=)")
_MOST_CHARACTERS, _MOST_DEPTH, _LARGEST_POWER = 500, 40, 64


@dataclass(frozen=True)
class Expression:
    """``text`` as it was written; ``names`` that it reads."""

    text: str
    names: tuple[str, ...]

    def __call__(self, row: Mapping[str, Value]) -> Any:
        """The value for a row of columns, None when it needs one that the row has not.

        Raises InputError where it has none: a division by zero, a text compared with a number.
        """
        if any(row.get(name) is None for name in self.names):
            return None
        try:
            return _value(_parsed(self.text), row)
        except ZeroDivisionError:
            raise InputError(f"'{self.text}' divides by zero") from None
        except (TypeError, ValueError, OverflowError):
            held = ", ".join(f"{name} = {row[name]}" for name in self.names)
            raise InputError(f"'{self.text}' has no value for {held}") from None


def parse_expression(text: str, known: tuple[str, ...] | None = None) -> Expression:
    """The expression that a text says; raises InputError for bad syntax and for a name that is not ``known``.

    >>> parse_expression("rows * cols = 256")({"rows": 8, "cols": 32})
    True
    """
    tree = _parsed(text)
    names = tuple(dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)))
    names = tuple(name for name in names if name not in _FUNCTIONS)
    if known is not None:
        for name in names:
            if name not in known:
                raise InputError(f"'{text}' names '{name}', which is no column{nearest(name, known)}")
    return Expression(text, names)


def _parsed(text: str) -> ast.expr:
    if len(text) > _MOST_CHARACTERS:
        raise InputError(f"an expression must have at most {_MOST_CHARACTERS} characters, not {len(text)}")
    try:
        tree = ast.parse(_SINGLE.sub("==", text.strip()), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise InputError(f"'{text}' is no expression such as 'rows * cols == 256'") from None
    _check(tree, text, 0)
    return tree


def _check(node: ast.expr, text: str, depth: int) -> None:
    """Only what the module's first sentence lists."""
    inner: list[ast.expr]
    match node:
        case ast.Constant(value=int() | float() | str()) | ast.Name():
            inner = []
        case ast.BinOp(op=op) if type(op) in _BINARY:
            inner = [node.left, node.right]
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            inner = [node.operand]
        case ast.BoolOp():
            inner = node.values
        case ast.Compare(ops=ops) if all(type(op) in _COMPARE for op in ops):
            inner = [node.left, *node.comparators]
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _FUNCTIONS and node.args:
            inner = node.args
        case _:
            raise InputError(f"'{text}' must be made of numbers, names, + - * / ** and comparisons")
    if depth > _MOST_DEPTH:
        raise InputError(f"'{text}' must be nested at most {_MOST_DEPTH} deep")
    for part in inner:
        _check(part, text, depth + 1)


def _value(node: ast.expr, row: Mapping[str, Value]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return row[node.id]
        case ast.BinOp():
            left, right = _value(node.left, row), _value(node.right, row)
            if isinstance(left, str) or isinstance(right, str):
                raise TypeError
            if isinstance(node.op, ast.Pow) and abs(right) > _LARGEST_POWER:
                raise OverflowError
            return _BINARY[type(node.op)](left, right)
        case ast.UnaryOp(op=ast.Not()):
            return not _value(node.operand, row)
        case ast.UnaryOp():
            return -_value(node.operand, row)
        case ast.BoolOp(op=ast.And()):
            return all(_value(part, row) for part in node.values)
        case ast.BoolOp():
            return any(_value(part, row) for part in node.values)
        case ast.Compare():
            values = [_value(part, row) for part in (node.left, *node.comparators)]
            pairs = zip(node.ops, values, values[1:], strict=False)
            return all(_COMPARE[type(op)](left, right) for op, left, right in pairs)
        case ast.Call(func=ast.Name(id=name)):
            return _FUNCTIONS[name](*(_value(part, row) for part in node.args))
    raise AssertionError(node)
