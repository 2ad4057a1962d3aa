"""ONNX files for tests, small enough to write by hand: protobuf is tags, lengths and bytes, and onnx.proto3 has the
numbers. So no test needs the package `onnx`, which would be the largest thing among those that only tests need.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Shape = Iterable[int | str]
SIDE, CELL = 256, 32
CELLS = SIDE // CELL


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _field(number: int, value: int | float | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    raw = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def _message(*fields: tuple[int, int | float | str | bytes]) -> bytes:
    return b"".join(_field(number, value) for number, value in fields)


def constant(name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> bytes:
    """A TensorProto."""
    kind = 7 if values.dtype == np.int64 else 1
    return _message(*((1, n) for n in values.shape), (2, kind), (8, name), (9, values.tobytes()))


def node(op: str, takes: Iterable[str], gives: str, **ints: int | list[int]) -> bytes:
    """A NodeProto with one output."""
    attributes = [
        _message((1, name), *((8, n) for n in value), (20, 7))
        if isinstance(value, list)
        else _message((1, name), (3, value), (20, 2))
        for name, value in ints.items()
    ]
    return _message(*((1, each) for each in takes), (2, gives), (4, op), *((5, each) for each in attributes))


def _value(name: str, shape: Shape) -> bytes:
    dims = _message(*((1, _message((1, n) if isinstance(n, int) else (2, n))) for n in shape))
    return _message((1, name), (2, _message((1, _message((1, 1), (2, dims))))))


def write(path: Path, nodes: list[bytes], constants: list[bytes], inputs: dict[str, Shape], outputs: list[str]) -> Path:
    """A model of IR 8, operators of version 11."""
    graph = _message(
        *((1, each) for each in nodes),
        (2, "tests"),
        *((5, each) for each in constants),
        *((11, _value(name, shape)) for name, shape in inputs.items()),
        *((12, _value(name, ["a", "b", "c"])) for name in outputs),
    )
    path.write_bytes(_message((1, 8), (7, graph), (8, _message((1, ""), (2, 11)))))
    return path


def square_finder(path: Path, head: str, shape: Shape = (1, 3, SIDE, SIDE)) -> Path:
    """A network that finds red squares (class 0) and blue ones (class 1) of 32 pixels on a grid, RGB from 0 to 1.

    Each cell's colour, red or blue less the others, is weighed against a half: 2 classes for 64 cells.
    """
    weights = np.array([[1, -0.5, -0.5], [-0.5, -0.5, 1]], np.float32).reshape(2, 3, 1, 1)
    gain, bias = np.full((2, 2, 1, 1), 0, np.float32), np.full(2, -10, np.float32)
    gain[0, 0] = gain[1, 1] = 20
    y, x = np.mgrid[:CELLS, :CELLS]
    middle = (np.stack((x, y), -1).reshape(-1, 2) + 0.5) * CELL
    size = np.full_like(middle, CELL)
    boxes = np.concatenate((middle, size), 1).astype(np.float32)  # (64, 4)
    corners = np.concatenate((middle - size / 2, middle + size / 2), 1).astype(np.float32)
    constants = [constant("w", weights), constant("g", gain), constant("b", bias)]
    constants.append(constant("flat", np.array([1, 2, CELLS * CELLS], np.int64)))
    nodes = [
        node("Conv", ["picture", "w"], "colour"),
        node("AveragePool", ["colour"], "cells", kernel_shape=[CELL, CELL], strides=[CELL, CELL]),
        node("Conv", ["cells", "g", "b"], "weighed"),
        node("Reshape", ["weighed", "flat"], "logits"),  # (1, 2, 64)
    ]
    outputs = ["found"]
    match head:
        case "yolo":
            constants.append(constant("boxes", boxes.T[None].copy()))
            nodes += [node("Sigmoid", ["logits"], "scores"), node("Concat", ["boxes", "scores"], "found", axis=1)]
        case "boxes":
            constants.append(constant("corners", corners[None]))
            nodes += [node("Sigmoid", ["logits"], "scores"), node("Identity", ["corners"], "where")]
            outputs = ["where", "scores"]
        case "detr":
            constants.append(constant("shares", (boxes / SIDE)[None]))
            nodes += [
                node("Transpose", ["logits"], "classes", perm=[0, 2, 1]),
                node("Identity", ["shares"], "pred_boxes"),
            ]
            outputs = ["classes", "pred_boxes"]
        case "logits":
            nodes.append(node("Identity", ["logits"], "found"))
        case "nan":
            nodes.append(node("Sqrt", ["logits"], "found"))  # of what is below 0
    return write(path, nodes, constants, {"picture": shape}, outputs)
