"""One family of errors: each carries one sentence that says where, what must hold, what came, and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class AccelsimError(Exception):
    """Base of every error that a user's input can cause; the command line prints it and exits with 2."""


class InputError(AccelsimError):
    """A file, field or argument is not what it must be."""


class MappingError(AccelsimError):
    """A mapping breaks rules of its operation or architecture; ``violations`` lists every one, in words."""

    def __init__(self, sentence: str, violations: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.violations = tuple(violations)


class InfeasibleError(AccelsimError):
    """No mapping exists within the given rules; the sentence names the constraint and the smallest change."""


def check_name(noun: str, name: object) -> None:
    """Raise InputError unless a name can stand in tables, files and figures: printable, at most 64 characters."""
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"a {noun}'s name must be a word, not {name!r}")
    if len(name) > 64:
        raise InputError(f"a {noun}'s name must have at most 64 characters, not {len(name)}: {name[:20]!r}...")
    if not name.isprintable() or "|" in name or name[0] in "=@":
        raise InputError(f"a {noun}'s name must be printable, without '|' and not begin with = or @, not {name!r}")


def nearest(word: str, known: Sequence[str]) -> str:
    """The tail of a sentence that helps with a misspelt name: a guess, or all that is known.

    >>> nearest("alexnt", ["alexnet", "vgg16"])
    "; did you mean 'alexnet'?"
    >>> nearest("zzz", ["alexnet", "vgg16"])
    '; known: alexnet, vgg16'
    >>> nearest("m", ["M", "C"])
    "; did you mean 'M'?"
    """
    by_lower = {name.lower(): name for name in reversed(known)}
    if word.lower() in by_lower:
        return f"; did you mean '{by_lower[word.lower()]}'?"
    close = get_close_matches(word, known, n=1) or get_close_matches(word.lower(), list(by_lower), n=1)
    if close:
        return f"; did you mean '{by_lower.get(close[0], close[0])}'?"
    return f"; known: {', '.join(known)}" if known else ""
