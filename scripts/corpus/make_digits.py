#!/usr/bin/env python3
"""Makes .work/corpus/digits: drawn digits, drawn shapes and spoken digits, each with a multiple-choice document.

Pictures are PNG of 256 × 256; digits use fonts that matplotlib brings.  Size, place, colours and a small rotation are
random.  Sounds are WAV of 16 kHz mono from espeak-ng's English voices; voice, speed, pitch, loudness and noise are random.
The documents are in train_digits.jsonl, train_shapes.jsonl, train_speech.jsonl and the same with test_, in the format of
configs/tasks.  Test files are made anew from the *same* fonts and voices: a test digit differs in place and colour, but its
font or voice may have been seen in training.

The script needs Pillow and numpy (matplotlib brings both) and espeak-ng (Debian).  With the same versions it writes the
same bytes on every run.
usage: .venv/bin/python scripts/corpus/make_digits.py [--digits N] [--shapes N] [--clips N] [--test N] [--out FOLDER]
"""

import argparse
import io
import json
import math
import random
import subprocess
import wave
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

PROJECT = Path(__file__).resolve().parents[2]
SIDE = 256
RATE = 16_000
DIGITS = [" zero", " one", " two", " three", " four", " five", " six", " seven", " eight", " nine"]
SHAPES = [" triangle", " square", " circle", " star", " cross"]
FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Bold",
         "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic")
VOICES = ("en-gb", "en-us", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029")
SPEAKERS = ("", "+m1", "+m3", "+m5", "+m7", "+f1", "+f2", "+f3", "+f4")
FILES = {"digit": "digits", "shape": "shapes", "speech": "speech"}
SAYS = {"digit": "The picture shows the digit", "shape": "The picture shows a", "speech": "The voice says"}


def colours(rng):
    """Returns a light background colour and a dark drawing colour."""
    return tuple(rng.randint(170, 255) for _ in range(3)), tuple(rng.randint(0, 90) for _ in range(3))


def corners(count, radius, inner=None):
    """Returns the corners of a regular polygon, or of a star if `inner` gives a second radius."""
    radii = [radius] if inner is None else [radius, inner]
    steps = count * len(radii)
    return [(radii[i % len(radii)] * math.sin(2 * math.pi * i / steps),
             -radii[i % len(radii)] * math.cos(2 * math.pi * i / steps)) for i in range(steps)]


def draw_shape(pen, name, place, size, colour):
    x, y = place
    if name == " circle":
        pen.ellipse((x - size, y - size, x + size, y + size), fill=colour)
    elif name == " square":
        side = 0.85 * size
        pen.rectangle((x - side, y - side, x + side, y + side), fill=colour)
    elif name == " cross":
        arm = 0.3 * size
        pen.rectangle((x - size, y - arm, x + size, y + arm), fill=colour)
        pen.rectangle((x - arm, y - size, x + arm, y + size), fill=colour)
    else:
        points = corners(3, size) if name == " triangle" else corners(5, size, 0.42 * size)
        pen.polygon([(x + dx, y + dy) for dx, dy in points], fill=colour)


def draw(kind, answer, rng, fonts):
    ground, ink = colours(rng)
    image = Image.new("RGB", (SIDE, SIDE), ground)
    pen = ImageDraw.Draw(image)
    place = (SIDE / 2 + rng.uniform(-12, 12), SIDE / 2 + rng.uniform(-12, 12))
    if kind == "digit":
        font = ImageFont.truetype(str(fonts / f"{rng.choice(FONTS)}.ttf"), rng.randint(150, 190))
        pen.text(place, str(DIGITS.index(answer)), font=font, fill=ink, anchor="mm")
    else:
        draw_shape(pen, answer, place, rng.uniform(60, 80), ink)
    turned = image.rotate(rng.uniform(-6, 6), resample=Image.Resampling.BILINEAR, center=place, fillcolor=ground)
    file = io.BytesIO()
    turned.save(file, "PNG")
    return file.getvalue()


def resample(samples, rate):
    """Resamples to RATE in the frequency domain."""
    count = round(len(samples) * RATE / rate)
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) * count / len(samples)


def speak(answer, rng, noise):
    voice = rng.choice(VOICES) + rng.choice(SPEAKERS)
    command = ["espeak-ng", "-v", voice, "-s", str(rng.randint(120, 200)), "-p", str(rng.randint(20, 80)), "--stdout"]
    said = subprocess.run([*command, answer.strip()], check=True, capture_output=True).stdout
    # The header that --stdout writes has no valid length, so the samples are read without the wave module.
    samples = np.frombuffer(said[44 : len(said) // 2 * 2], "<i2").astype(np.float64) / 32768
    rate = int.from_bytes(said[24:28], "little")
    sound = resample(samples, rate) * rng.uniform(0.4, 1.0)
    sound = np.concatenate([np.zeros(rng.randint(0, RATE // 5)), sound])
    sound += noise.standard_normal(len(sound)) * 10 ** rng.uniform(-4, -2.3)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


class Maker:
    """Writes files of one kind into `folder` of `out` and returns one document for each.

    Each maker has its own random generators, so that the number of files of another kind does not change its files.
    """

    def __init__(self, out, folder, kind):
        self.out, self.folder, self.kind = out, folder, kind
        self.rng = random.Random(f"{folder} {kind}")
        self.noise = np.random.default_rng(self.rng.getrandbits(64))
        self.fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        (out / folder).mkdir(parents=True, exist_ok=True)

    def document(self, index):
        choices = SHAPES if self.kind == "shape" else DIGITS
        gold = index % len(choices)
        is_speech = self.kind == "speech"
        name = f"{self.folder}/{self.kind}_{index:05}.{'wav' if is_speech else 'png'}"
        made = speak(choices[gold], self.rng, self.noise) if is_speech else draw(self.kind, choices[gold], self.rng, self.fonts)
        (self.out / name).write_bytes(made)
        return {"audio" if is_speech else "images": [name], "context": SAYS[self.kind], "choices": choices, "gold": gold}

    def documents(self, count):
        return [self.document(i) for i in range(count)]


def write(path, documents):
    path.write_text("".join(json.dumps(d) + "\n" for d in documents), encoding="utf-8")
    print(f"{len(documents):6} documents: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digits", type=int, default=2500, help="number of training pictures of digits")
    parser.add_argument("--shapes", type=int, default=2500, help="number of training pictures of shapes")
    parser.add_argument("--clips", type=int, default=4000, help="number of training clips of spoken digits")
    parser.add_argument("--test", type=int, default=300, help="number of test files of each kind")
    parser.add_argument("--out", type=Path, default=PROJECT / ".work/corpus/digits")
    args = parser.parse_args()
    counts = {"digit": args.digits, "shape": args.shapes, "speech": args.clips}
    for kind, name in FILES.items():
        write(args.out / f"train_{name}.jsonl", Maker(args.out, "train", kind).documents(counts[kind]))
        write(args.out / f"test_{name}.jsonl", Maker(args.out, "test", kind).documents(args.test))


if __name__ == "__main__":
    main()
