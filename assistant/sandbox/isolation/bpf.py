"""A small assembler for the classic BPF that seccomp runs."""

from __future__ import annotations

import struct
from collections.abc import Iterable

LOAD, JEQ, JGE, JSET, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
ALLOW, KILL = 0x7FFF0000, 0x80000000
NUMBER, MACHINE = 0, 4
"""Offsets in `struct seccomp_data`."""

Instruction = tuple[int, int, int, int]
"""code, jump if true, jump if false, operand"""


def errno(number: int) -> int:
    """Return value that makes the call fail with `number`."""
    return 0x00050000 | number


def statement(code: int, operand: int) -> Instruction:
    return (code, 0, 0, operand)


def jump(code: int, operand: int, if_true: int, if_false: int) -> Instruction:
    return (code, if_true, if_false, operand)


def low(argument: int) -> int:
    """Offset of the low half of a call's argument (both known machines are little-endian)."""
    return 16 + 8 * argument


def high(argument: int) -> int:
    return low(argument) + 4


def assembled(instructions: Iterable[Instruction]) -> bytes:
    """The program as the kernel reads it."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
