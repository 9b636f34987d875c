"""What ISCA 2016 leaves open about its dataflows, how it is read here, and whether text or figures decided that."""

from __future__ import annotations

RULES: tuple[tuple[str, str], ...] = (
    ("text", "Padding is data: inputs have the padded side of the paper's Table II."),
    (
        "figures",
        "CONV2, CONV4 and CONV5 are two groups, one after the other, each with its channels and half the filters.",
    ),
    ("text", "16-bit words; the buffer has what the registers leave of an equal area (Fig. 7)."),
    ("figures", "Registers per PE are those of Fig. 7b at 512 and 1024 PEs too."),
    (
        "text",
        "Equations 3 and 4: an operand is charged per read of a memory and per PE that receives it, never for filling; "
        "a psum is charged per accumulation after the first of each level's stay, and once in DRAM.",
    ),
    ("text", "Where nothing is reused in a register, the register's term drops."),
    ("figures", "Parts of a dimension are its ceiling at every level, not products of ceilings."),
    ("figures", "By tensor, the MAC's own energy is divided equally among the three."),
    ("text", "Among the mappings of a dataflow the one of least energy is taken."),
    (
        "figures",
        "Its search charges a psum's hop twice the printed cost of a hop, a read and a write as equation 4 has it at "
        "all other levels; what is shown charges the printed cost.",
    ),
    ("figures", "EDP: delay is 1 / the PEs that a full round uses; at equal energy more active PEs win."),
    ("text", "WS: R x R weights of a filter and channel fill a region; the psums of all images stay in the buffer."),
    (
        "figures",
        "WS: inputs pass the buffer by; a psum returns to the buffer after each filter row (chain of R x channels).",
    ),
    (
        "figures",
        "WS, NLR: weights are not charged for the array; WS weights pay DRAM once and a register read per MAC.",
    ),
    (
        "figures",
        "OSA: a patch has sides of at most 2 : 1; it comes with its whole halo, from the buffer for each filter, from "
        "DRAM for each group of filters that the buffer holds; there it takes no more place "
        "than the data without padding.",
    ),
    ("figures", "OSA, OSB, OSC: images may share the array; the buffer then holds the inputs of each."),
    ("figures", "OSB: an input row comes once per filter row that uses it, even from DRAM; OSC: once per window."),
    ("figures", "OS and NLR: weights come from DRAM once where a group of whole filters fits the buffer."),
    (
        "figures",
        "NLR: a weight is read from the buffer for every MAC; the buffer holds the psums of a group of filters, their "
        "weights for the channels in use, and these channels' inputs of all images worked on.",
    ),
    (
        "figures",
        "RS: psums always live in the buffer and weights pass it by; a psum's chain is R rows x the channel sets side "
        "by side; strips of E / e count with their fraction.",
    ),
)
"""(what decided: text or figures, the reading)."""
