"""Families of networks, each generated from its parameters; a workload file names one: ``family: resnet``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from accelsim.errors import InputError, nearest
from accelsim.units import came
from accelsim.workload.network import Network
from accelsim.workload.scenario import AS_STATED, Scenario

__all__ = ["families", "generate"]


def families() -> dict[str, Callable[..., Network]]:
    """Family -> the function that generates it from ``name``, ``source`` and its own parameters."""
    from accelsim.workload.families import compact, dense, image, recurrent, residual, transformer

    return {
        "vgg": image.vgg,
        "unet": image.unet,
        "googlenet": image.googlenet,
        "squeezenet": compact.squeezenet,
        "resnet": residual.resnet,
        "densenet": dense.densenet,
        "mobilenet_v1": compact.mobilenet_v1,
        "mobilenet_v2": compact.mobilenet_v2,
        "mobilenet_v3": compact.mobilenet_v3,
        "efficientnet": compact.efficientnet,
        "dcgan_generator": image.dcgan_generator,
        "dcgan_discriminator": image.dcgan_discriminator,
        "recurrent_language_model": recurrent.language_model,
        "gnmt": recurrent.gnmt,
        "transformer": transformer.transformer,
        "encoder": transformer.encoder,
        "decoder": transformer.decoder,
        "vit": transformer.vit,
    }


def generate(
    family: str, parameters: Mapping[str, Any], name: str, source: str = "", scenario: Scenario = AS_STATED
) -> Network:
    """The network of a family.  Raises InputError for an unknown family or parameter, for one of the wrong kind, and
    for a scenario that has no meaning for the family.

    >>> generate("resnet", {"depth": 18}, "resnet18").macs
    1814073344
    """
    known = families()
    if family not in known:
        raise InputError(f"family must be one of {', '.join(known)}, not '{family}'{_guess(family, list(known))}")
    function = known[family]
    own = {key: p for key, p in inspect.signature(function).parameters.items() if p.kind is p.KEYWORD_ONLY}
    takes = [key for key in own if key != "scenario"]
    for key, value in parameters.items():
        if key not in takes:
            raise InputError(f"family {family} has no parameter '{key}'{nearest(key, takes)}")
        _check(family, key, value, own[key])
    missing = [key for key in takes if own[key].default is inspect.Parameter.empty and key not in parameters]
    if missing:
        raise InputError(f"family {family} needs the parameter '{missing[0]}'")
    extra = {"scenario": scenario} if "scenario" in own else {}
    if scenario != AS_STATED and not extra:
        raise InputError(f"{scenario.stated()} has no meaning for '{name}', a network of family {family}")
    return function(name, source, **parameters, **extra)


def _check(family: str, key: str, value: Any, parameter: inspect.Parameter) -> None:
    """Whole numbers must be at least 1, and every value of the kind that the function says."""
    kind = str(parameter.annotation)
    kinds = {"int": "a positive whole number", "bool": "true or false", "str": "a word"}
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**31,
        "bool": isinstance(value, bool),
        "str": isinstance(value, str),
    }
    if not fits[kind]:
        raise InputError(f"family {family}: {key} must be {kinds[kind]}, not {came(value)}")


def _guess(word: str, known: list[str]) -> str:
    guess = nearest(word, known)
    return guess if guess.startswith("; did") else ""
