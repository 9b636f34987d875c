"""What people write becomes exact numbers, and what is not a unit is refused with the one that fits."""

from __future__ import annotations

import pytest

from accelsim.errors import InputError
from accelsim.units import Quantity, amount, bits, came, energy, mhz, um2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("16 b", 16),
        ("16b", 16),
        ("1 B", 8),
        ("1 kB", 8_000),
        ("1 KiB", 8_192),
        ("108 KiB", 884_736),
        ("0.5 KiB", 4_096),
        ("1 MiB", 8_388_608),
        ("1e3 B", 8_000),
    ],
)
def test_sizes_are_exact_bits(text: str, expected: int) -> None:
    assert bits(text, "x") == expected


def test_frequencies_areas_and_energies_come_in_one_unit_each() -> None:
    assert mhz("1.2 GHz", "x") == 1200.0
    assert mhz("700 kHz", "x") == 0.7
    assert um2("0.5 mm2", "x") == 500_000.0
    assert energy("0.2 nJ", "x") == (200.0, "pJ")
    assert energy("50 fJ", "x") == (0.05, "pJ")
    assert energy("6 MAC", "x") == (6.0, "MAC")
    assert energy("0 pJ", "x") == (0.0, "pJ")


def test_capacity_is_divided_by_the_word() -> None:
    assert amount("100 KiB", "capacity", "x").words(16) == 51_200  # 102,400 B of 2 B
    assert amount("224 words", "capacity", "x").words(16) == 224
    assert amount("3 B", "capacity", "x").words(8) == 3


def test_bandwidth_is_words_per_cycle_whatever_it_was_written_in() -> None:
    def words(text: str) -> float:
        return amount(text, "bandwidth", "x").words_per_cycle(word_bits=16, clock_mhz=200)

    assert words("4 words/cycle") == 4.0
    assert words("4 B/cycle") == 2.0
    assert words("64 b/cycle") == 4.0
    assert words("34 GB/s") == 85.0  # 34e9 / 2 B / 200e6


@pytest.mark.parametrize(
    ("value", "quantity", "sentence"),
    [
        ("108 kilobyte", "size", "buffer must be a size such as '108 KiB', not '108 kilobyte'"),
        (
            "108 KB",
            "size",
            "buffer must be a size such as '108 KiB', not '108 KB'; write KiB (1024 B) or kB (1000 B)",
        ),
        (
            "3 Kb",
            "size",
            "buffer must be a size such as '108 KiB', not '3 Kb'; write Kib (1024 b) or kb (1000 b)",
        ),
        (
            108,
            "size",
            "buffer must be a size such as '108 KiB', not 108; units that fit: b, B, kB, KiB, MB, MiB, GB, GiB",
        ),
        (
            "200",
            "frequency",
            "buffer must be a frequency such as '200 MHz', not 200; units that fit: Hz, kHz, MHz, GHz",
        ),
        (
            2.5,
            "energy",
            "buffer must be an energy such as '2 pJ' or '6 MAC', not 2.5; units that fit: fJ, pJ, nJ, uJ, MAC",
        ),
        ("200 mhz", "frequency", "buffer must be a frequency such as '200 MHz', not '200 mhz'; did you mean 'MHz'?"),
        ("2 KiB", "energy", "buffer must be an energy such as '2 pJ' or '6 MAC', not '2 KiB'"),
        (True, "size", "buffer must be a size such as '108 KiB', not true"),
        (None, "area", "buffer must be an area such as '0.5 mm2', not nothing"),
        ([1], "area", "buffer must be an area such as '0.5 mm2', not a list"),
        ({}, "area", "buffer must be an area such as '0.5 mm2', not a map"),
        ("", "size", "buffer must be a size such as '108 KiB', not ''"),
        ("KiB", "size", "buffer must be a size such as '108 KiB', not 'KiB'"),
        ("1e400 B", "size", "buffer must be a size such as '108 KiB', not '1e400 B'"),
        ("nan pJ", "energy", "buffer must be an energy such as '2 pJ' or '6 MAC', not 'nan pJ'"),
        ("-1 pJ", "energy", "buffer must be 0 or more pJ, not '-1 pJ'"),
        ("0 MHz", "frequency", "buffer must be more than 0 MHz, not '0 MHz'"),
        ("-4 KiB", "capacity", "buffer must be more than 0 KiB, not '-4 KiB'"),
        ("4 words", "size", "buffer must be a size such as '108 KiB', not '4 words'"),
        (
            "4 words",
            "bandwidth",
            "buffer must be a bandwidth such as '4 words/cycle' or '34 GB/s', not '4 words'",
        ),
    ],
)
def test_what_is_not_a_quantity_is_refused_in_one_sentence(value: object, quantity: Quantity, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        amount(value, quantity, "buffer")
    assert str(caught.value) == sentence


def test_parts_of_bits_and_words_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        bits("0.3 b", "width")
    assert str(caught.value) == "width must be a whole number of bits, not '0.3 b'"
    with pytest.raises(InputError) as caught:
        amount("3 B", "capacity", "x").words(16)
    assert str(caught.value) == "capacity must be a whole number of 16-bit words, not '3 B'"
    with pytest.raises(InputError) as caught:
        amount("2.5 words", "capacity", "x").words(16)
    assert str(caught.value) == "capacity must be a whole number of 16-bit words, not '2.5 words'"


def test_long_text_is_shortened_in_messages() -> None:
    assert came("y" * 61) == "'" + "y" * 60 + "...'"
    assert came("two\nlines") == "'two lines'"
