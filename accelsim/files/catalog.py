"""Files that ship with accelsim are found by name; anything that looks like a path is the user's own file."""

from __future__ import annotations

import os
from pathlib import Path

from accelsim.errors import InputError, nearest

_ONE_OF = {
    "architectures": "architecture",
    "workloads": "workload",
    "dataflows": "dataflow",
    "reports": "report",
}


def shipped(kind: str) -> dict[str, Path]:
    """Name to path of every shipped file of a kind: 'architectures', 'workloads', 'dataflows' or 'reports'.

    They lie inside the package when it was installed from a wheel, and at the top of the repository in a checkout.
    """
    if kind not in _ONE_OF:
        raise InputError(f"kind of shipped file must be one of {', '.join(_ONE_OF)}, not '{kind}'")
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "data" / kind, package.parent / kind):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {}


def locate(kind: str, name_or_path: str) -> Path:
    """The file that a name or a path means; raises InputError for a name that does not ship.

    A path has a separator or ends in .yaml or .yml; whether it can be read is found out by reading it.
    """
    is_path = any(mark in name_or_path for mark in {"/", os.sep}) or name_or_path.endswith((".yaml", ".yml"))
    if is_path:
        return Path(name_or_path).expanduser()
    known = shipped(kind)
    if name_or_path in known:
        return known[name_or_path]
    if others := [one for other, one in _ONE_OF.items() if other != kind and name_or_path in shipped(other)]:
        article = "an" if others[0][0] in "aeiou" else "a"
        raise InputError(f"no {_ONE_OF[kind]} is called '{name_or_path}'; that is the name of {article} {others[0]}")
    help_ = nearest(name_or_path, list(known))
    raise InputError(f"no {_ONE_OF[kind]} is called '{name_or_path}'{help_} (a file of your own ends in .yaml)")
