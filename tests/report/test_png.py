"""PNGs are made small without a change to any pixel."""

import struct
import zlib

import numpy as np

from gfplab.report.png import SIGNATURE, _chunk, _chunks, make_small, packed


def png(pixels, filtered=True) -> bytes:
    """As the renderer writes it: RGBA, each line filtered by the pixel to the left."""
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 4 * width), np.uint8)
    left = np.diff(pixels, axis=1, prepend=np.uint8(0)) if filtered else pixels
    lines[:, 0], lines[:, 1:] = filtered, left.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 1)
    # the data of a picture may be cut into several chunks
    parts = ((b"IHDR", header), (b"IDAT", body[:40]), (b"IDAT", body[40:]), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(*each) for each in parts)


def picture(alpha=255):
    pixels = np.random.default_rng(1).integers(0, 256, (30, 40, 4), np.uint8)
    pixels[:, :, 3] = alpha
    return pixels


def decoded(data: bytes):
    chunks = dict(_chunks(data))
    width, height, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, kind) == (8, 2)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(height, width, 3)


def test_every_pixel_stays_as_it_was():
    for filtered in (True, False):
        assert (decoded(packed(png(picture(), filtered))) == picture()[:, :, :3]).all()


def test_a_picture_of_another_kind_is_left_alone(tmp_path):
    path = tmp_path / "a.png"
    for data in (png(picture(alpha=128)), b"GIF89a", SIGNATURE):
        path.write_bytes(data)
        make_small(path)
        assert path.read_bytes() == data
