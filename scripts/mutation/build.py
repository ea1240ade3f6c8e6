"""Compiles, links and runs mutants with the commands of a build that has no unity files.

A mutant is compiled beside the tree and linked in front of the libraries, from which the linker then takes everything
but the mutated object: neither the sources nor the build are touched, whenever this is killed.
"""
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import threading
import time

MEMORY_BYTES = 8 << 30  # of a test; a mutant may allocate without end
FILE_BYTES = 4 << 30
LEAST_TIMEOUT_S = 10
# The libraries that a test binary links.
LIBRARIES = {"plestore_tests": ["plestore"], "model_tests": ["plelab_test_support"],
             "harness_tests": ["plelab_test_support"], "experiments_tests": ["plelab_experiments", "plelab_test_support"]}
FAILED = re.compile(r"^\[  FAILED  \] ([\w/]+\.[\w/]+)", re.MULTILINE)


def run(command: list[str], **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, errors="replace", **options)


@dataclasses.dataclass
class TestRun:
    seconds: float
    code: int | None  # None: it took longer than it was given
    failed: list[str]


class Build:
    """A configured and built folder."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder.resolve()
        cache = (self.folder / "CMakeCache.txt").read_text()
        self.source = pathlib.Path(re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", cache, re.MULTILINE)[1])
        self.compiler = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", cache, re.MULTILINE)[1]
        if not re.search(r"^PLELAB_UNITY:BOOL=OFF$", cache, re.MULTILINE):
            raise SystemExit(f"mutate.py: {folder}: built with unity files; configure it with -DPLELAB_UNITY=OFF")
        self.made: set[str] = set()
        self.lock = threading.Lock()
        self.running: set[subprocess.Popen] = set()
        entries = json.loads((self.folder / "compile_commands.json").read_text())
        self.commands = {os.path.relpath(e["file"], self.source): e["command"] for e in entries}
        self.links: dict[str, list[str]] = {}

    def make(self, binary: str, tests: tuple[str, ...]) -> None:
        """Builds what linking these tests of the binary needs: their objects and the libraries, or the whole binary."""
        objects = [self._object_of(binary, test) for test in tests]
        wanted = [*LIBRARIES[binary], *objects] if tests else [binary]
        with self.lock:
            new = [target for target in wanted if target not in self.made]
            if not new:
                return
            # The first build may be long, so it is shown; of later ones only what went wrong.
            command = ["cmake", "--build", str(self.folder), "--target", *new]
            done = run(command) if self.made else subprocess.run(command)
            if done.returncode != 0:
                raise SystemExit(f"mutate.py: {self.folder}: the build failed:\n{done.stdout or ''}")
            self.made.update(new)

    def _object_of(self, binary: str, test: str) -> str:
        return f"tests/CMakeFiles/{binary}.dir/{test.removeprefix('tests/')}.o"

    def _link_command(self, target: str) -> list[str]:
        lines = run(["ninja", "-C", str(self.folder), "-t", "commands", f"tests/{target}"]).stdout.splitlines()
        step = next(s for s in lines[-1].split(" && ") if f"-o tests/{target} " in s + " ")
        words = shlex.split(step)
        linkers = [["-fuse-ld=" + name] for name in ("mold", "lld", "gold")
                   if shutil.which("mold" if name == "mold" else "ld." + name)]
        return words[words.index(self.compiler):] + (linkers[0] if linkers else [])

    def compile(self, source: str, text: str, folder: pathlib.Path) -> pathlib.Path | None:
        """The object of `source` with this text; None where it does not compile."""
        words = shlex.split(self.commands[source])
        words = words[words.index(self.compiler):]
        mutant, target = folder / pathlib.PurePath(source).name, folder / "mutant.o"
        mutant.write_text(text, encoding="utf-8")
        target.unlink(missing_ok=True)
        words[words.index("-o") + 1] = str(target)
        words[words.index("-c") + 1] = str(mutant)
        done = run(words + ["-w", "-Wfatal-errors"], cwd=self.folder)
        return target if done.returncode == 0 else None

    def link(self, binary: str, tests: tuple[str, ...], mutant: pathlib.Path | None,
             folder: pathlib.Path) -> pathlib.Path | None:
        """The test binary with the mutant and only these tests, or all of its tests; None where it does not link."""
        self.make(binary, tests)
        if binary not in self.links:
            self.links[binary] = self._link_command(binary)
        kept = {self._object_of(binary, test) for test in tests}
        words = [w for w in self.links[binary]
                 if not tests or w in kept or not w.startswith(f"tests/CMakeFiles/{binary}.dir/")]
        at = words.index("-o") + 1
        words[at] = str(folder / binary)
        if mutant:
            words.insert(at + 1, str(mutant))
        done = run(words, cwd=self.folder)
        return folder / binary if done.returncode == 0 else None

    def test(self, binary: pathlib.Path, tests: str, folder: pathlib.Path, timeout_s: float | None,
             fail_fast: bool = True) -> TestRun:
        temporary = folder / "tmp"
        temporary.mkdir(exist_ok=True)
        words = [str(binary), f"--gtest_filter={tests}", "--gtest_brief=1"] + ["--gtest_fail_fast"] * fail_fast
        started = time.monotonic()
        child = subprocess.Popen(words, cwd=self.source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 stdin=subprocess.DEVNULL, text=True, errors="replace", start_new_session=True,
                                 preexec_fn=_limit, env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE",
                                                                      "TMPDIR": str(temporary)})
        self.running.add(child)
        try:
            output, code = child.communicate(timeout=timeout_s)[0], child.returncode
        except subprocess.TimeoutExpired:
            output, code = "", None
        finally:
            _end_group(child)
            self.running.discard(child)
            shutil.rmtree(temporary, ignore_errors=True)
        return TestRun(time.monotonic() - started, code, sorted(set(FAILED.findall(output))))

    def stop(self) -> None:
        """Ends the tests that run."""
        for child in list(self.running):
            _end_group(child)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_group(child: subprocess.Popen) -> None:
    """Ends what the test started; its process group is its own."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def digest(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def prepare(root: pathlib.Path) -> pathlib.Path:
    """Configures build-mutation/build over a copy of the working tree, in which tests of mutants may do what they like."""
    home = root / "build-mutation"
    tree, build = home / "tree", home / "build"
    files = run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root).stdout.split("\0")
    wanted = {f for f in files if f and (root / f).is_file()}
    for file in sorted(wanted):
        source, copy = root / file, tree / file
        if copy.exists() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    for copy in tree.rglob("*"):
        if copy.is_file() and not copy.is_symlink() and str(copy.relative_to(tree)) not in wanted \
                and copy.suffix in (".cpp", ".h"):
            copy.unlink()
    if (root / ".venv").exists() and not (tree / ".venv").exists():
        (tree / ".venv").symlink_to(root / ".venv")
    if not (build / "build.ninja").exists():
        print(f"configuring {build}; the first build compiles everything", flush=True)
        done = run(["cmake", "-S", str(tree), "-B", str(build), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                    "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", "-DPLELAB_UNITY=OFF", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"])
        if done.returncode != 0:
            raise SystemExit(f"mutate.py: CMake failed:\n{done.stdout}{done.stderr}")
    return build
