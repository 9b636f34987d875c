"""A whole machine from a few numbers: ``systolic: {rows: 128, cols: 128, dataflow: ws, buffer: 512 KiB, ...}``.

A file that describes its array so and lists no elements gets these, outermost first:

    DRAM          unbounded, at ``dram_bandwidth``, one bus for both directions
    Buffer        ``buffer``, double-buffered, for all tensors
    Array         rows x cols; what is summed or shared travels along the axis where it is
    Register      one word per PE of what stays (two when ``double_buffered``)
    MAC

Energies are those of the ISCA 2016 comparison, in MACs.
"""

from __future__ import annotations

from typing import Any

from accelsim.files import Document
from accelsim.units import came

_ENERGY = "Chen, Emer, Sze, ISCA 2016, Table IV (DRAM 200, buffer 6, array 2, register 1, MAC 1)"
_GIVEN = "given by the parameters of this machine"
_STAYS = {"ws": "weights", "is": "inputs", "os": "outputs"}
_DATAFLOWS = {"ws": "weight_stationary", "is": "input_stationary", "os": None}
# Along the rows of the array lie dims that do not index the first tensor, along its columns that not the second.
_AXES = {"ws": ("outputs", "inputs"), "is": ("outputs", "weights"), "os": ("weights", "inputs")}
_NEEDED = ("rows", "cols", "dataflow", "buffer", "dram_bandwidth")


def generated(document: Document) -> Document:
    """The document with the elements of its array, where it has none; raises InputError for what is missing."""
    value = document.value
    if not isinstance(value, dict) or "elements" in value or not isinstance(value.get("systolic"), dict):
        return document
    fields = value["systolic"]
    missing = [name for name in _NEEDED if name not in fields]
    if missing:
        sentence = f"systolic must have {', '.join(_NEEDED)} where the file lists no elements; {missing[0]} is missing"
        raise document.error(("systolic",), sentence)
    if fields["dataflow"] not in _STAYS:
        sentence = f"systolic.dataflow must be one of {', '.join(_STAYS)} where the file lists no elements"
        raise document.error(("systolic", "dataflow"), f"{sentence}, not '{fields['dataflow']}'")
    for name in ("rows", "cols"):
        size = fields[name]
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            sentence = f"systolic.{name} must be a whole number of at least 1, not {came(size)}"
            raise document.error(("systolic", name), sentence)
    kept = {name: item for name, item in fields.items() if name not in ("buffer", "dram_bandwidth")}
    machine = {**value, "systolic": kept, "elements": _elements(fields)}
    machine.setdefault("sources", {"*": _GIVEN})
    dataflow = _DATAFLOWS[fields["dataflow"]]
    if dataflow is not None:
        machine.setdefault("dataflow", dataflow)
    return Document(machine, document.path, document.positions)


def _elements(fields: dict[str, Any]) -> list[dict[str, Any]]:
    stays, (rows, columns) = _STAYS[fields["dataflow"]], _AXES[fields["dataflow"]]
    networks = {"inputs": "multicast", "weights": "multicast", "outputs": "reduction"}
    two = fields.get("double_buffered") is True
    others = [tensor for tensor in networks if tensor != stays]
    return [
        {
            "level": "DRAM",
            "read_bandwidth": fields["dram_bandwidth"],
            "shared_port": True,
            **_priced(200, "read_bandwidth", "shared_port"),
        },
        {
            "level": "Buffer",
            "capacity": fields["buffer"],
            "buffers": 2,
            "keeps": {"*": "must"},
            **_priced(6, "capacity", "buffers"),
        },
        {
            "fanout": "Array",
            "axes": [
                {"axis": "Y", "size": fields["rows"], "irrelevant_to": rows, "networks": networks},
                {"axis": "X", "size": fields["cols"], "irrelevant_to": columns, "networks": networks},
            ],
            "hop_energy": {"*": "2 MAC"},
            "sources": {"axes": _GIVEN, "*": _ENERGY},
        },
        {
            "level": "Register",
            "capacity": "2 words" if two else "1 word",
            "buffers": 2 if two else 1,
            "keeps": {stays: "must", **dict.fromkeys(others, "not")},
            **_priced(1, "capacity", "buffers"),
        },
        {"compute": "MAC", "energy": "1 MAC", "sources": {"*": _ENERGY}},
    ]


def _priced(energy: int, *given: str) -> dict[str, Any]:
    """The energies of a level and its sources; ``given``: fields that are parameters."""
    sources = {**dict.fromkeys(given, _GIVEN), "*": _ENERGY}
    return {"read_energy": f"{energy} MAC", "write_energy": f"{energy} MAC", "sources": sources}
