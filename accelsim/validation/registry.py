"""Every study by name; a study's module is loaded when it is asked for, so that naming them costs nothing."""

from __future__ import annotations

from importlib import import_module

from accelsim.errors import InputError, nearest
from accelsim.validation.study import Study

_MODULES = {
    "eyeriss-isca16": "isca16",
    "eyeriss-jssc17": "eyeriss_chip",
    "eyeriss-vgg16": "eyeriss_vgg",
    "eyeriss-searched": "eyeriss_searched",
    "tpu-v1": "tpu",
    "survey": "survey",
    "timeloop": "tool_timeloop",
    "accelforge": "tool_accelforge",
    "zigzag": "tool_zigzag",
    "scalesim": "tool_scalesim",
}
"""Name -> module of this package, whose ``STUDY`` it is."""

STUDIES = tuple(_MODULES)


def study(name: str) -> Study:
    """The study of that name; raises InputError with the nearest name when there is none."""
    if name not in _MODULES:
        raise InputError(f"no study is called '{name}'{nearest(name, STUDIES)}")
    found: Study = import_module(f"accelsim.validation.{_MODULES[name]}").STUDY
    return found
