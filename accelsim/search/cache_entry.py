"""An answer as text and back: a mapping is its printed nest, and what it costs is worked out again when it is read.

So an entry holds no number that the model could work out, runs no code when it is read, and is worth nothing unless
its mapping is valid for the very operation and machine that are asked about.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from accelsim.errors import InfeasibleError
from accelsim.search.cache_key import Question
from accelsim.search.interface import Certificate, SearchResult

Answer = SearchResult | InfeasibleError
_LARGEST_BYTES = 1_000_000


@dataclass(frozen=True)
class Found:
    """A result: the printed nest of its mapping, and how sure it is."""

    mapping: str
    certificate: Certificate


@dataclass(frozen=True)
class Refused:
    """The sentence why there is no mapping, and the operation's name that it may contain."""

    operation: str
    sentence: str


def encoded(question: Question, key: str, answer: Answer) -> bytes | None:
    """The entry of an answer, or None when it would not be read back as exactly this answer."""
    entry: Found | Refused
    match answer:
        case SearchResult():
            entry = Found(str(answer.mapping), answer.certificate)
        case InfeasibleError():
            entry = Refused(question.operation.name, str(answer))
    try:
        text = json.dumps(asdict(entry), separators=(",", ":")).encode()
    except (TypeError, ValueError):  # a field of the certificate that is no number or word
        return None
    data = _checksum(key, text) + text
    return data if _same(decoded(question, key, data), answer) else None


def decoded(question: Question, key: str, data: object) -> Answer | None:
    """The answer of an entry; None when it is damaged, another question's, or not valid for this one."""
    size = len(_checksum(key, b""))
    if not isinstance(data, bytes) or len(data) > _LARGEST_BYTES or data[:size] != _checksum(key, data[size:]):
        return None
    try:
        return _answer(question, _entries().validate_json(data[size:], strict=True))
    except Exception:  # whatever an entry of unknown origin breaks, it is no answer
        return None


def _answer(question: Question, entry: Found | Refused) -> Answer | None:
    """The answer that an entry stands for; raises what reading or evaluating its mapping raises."""
    from accelsim.mapping.parse import parse_mapping
    from accelsim.model.evaluate import evaluate
    from accelsim.search.objective import score

    if isinstance(entry, Refused):
        sentence = renamed(entry.sentence, entry.operation, question.operation.name)
        return InfeasibleError(sentence) if sentence.isprintable() else None
    mapping = parse_mapping(entry.mapping)
    evaluation = evaluate(question.operation, question.architecture, mapping, question.limits.convention)
    if score(evaluation, question.objective)[0] != entry.certificate.best:
        return None
    return SearchResult(mapping, evaluation, entry.certificate)


def renamed(sentence: str, asked: str, name: str) -> str:
    """A sentence about one operation as one about an equal operation of another name.

    >>> renamed("conv on ws256: convey", "conv", "conv3")
    'conv3 on ws256: convey'
    """
    return re.sub(rf"(?<!\w){re.escape(asked)}(?!\w)", lambda _: name, sentence, count=1)


def _same(read: Answer | None, answer: Answer) -> bool:
    """Equal in everything, also in what equality passes over (the seconds that a search took)."""
    if isinstance(read, InfeasibleError) or isinstance(answer, InfeasibleError):
        return type(read) is type(answer) and str(read) == str(answer)
    return read is not None and read == answer and asdict(read.certificate) == asdict(answer.certificate)


@cache
def _entries() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Found | Refused)


def _checksum(key: str, text: bytes) -> bytes:
    return sha256(key.encode() + text).digest()
