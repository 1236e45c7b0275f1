"""A chart's PNG in a tenth of the space: the renderer filters and packs for speed, and every pixel is opaque.

Models nothing. A file that it does not understand stays as it is.
"""

import struct
import zlib
from pathlib import Path

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB, RGBA = 2, 6
UNFILTERED, SUB = 0, 1


def make_small(path: Path) -> None:
    """Rewrite the file without filters and without an alpha channel that says nothing."""
    smaller = packed(path.read_bytes())
    if smaller:
        path.write_bytes(smaller)


def packed(png: bytes) -> bytes:
    """The same picture in fewer bytes; empty if it is of another kind."""
    chunks = _chunks(png)
    if not chunks or chunks[0][0] != b"IHDR":
        return b""
    width, height, depth, kind, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    if (depth, kind, rest) != (8, RGBA, [0, 0, 0]):
        return b""
    lines = np.frombuffer(zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT")), np.uint8)
    lines = lines.reshape(height, 1 + 4 * width)
    if not np.isin(lines[:, 0], (UNFILTERED, SUB)).all():
        return b""
    pixels = lines[:, 1:].reshape(height, width, 4).copy()
    filtered = lines[:, 0] == SUB
    pixels[filtered] = np.cumsum(pixels[filtered], axis=1, dtype=np.uint8)
    if (pixels[:, :, 3] != 255).any():
        return b""
    plain = np.zeros((height, 1 + 3 * width), np.uint8)
    plain[:, 1:] = pixels[:, :, :3].reshape(height, 3 * width)
    header = struct.pack(">IIBBBBB", width, height, 8, RGB, 0, 0, 0)
    kept = [(name, body) for name, body in chunks if name == b"pHYs"]
    body = zlib.compress(plain.tobytes(), 9)
    found = [(b"IHDR", header), *kept, (b"IDAT", body), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in found)


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    if not png.startswith(SIGNATURE):
        return []
    found, at = [], len(SIGNATURE)
    while at + 12 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
