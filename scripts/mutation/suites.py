"""Which tests can see a source: its own suites first, then those of its room, then the rest of its test binary.

The test tree mirrors the sources, so that all of this follows from paths.
"""
import dataclasses
import pathlib
import re

SUITE = re.compile(r"^(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\(\s*(\w+)", re.MULTILINE)
PLESTORE_ROOMS = ("model/base", "model/io", "model/ple", "model/checkpoint")
REACHES = ("file", "room", "binary", "all")


@dataclasses.dataclass(frozen=True)
class Stage:
    binary: str
    filter: str  # of GoogleTest
    name: str
    tests: tuple[str, ...] = ()  # the sources of these suites; (): all of the binary


def binaries_of(source: str) -> list[str]:
    """The test binaries that link the source, the nearest first."""
    chain = ["plestore_tests", "model_tests", "harness_tests", "experiments_tests"]
    if source.startswith(("model/base/", "model/io/", "model/ple/")):
        return chain
    return chain[{"model": 1, "harness": 2, "experiments": 3}[source.split("/")[0]]:]


def suites_in(test: pathlib.Path) -> set[str]:
    return set(SUITE.findall(test.read_text(encoding="utf-8")))


def _filter(suites: set[str], without: set[str] = frozenset()) -> str:
    patterns = lambda names: ":".join(f"{name}.*:*/{name}.*:{name}/*" for name in sorted(names))
    return patterns(suites) + ("-" + patterns(without) if without else "")


def stages_of(root: pathlib.Path, source: str, reach: str) -> list[Stage]:
    """What to run on a mutant of `source`, in this order, until something fails."""
    binaries = binaries_of(source)
    folder = root / "tests" / pathlib.PurePath(source).parent
    header = f'"{pathlib.PurePath(source).with_suffix(".h")}"'
    tests = [t for t in sorted((root / "tests").rglob("*_test.cpp")) if not t.stem.endswith("_full_test")]
    own, room, own_tests, room_tests = set(), set(), [], []
    for test in tests:
        if _binary_of(root, test) != binaries[0]:
            continue
        if test.stem == pathlib.PurePath(source).stem + "_test" or header in test.read_text(encoding="utf-8"):
            own |= suites_in(test)
            own_tests.append(str(test.relative_to(root)))
        elif test.parent == folder:
            room |= suites_in(test)
            room_tests.append(str(test.relative_to(root)))
    stages = []
    if own:
        stages.append(Stage(binaries[0], _filter(own), "own suites", tuple(own_tests)))
    if room and reach != "file":
        stages.append(Stage(binaries[0], _filter(room), "its room", tuple(room_tests)))
    if reach in ("binary", "all") or not stages:
        stages.append(Stage(binaries[0], "*" + (_filter(set(), own | room) if own | room else ""), binaries[0]))
    if reach == "all":
        stages += [Stage(binary, "*", binary) for binary in binaries[1:]]
    return stages


def _binary_of(root: pathlib.Path, test: pathlib.Path) -> str:
    """As tests/CMakeLists.txt sorts them."""
    path = str(test.relative_to(root / "tests"))
    if path.startswith(("model/base/", "model/io/", "model/ple/")):
        return "plestore_tests"
    return path.split("/")[0] + "_tests"
