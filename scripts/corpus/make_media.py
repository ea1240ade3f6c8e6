#!/usr/bin/env python3
"""Makes configs/media/: a picture of shapes and a spoken sentence, for `modalities` and for trying `generate`.

It needs Pillow (matplotlib brings it) and espeak-ng (Debian).
usage: .venv/bin/python scripts/corpus/make_media.py
"""
import pathlib
import subprocess

from PIL import Image, ImageDraw

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "configs" / "media"
SENTENCE = "Seven small birds sat on a wire, and two of them flew away."


def draw_shapes(path: pathlib.Path) -> None:
    image = Image.new("RGB", (640, 480), (236, 240, 244))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 330, 640, 480), fill=(118, 168, 96))
    pen.ellipse((470, 40, 580, 150), fill=(248, 202, 60))
    pen.rectangle((90, 190, 290, 360), fill=(190, 84, 60), outline=(80, 40, 30), width=4)
    pen.polygon(((70, 190), (190, 90), (310, 190)), fill=(90, 60, 50))
    pen.rectangle((165, 270, 215, 360), fill=(70, 50, 40))
    for x in (380, 430, 480):
        pen.line((x, 380, x, 300), fill=(80, 60, 40), width=8)
        pen.ellipse((x - 28, 240, x + 28, 310), fill=(40, 110, 60))
    image.save(path, optimize=True)


def speak(path: pathlib.Path) -> None:
    subprocess.run(["espeak-ng", "-v", "en-gb", "-s", "150", "-w", str(path), SENTENCE], check=True)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    draw_shapes(FOLDER / "shapes.png")
    speak(FOLDER / "birds.wav")
    for file in sorted(FOLDER.glob("*.[pw]*")):
        print(f"{file}: {file.stat().st_size:,} bytes")
