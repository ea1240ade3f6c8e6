#!/usr/bin/env python3
"""Changes sources in small ways, one at a time, and lists the changes that no test notices.

    scripts/mutate.py FILE… --out survivors.csv [--sample N] [--seed S] [--jobs 1] [--build DIR] [--reach room]

FILE is a source (.cpp) of model/, harness/ or experiments/, or a folder of them.  Mutants that do not compile, or that
compile to the same object, are left out and do not count; N of the others are drawn over all files.  A mutant is killed
when a test fails, crashes or hangs.  The tests that run are those that can see the source (scripts/mutation/suites.py),
the nearest first.  Results are kept in the CSV as they come; the same command again goes on.  The working tree is not
touched: the build is one of a copy in build-mutation/, unless --build names a build without unity files.
"""
import argparse
import collections
import concurrent.futures
import csv
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import venv

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from mutation.build import LEAST_TIMEOUT_S, Build, digest, prepare, run  # noqa: E402
from mutation.rules import is_worth_trying  # noqa: E402
from mutation.suites import REACHES, stages_of  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARY = "universalmutator==1.14.1"
COLUMNS = ["room", "file", "line", "original", "mutant", "status", "by", "seconds"]
SLOWER = 5  # a mutant may take this many times as long as the original; then it hangs


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--sample", type=int, help="how many mutants; default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, help="a build without unity files; tests run in its tree")
    parser.add_argument("--reach", choices=REACHES, default="binary", help="how far tests of a survivor go")
    parser.add_argument("--again", action="store_true", help="try the survivors in the CSV again, and nothing else")
    return parser.parse_args()


def library_python() -> pathlib.Path:
    """The Python of .venv-mutation, which holds the mutation library and nothing else."""
    folder = ROOT / ".venv-mutation"
    python = folder / "bin" / "python"
    if not (python.exists() and run([str(python), "-c", "import universalmutator"]).returncode == 0):
        print(f"installing {LIBRARY} into {folder}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        done = run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", LIBRARY])
        if done.returncode != 0:
            raise SystemExit(f"mutate.py: {LIBRARY} cannot be installed:\n{done.stderr}")
    return python


def sources_of(names: list[str], root: pathlib.Path) -> list[str]:
    sources = []
    for name in names:
        path = root / name
        found = sorted(path.rglob("*.cpp")) if path.is_dir() else [path]
        for file in found:
            source = str(file.resolve().relative_to(root.resolve()))
            if not file.is_file() or not source.endswith(".cpp") or source.split("/")[0] not in ("model", "harness", "experiments"):
                raise SystemExit(f"mutate.py: {name}: expected a .cpp file or a folder of model/, harness/ or experiments/")
            sources.append(source)
    return list(dict.fromkeys(sources))


def mutants_of(source: str, root: pathlib.Path, python: pathlib.Path) -> list[tuple[str, int, str]]:
    lines = (root / source).read_text(encoding="utf-8").splitlines(keepends=True)
    output = subprocess.run([str(python), str(ROOT / "scripts/mutation/generate.py"), str(root / source)], check=True,
                            capture_output=True, text=True).stdout
    mutants = [json.loads(line) for line in output.splitlines()]
    return [(source, line, text) for line, text in mutants if is_worth_trying(lines[line - 1], text)]


class Results:
    """The rows of the CSV, written as they come."""

    def __init__(self, path: pathlib.Path):
        self.path, self.lock = path, threading.Lock()
        self.rows: dict[tuple, dict] = {}
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    self.rows[(row["file"], row["original"], row["mutant"], row["line"])] = row

    def find(self, key: tuple) -> dict | None:
        return self.rows.get(key)

    def put(self, key: tuple, row: dict) -> None:
        with self.lock:
            self.rows[key] = row
            temporary = self.path.with_suffix(".tmp")
            with temporary.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(self.rows.values())
            temporary.replace(self.path)


class Judge:
    """Says what becomes of a mutant."""

    def __init__(self, build: Build, reach: str, folder: pathlib.Path):
        self.build, self.reach, self.folder = build, reach, folder
        self.lock = threading.Lock()
        self.objects: dict[str, str] = {}
        self.times: dict[tuple, tuple[float, list[str]]] = {}

    def judge(self, source: str, line: int, text: str, folder: pathlib.Path) -> tuple[str, str]:
        """(status, by whom)"""
        stages = stages_of(self.build.source, source, self.reach)
        self.build.make(stages[0].binary, stages[0].tests)  # with the precompiled header, before anything is compiled
        lines = (self.build.source / source).read_text(encoding="utf-8").splitlines(keepends=True)
        original = self._original_object(source, "".join(lines), folder)
        lines[line - 1] = text
        mutant = self.build.compile(source, "".join(lines), folder)
        if mutant is None:
            return "invalid", "compiler"
        if digest(mutant) == original:
            return "equivalent", "compiler"
        for stage in stages:
            seconds, broken = self._unchanged(stage, folder)
            binary = self.build.link(stage.binary, stage.tests, mutant, folder)
            if binary is None:
                return "invalid", "linker"
            tests = stage.filter if not broken else \
                stage.filter + (":" if "-" in stage.filter else "-") + ":".join(broken)
            done = self.build.test(binary, tests, folder, SLOWER * seconds + LEAST_TIMEOUT_S)
            if done.code != 0:
                by = "a hang" if done.code is None else done.failed[0] if done.failed else f"a crash ({done.code})"
                return "killed", by
        return "survived", ""

    def _original_object(self, source: str, text: str, folder: pathlib.Path) -> str:
        key = f"{folder}/{source}"
        if key not in self.objects:
            made = self.build.compile(source, text, folder)
            if made is None:
                raise SystemExit(f"mutate.py: {source} itself does not compile")
            self.objects[key] = digest(made)
        return self.objects[key]

    def _unchanged(self, stage, folder: pathlib.Path) -> tuple[float, list[str]]:
        """How long these tests take without a mutant, and which of them fail even so: they say nothing."""
        with self.lock:
            key = (stage.binary, stage.filter)
            if key not in self.times:
                binary = self.build.link(stage.binary, stage.tests, None, folder)
                if binary is None:
                    raise SystemExit(f"mutate.py: {stage.binary} itself does not link")
                done = self.build.test(binary, stage.filter, folder, None, False)
                if done.failed:
                    print(f"  left out, because they fail without a mutant: {', '.join(done.failed)}", flush=True)
                self.times[key] = (done.seconds, done.failed)
            return self.times[key]


def shown(text: str) -> str:
    return " ".join(text.split())


def key_of(mutant: tuple[str, int, str], root: pathlib.Path) -> tuple:
    source, line, text = mutant
    original = (root / source).read_text(encoding="utf-8").splitlines()[line - 1]
    return source, shown(original), shown(text), str(line)


def report(rows: list[dict]) -> None:
    rooms: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for row in rows:
        rooms[row["room"]][row["status"]] += 1
    print(f"\n{'room':24} {'run':>5} {'killed':>7} {'rate':>6} {'equivalent':>11} {'invalid':>8}")
    whole = collections.Counter()
    for room, counts in sorted(rooms.items()):
        _report_line(room, counts)
        whole.update(counts)
    _report_line("all", whole)
    survivors = [row for row in rows if row["status"] == "survived"]
    print(f"\n{len(survivors)} survivors" + (":" if survivors else ""))
    for row in sorted(survivors, key=lambda r: (r["file"], int(r["line"]))):
        print(f"{row['file']}:{row['line']}\n  - {row['original']}\n  + {row['mutant']}")


def _report_line(room: str, counts: collections.Counter) -> None:
    ran = counts["killed"] + counts["survived"]
    rate = f"{100 * counts['killed'] / ran:.0f} %" if ran else "–"
    print(f"{room:24} {ran:5} {counts['killed']:7} {rate:>6} {counts['equivalent']:11} {counts['invalid']:8}")


def main() -> None:
    options = arguments()
    python = library_python()
    folder = options.build or prepare(ROOT)
    names = sources_of(options.files, ROOT)
    build = Build(folder)
    mutants = [m for name in names for m in mutants_of(name, build.source, python)]
    random.Random(options.seed).shuffle(mutants)
    results = Results(options.out)
    if options.again:
        mutants = [m for m in mutants if (results.find(key_of(m, build.source)) or {}).get("status") == "survived"]
    wanted = len(mutants) if options.sample is None or options.again else options.sample
    print(f"{len(mutants)} mutants of {len(names)} files, {wanted} to run", flush=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="plelab-mutate-"))
    try:
        drawn = work_through(mutants, wanted, Judge(build, options.reach, work), results, options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    report(drawn)


def work_through(mutants, wanted: int, judge: Judge, results: Results, options, work: pathlib.Path) -> list[dict]:
    """The rows of the mutants that were drawn, in order, until `wanted` of them have run."""
    drawn, lock, pending = [], threading.Lock(), iter(mutants)
    state = {"ran": 0, "stopped": False}

    def worker(number: int) -> None:
        folder = work / str(number)
        folder.mkdir()
        while True:
            with lock:
                mutant = next(pending, None) if state["ran"] < wanted and not state["stopped"] else None
            if mutant is None:
                return
            key = key_of(mutant, judge.build.source)
            row = results.find(key)
            if row is None or options.again:
                started = time.monotonic()
                status, by = judge.judge(*mutant, folder)
                if state["stopped"]:
                    return  # what was ended says nothing
                row = dict(zip(COLUMNS, [str(pathlib.PurePath(mutant[0]).parent), mutant[0], mutant[1], key[1], key[2],
                                         status, by, f"{time.monotonic() - started:.1f}"]))
                results.put(key, row)
            with lock:
                drawn.append(row)
                if row["status"] in ("killed", "survived"):
                    state["ran"] += 1
                    print(f"[{state['ran']:3}/{wanted}] {row['status']:8} {row['file']}:{row['line']}  {row['mutant'][:70]}"
                          f"  {row['by']}  {row['seconds']} s", flush=True)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        try:
            for done in [pool.submit(worker, number) for number in range(options.jobs)]:
                done.result()
        except BaseException:  # Ctrl-C too: the other workers would go on
            state["stopped"] = True
            judge.build.stop()
            raise
    return drawn


if __name__ == "__main__":
    main()
