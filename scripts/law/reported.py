"""Numbers that others published of tables out of memory, beside what the law says (configs/law/reported.yaml)."""
from __future__ import annotations

import pathlib

import runs as measured

FILE = pathlib.Path("configs/law/reported.yaml")
NUMBERS = ("reported_low_ms", "reported_high_ms", "step_ms", "rows_per_token", "queue_depth")
TEXTS = ("source", "geometry", "device", "assumed")


def read(path: pathlib.Path = FILE) -> list[dict]:
    """A list of flat maps, as this file is written; throws RunsError for anything else."""
    entries: list[dict] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line.startswith("- "):
            entries.append({})
        key, colon, value = line.lstrip("- ").partition(":")
        if not entries or not colon or key not in NUMBERS + TEXTS:
            raise measured.RunsError(f"{path}:{number}: expected 'key: value' with a key of {', '.join(NUMBERS + TEXTS)}; found '{line.strip()}'")
        value = value.strip().strip('"')
        entries[-1][key] = float(value) if key in NUMBERS else value
    return entries


def rows(plelab: pathlib.Path, constants: pathlib.Path) -> list[dict]:
    found = []
    for entry in read():
        case, = measured.ask_law(plelab, ["--device", entry["device"], "--geometry", entry["geometry"], "--step-ms", str(entry["step_ms"]),
                                          "--rows-per-token", f"{entry['rows_per_token']:.0f}", "--queue-depth", f"{entry['queue_depth']:.0f}",
                                          "--constants", str(constants)])
        found.append(entry | {f"predicted{name}_ms": case["delta_ms"][key] for name, key in (("", "value"), ("_low", "low"), ("_high", "high"))})
    return found
