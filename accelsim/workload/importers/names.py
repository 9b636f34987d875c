"""Names of imported layers: those of the original, made fit for tables and files, each given once."""

from __future__ import annotations

from accelsim.workload.network import INPUT, PARAMETER

LONGEST = 64


class Names:
    """Gives every layer a name of its own: printable, short, not reserved."""

    def __init__(self) -> None:
        self.taken = {INPUT, PARAMETER}

    def fresh(self, wanted: str) -> str:
        """The wanted name where it can stand, else the nearest that can."""
        name = "".join(c if c.isprintable() and c != "|" else "_" for c in wanted.strip()).strip(" /=@") or "layer"
        name = name[-LONGEST:].lstrip(" /=@.") or "layer"
        if name in self.taken:
            number = 2
            while (other := f"{name[: LONGEST - 8]}_{number}") in self.taken:
                number += 1
            name = other
        self.taken.add(name)
        return name
