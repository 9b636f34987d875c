"""DRAMs with a state, as tables: organisation, timings in clock cycles, currents, each table with its source.

Energies follow from the currents of the data sheet (Micron, TN-41-01): of one device, in pJ = mA x V x ns,

    activate and precharge   VDD (IDD0 tRC - IDD3N tRAS - IDD2N (tRC - tRAS))
    read burst, write burst  VDD (IDD4R - IDD3N) t_burst,  VDD (IDD4W - IDD3N) t_burst
    refresh                  VDD (IDD5 - IDD3N) tRFC
    standby                  VDD IDD3N per ns
"""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.errors import InputError, nearest


@dataclass(frozen=True)
class Currents:
    """Supply voltage in volts and currents of one device in mA; ``source``: where they are from."""

    vdd: float
    idd0: float
    idd2n: float
    idd3n: float
    idd4r: float
    idd4w: float
    idd5: float
    source: str


@dataclass(frozen=True)
class Dram:
    """A memory of ``channels`` channels; times (t...) in clock cycles of ``clock_ns`` nanoseconds.

    bus_bytes      width of a channel's data bus; two transfers per clock
    burst          transfers of one read or write
    row_bytes      of a row over all devices of a channel
    _s, _l         to another bank group, and to the same one
    """

    name: str
    clock_ns: float
    channels: int
    bus_bytes: int
    devices: int
    burst: int
    bank_groups: int
    banks_per_group: int
    row_bytes: int
    tcl: int
    tcwl: int
    trcd: int
    trp: int
    tras: int
    trrd_s: int
    trrd_l: int
    tfaw: int
    tccd_s: int
    tccd_l: int
    twtr_s: int
    twtr_l: int
    twr: int
    trtp: int
    trfc: int
    trefi: int
    source: str
    currents: Currents | None = None

    @property
    def burst_bytes(self) -> int:
        return self.bus_bytes * self.burst

    @property
    def burst_cycles(self) -> int:
        """Clock cycles that a burst holds the data bus."""
        return self.burst // 2

    @property
    def peak_bytes_per_ns(self) -> float:
        """Bytes per nanosecond, which is GB/s."""
        return self.channels * 2 * self.bus_bytes / self.clock_ns

    def activate_pj(self) -> float | None:
        """Energy of opening and closing a row; None without currents."""
        i = self.currents
        if i is None:
            return None
        trc = self.tras + self.trp
        charge = i.idd0 * trc - i.idd3n * self.tras - i.idd2n * self.trp
        return self.devices * i.vdd * charge * self.clock_ns

    def burst_pj(self, write: bool) -> float | None:
        """Energy of one burst beyond standby, without termination; None without currents."""
        i = self.currents
        if i is None:
            return None
        return self.devices * i.vdd * ((i.idd4w if write else i.idd4r) - i.idd3n) * self.burst_cycles * self.clock_ns

    def refresh_pj(self) -> float | None:
        """Energy of one refresh of all banks beyond standby; None without currents."""
        i = self.currents
        return None if i is None else self.devices * i.vdd * (i.idd5 - i.idd3n) * self.trfc * self.clock_ns

    def standby_pj_per_ns(self) -> float | None:
        """Energy of all devices of a channel with open rows, per nanosecond; None without currents."""
        i = self.currents
        return None if i is None else self.devices * i.vdd * i.idd3n


_DRAMSIM3 = "Li et al., DRAMsim3, IEEE CAL 19(2), 2020, configuration {} of its repository"
_DDR3 = _DRAMSIM3.format("DDR3_8Gb_x8_1600")
_DDR4 = _DRAMSIM3.format("DDR4_8Gb_x8_2400 (Micron MT40A1G8PM-083E)")
_HBM2 = _DRAMSIM3.format("HBM2_8Gb_x128")
_LPDDR4 = (
    "Kim, Yang, Mutlu, Ramulator, IEEE CAL 15(1), 2016, tables LPDDR4_2400 and 8Gb_x16 of its repository (JESD209-4)"
)

DRAMS: dict[str, Dram] = {
    dram.name: dram
    for dram in (
        Dram(
            "ddr3_1600", 1.25, channels=1, bus_bytes=8, devices=8, burst=8, bank_groups=1, banks_per_group=8,
            row_bytes=16384, tcl=11, tcwl=8, trcd=11, trp=11, tras=28, trrd_s=6, trrd_l=6, tfaw=32, tccd_s=4, tccd_l=4,
            twtr_s=6, twtr_l=6, twr=12, trtp=6, trfc=280, trefi=6240, source=_DDR3,
            currents=Currents(1.35, 67, 36, 51, 125, 125, 245, _DDR3),
        ),
        Dram(
            "ddr4_2400", 0.833, channels=1, bus_bytes=8, devices=8, burst=8, bank_groups=4, banks_per_group=4,
            row_bytes=8192, tcl=16, tcwl=16, trcd=16, trp=16, tras=39, trrd_s=4, trrd_l=6, tfaw=26, tccd_s=4, tccd_l=6,
            twtr_s=3, twtr_l=9, twr=19, trtp=9, trfc=420, trefi=9364, source=_DDR4,
            currents=Currents(1.2, 48, 34, 43, 135, 123, 250, _DDR4),
        ),
        Dram(
            "lpddr4_2400", 2.5 / 3, channels=1, bus_bytes=4, devices=2, burst=16, bank_groups=1, banks_per_group=8,
            row_bytes=4096, tcl=25, tcwl=14, trcd=22, trp=20, tras=51, trrd_s=12, trrd_l=12, tfaw=48, tccd_s=8,
            tccd_l=8, twtr_s=12, twtr_l=12, twr=21, trtp=11, trfc=216, trefi=4685, source=_LPDDR4,
        ),
        Dram(
            "hbm2_2000", 1.0, channels=8, bus_bytes=16, devices=1, burst=4, bank_groups=4, banks_per_group=4,
            row_bytes=1024, tcl=14, tcwl=4, trcd=14, trp=14, tras=34, trrd_s=4, trrd_l=6, tfaw=30, tccd_s=2, tccd_l=2,
            twtr_s=6, twtr_l=8, twr=16, trtp=6, trfc=260, trefi=3900, source=_HBM2,
            currents=Currents(1.2, 65, 40, 55, 390, 500, 250, _HBM2),
        ),
    )
}  # fmt: skip
"""By name. DDR4's read to precharge is 7.5 ns (JESD79-4). HBM2's bursts of four hold the bus for two clocks, which
is more than the tCCD_S of 1 in its table."""


def dram_named(name: str) -> Dram:
    """The DRAM of a name; raises InputError with the nearest one."""
    if name not in DRAMS:
        raise InputError(f"dram must be one of {', '.join(DRAMS)}, not '{name}'{nearest(name, tuple(DRAMS))}")
    return DRAMS[name]
