"""Makes small pictures and sounds of every kind that the front ends read, for make_feature_goldens.py."""
import io
import pathlib
import random
import struct
import zlib

import numpy as np
import soundfile
from PIL import Image
from random_tensor import draw

RATE = 16_000
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]  # y, x, dy, dx


def picture(height: int, width: int, channels: int, seed: int) -> np.ndarray:
    """Returns uint8 [h, w, c] with smooth colours, a disc with a hard edge and a little noise."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    generator = np.random.default_rng(seed)
    planes = []
    for c in range(channels):
        plane = 127 + 90 * np.sin(7 * x * (1 + c) + 3 * c) * np.cos(5 * y + c)
        plane[(x - 0.4) ** 2 + (y - 0.3) ** 2 < 0.04] += 60 - 40 * c
        planes.append(plane + generator.normal(0, 3, plane.shape))
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def packed_rows(samples: np.ndarray, depth: int) -> bytes:
    """Returns the samples [h, w, c] as PNG stores them without a filter."""
    rows = b""
    for row in samples.reshape(samples.shape[0], -1):
        if depth == 16:
            data = row.astype(">u2").tobytes()
        else:
            bits = (row[:, None].astype(np.uint8) >> np.arange(depth - 1, -1, -1, dtype=np.uint8)) & 1
            data = np.packbits(bits.reshape(-1)).tobytes()
        rows += b"\0" + data
    return rows


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples: np.ndarray, depth: int, colour: int, interlaced: bool = False, before: bytes = b"") -> bytes:
    """Returns a PNG file.  PIL can write neither interlaced PNG nor most bit depths."""
    height, width = samples.shape[:2]
    parts = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlaced else [samples]
    rows = b"".join(packed_rows(part, depth) for part in parts if part.size)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(rows, 9))
            + chunk(b"IEND", b""))


def exif(orientation: int, endian: str = "<") -> bytes:
    mark = b"II*\0" if endian == "<" else b"MM\0*"
    entry = struct.pack(endian + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return mark + struct.pack(endian + "IH", 8, 1) + entry + b"\0\0\0\0"


def write_pngs(folder: pathlib.Path) -> None:
    def write(name: str, data: bytes) -> None:
        (folder / name).write_bytes(data)

    grey, rgba = picture(37, 53, 1, 1), picture(41, 29, 4, 2)
    wide = grey.astype(np.uint16) * 257 + 11
    for depth in (1, 2, 4, 8):
        write(f"grey{depth}.png", png(grey >> (8 - depth), depth, 0))
    write("grey16.png", png(wide // 128, 16, 0))  # many values are above 255, some below
    write("grey_alpha.png", png(rgba[..., :2], 8, 4))
    write("grey_alpha16.png", png(rgba[..., :2].astype(np.uint16) * 257 - 3 * (rgba[..., :2] > 0), 16, 4))
    write("rgb.png", png(picture(30, 44, 3, 3), 8, 2))
    write("rgb16.png", png(picture(30, 44, 3, 4).astype(np.uint16) * 200, 16, 2))
    write("rgba.png", png(rgba, 8, 6))
    write("rgba16.png", png(rgba.astype(np.uint16) * 255, 16, 6))
    write("rgb_interlaced.png", png(picture(19, 27, 3, 5), 8, 2, interlaced=True))
    write("grey2_interlaced.png", png(grey >> 6, 2, 0, interlaced=True))
    colours = picture(1, 16, 3, 6)
    palette = chunk(b"PLTE", colours.tobytes())
    write("palette4.png", png(grey >> 4, 4, 3, before=palette))
    write("palette_transparent.png", png(grey >> 4, 8, 3, before=palette + chunk(b"tRNS", bytes(range(0, 160, 10)))))
    write("rgb_transparent.png", png(picture(9, 14, 3, 7), 8, 2, before=chunk(b"tRNS", struct.pack(">HHH", 9, 9, 9))))
    write("orientation6.png", png(picture(12, 20, 3, 8), 8, 2, before=chunk(b"eXIf", exif(6, ">"))))
    write("one_pixel.png", png(picture(1, 1, 3, 9), 8, 2))


def write_jpegs(folder: pathlib.Path) -> None:
    def write(name: str, array: np.ndarray, mode: str, **options) -> None:
        Image.fromarray(array if array.shape[-1] > 1 else array[..., 0], mode).save(folder / name, "JPEG", **options)

    write("grey.jpg", picture(45, 70, 1, 10), "L", quality=80)
    write("rgb_420.jpg", picture(93, 61, 3, 11), "RGB", quality=70, subsampling=2)
    write("rgb_444.jpg", picture(40, 50, 3, 12), "RGB", quality=90, subsampling=0)
    write("progressive.jpg", picture(64, 81, 3, 13), "RGB", quality=75, progressive=True)
    write("large.jpg", picture(900, 1200, 3, 14), "RGB", quality=25)
    write("wide.jpg", picture(40, 640, 3, 15), "RGB", quality=60)
    write("tall.jpg", picture(700, 36, 3, 16), "RGB", quality=60)
    write("cmyk.jpg", picture(33, 47, 4, 17), "CMYK", quality=80)
    cmyk = (folder / "cmyk.jpg").read_bytes()  # the same bytes, which Adobe's marker declares to be YCCK
    at = cmyk.index(b"Adobe") + 11
    (folder / "ycck.jpg").write_bytes(cmyk[:at] + b"\2" + cmyk[at + 1:])
    for orientation in range(1, 9):
        write(f"orientation{orientation}.jpg", picture(16, 26, 3, 18), "RGB", quality=60,
              exif=b"Exif\0\0" + exif(orientation))


def jpeg_segment(data: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data


def xmp(orientation: int, name: str = "tiff:Orientation", quote: str = '"') -> bytes:
    return (f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
            f"rdf:about={quote}{quote} xmlns:{name.split(':')[0]}={quote}http://ns.adobe.com/tiff/1.0/{quote} "
            f"{name}={quote}{orientation}{quote}/></rdf:RDF></x:xmpmeta>").encode()


def raw_profile(data: bytes) -> bytes:
    """EXIF in a PNG's text, as ImageMagick and others wrote it before there was a chunk for it."""
    digits = data.hex()
    lines = [digits[i:i + 72] for i in range(0, len(digits), 72)]
    return f"\nexif\n{len(data):8}\n".encode() + "\n".join(lines).encode() + b"\n"


def write_oriented(folder: pathlib.Path) -> None:
    """Pictures whose orientation stands where PIL finds it, or does not."""
    upright, head = picture(8, 12, 3, 19), b"Exif\0\0"
    none = exif(6).replace(struct.pack("<H", 0x0112), struct.pack("<H", 0x0100))  # a directory without the entry
    space = b"http://ns.adobe.com/xap/1.0/\0"
    element = xmp(6).replace(b' tiff:Orientation="6"/>', b"><tiff:Orientation>6</tiff:Orientation></rdf:Description>")
    number = {1: b"\6\0\0\0", 4: b"\6\0\0\0", 8: b"\6\0\0\0"}
    typed = {kind: exif(6)[:12] + struct.pack("<HI", kind, 1) + value + b"\0\0\0\0" for kind, value in number.items()}
    jpegs = {
        "xmp": [space + xmp(6)], "xmp_element": [space + element], "xmp_single_quotes": [space + xmp(6, quote="'")],
        "xmp_other_prefix": [space + xmp(6, "t:Orientation")], "xmp_not_xml": [space + b'<x tiff:Orientation="6'],
        "xmp_then_exif": [space + b"<x/>", head + exif(6)], "exif_without_then_xmp": [head + none, space + xmp(6)],
        "exif_upright_xmp_turned": [head + exif(1), space + xmp(6)], "two_xmp": [space + xmp(6), space + xmp(3)],
        "exif_in_two": [head + exif(6)[:15], head + exif(6)[15:]], "exif_twice": [head + exif(6), head + exif(3)],
        "exif_prefix_twice": [head + head + exif(6)], "exif_empty_then_xmp": [head, space + xmp(6)],
        "exif_byte": [head + typed[1]], "exif_long": [head + typed[4]], "exif_signed": [head + typed[8]],
        "exif_nine": [head + exif(9)]}
    buffer = io.BytesIO()
    Image.fromarray(upright).save(buffer, "JPEG", quality=60)
    start, rest = buffer.getvalue()[:20], buffer.getvalue()[20:]  # with JFIF's segment
    for name, segments in jpegs.items():
        (folder / f"oriented_{name}.jpg").write_bytes(start + b"".join(map(jpeg_segment, segments)) + rest)
    key, xmp_key = b"Raw profile type exif\0", b"XML:com.adobe.xmp\0"
    pngs = {
        "raw_text": chunk(b"tEXt", key + raw_profile(head + exif(6))), "raw_without_prefix": chunk(b"tEXt", key + raw_profile(exif(6))),
        "raw_compressed": chunk(b"zTXt", key + b"\0" + zlib.compress(raw_profile(head + exif(6)))),
        "raw_international": chunk(b"iTXt", key + b"\0\0\0\0" + raw_profile(head + exif(6))),
        "raw_app1": chunk(b"tEXt", b"Raw profile type APP1\0" + raw_profile(head + exif(6))),
        "xmp": chunk(b"iTXt", xmp_key + b"\0\0\0\0" + xmp(6)), "xmp_text": chunk(b"tEXt", xmp_key + xmp(6)),
        "xmp_compressed": chunk(b"iTXt", xmp_key + b"\1\0\0\0" + zlib.compress(element)), "exif_prefixed": chunk(b"eXIf", head + exif(6)),
        "exif_and_raw": chunk(b"tEXt", key + raw_profile(exif(6))) + chunk(b"eXIf", exif(3)),
        "exif_without_then_xmp": chunk(b"eXIf", none) + chunk(b"iTXt", xmp_key + b"\0\0\0\0" + xmp(6))}
    for name, chunks in pngs.items():
        (folder / f"oriented_{name}.png").write_bytes(png(upright, 8, 2, before=chunks))
    end = png(upright, 8, 2)
    (folder / "oriented_raw_at_the_end.png").write_bytes(end[:-12] + pngs["raw_compressed"] + end[-12:])


def exif_blocks(count: int) -> list[bytes]:
    """EXIF as no camera writes it: other types and counts, entries that repeat, places outside, cut blocks."""
    dice, blocks = random.Random(5), []
    for _ in range(count):
        endian, entries = dice.choice("<>"), dice.randint(0, 5)
        body = b""
        for _ in range(entries):
            tag, kind = dice.choice((0x112, 0x112, 0x100, 0x10F, 0x8769)), dice.choice((1, 2, 3, 3, 3, 4, 6, 7, 8, 9, 13, 99))
            value = dice.choice((struct.pack(endian + "HH", dice.randint(0, 9), 0), struct.pack(endian + "I", dice.randint(0, 9)),
                                 struct.pack(endian + "I", dice.randint(8, 90)), bytes(dice.choices(range(10), k=4))))
            body += struct.pack(endian + "HHI", tag, kind, dice.choice((1, 1, 1, 2, 3, 0, 5))) + value
        claimed = entries if dice.random() < 0.9 else entries + 2
        block = (b"II*\0" if endian == "<" else b"MM\0*") + struct.pack(endian + "IH", 8, claimed) + body + bytes(4)
        block += bytes(dice.choices(range(9), k=dice.randint(0, 30)))
        blocks.append(block[:dice.randint(8, len(block))] if dice.random() < 0.2 else block)
    return blocks


def waveform(samples: int) -> np.ndarray:
    """Returns float32 [samples] at 16 kHz: a rising tone, a steady tone, and noise in every bin."""
    index = np.arange(samples, dtype=np.uint64)
    t = index.astype(np.float64) / RATE
    tones = 0.3 * np.sin(2 * np.pi * (200 * t + 150 * t * t)) + 0.1 * np.sin(2 * np.pi * 3000 * t)
    return (tones + draw(7, "waveform", index, 2, 400)).astype(np.float32)


def stereo(rate: int, seconds: float) -> np.ndarray:
    """Returns float64 [samples, 2]: 440 Hz on the left, 1,000 Hz with a slow beat on the right."""
    t = np.arange(int(rate * seconds)) / rate
    left = 0.5 * np.sin(2 * np.pi * 440 * t)
    return np.stack([left, 0.3 * np.sin(2 * np.pi * 1000 * t) * (1 + 0.5 * np.sin(2 * np.pi * 5 * t))], 1)


def write_sounds(folder: pathlib.Path) -> None:
    def write(name: str, samples: np.ndarray, rate: int, **options) -> None:
        soundfile.write(folder / name, samples, rate, **options)

    write("stereo_44k.wav", stereo(44_100, 0.15), 44_100, subtype="PCM_16")
    write("stereo_44k.flac", stereo(44_100, 0.3), 44_100, subtype="PCM_16")
    write("stereo_44k.ogg", stereo(44_100, 0.3), 44_100, format="OGG", subtype="VORBIS")
    write("opus_48k.ogg", stereo(48_000, 0.3), 48_000, format="OGG", subtype="OPUS")
    write("mono_8k.wav", stereo(8_000, 0.4)[:, 0], 8_000, subtype="PCM_U8")
    write("mono_16k.wav", waveform(4_800), RATE, subtype="PCM_16")
    write("float_16k.wav", waveform(2_000), RATE, subtype="FLOAT")
    write("rf64.wav", waveform(800), RATE, format="RF64", subtype="PCM_16")
    write_open_ended(folder)
    write("six_channels_24bit.wav", np.tile(stereo(22_050, 0.1), 3), 22_050, format="WAVEX", subtype="PCM_24")


def sound(samples: np.ndarray, rate: int = RATE, **options) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **options)
    return buffer.getvalue()


def ogg_page_with_flags(page: bytes, flags: int) -> bytes:
    page = page[:5] + bytes([flags]) + page[6:22] + b"\0\0\0\0" + page[26:]
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1 ^ (0x04C11DB7 if checksum & 0x80000000 else 0)) & 0xFFFFFFFF
    return page[:22] + struct.pack("<I", checksum) + page[26:]


def write_open_ended(folder: pathlib.Path) -> None:
    """Sounds whose writer did not know the end: WAV and FLAC from pipes, and OGG that was recorded or has a tag after it."""
    whole = sound(waveform(800), format="WAV", subtype="PCM_16")
    at = whole.index(b"data")
    for name, riff, data in (("zero", 0, 0), ("sox", 0x7FFFF024, 0x7FFFF000), ("ffmpeg", 0xFFFFFFFF, 0xFFFFFFFF)):
        (folder / f"pipe_{name}.wav").write_bytes(
            whole[:4] + struct.pack("<I", riff) + whole[8:at] + b"LIST" + struct.pack("<I", 4) + b"INFO" + b"data"
            + struct.pack("<I", data) + whole[at + 8:])
    flac = sound(waveform(800), format="FLAC", subtype="PCM_16")
    (folder / "pipe.flac").write_bytes(flac[:21] + bytes([flac[21] & 0xF0]) + bytes(4) + flac[26:])  # no count of samples
    ogg = sound(stereo(RATE, 0.1)[:, 0], format="OGG", subtype="VORBIS")
    last = ogg.rindex(b"OggS")
    (folder / "recorded.ogg").write_bytes(ogg[:last] + ogg_page_with_flags(ogg[last:], ogg[last + 5] & ~4))
    (folder / "tagged.ogg").write_bytes(ogg + b"TAG" + b" " * 125)
