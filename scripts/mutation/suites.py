"""Which tests can see a source: its own suites first, then those of its room, those elsewhere that include its header,
and the rest of its test binary.

The test tree mirrors the sources, so that all of this follows from paths.
"""
import dataclasses
import pathlib
import re

SUITE = re.compile(r"^(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\(\s*(\w+)", re.MULTILINE)
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
    groups: dict[str, list[pathlib.Path]] = {"own suites": [], "its room": [], "who includes it": []}
    for test in sorted((root / "tests").rglob("*_test.cpp")):
        if test.stem.endswith("_full_test") or _binary_of(root, test) != binaries[0]:
            continue
        includes = header in test.read_text(encoding="utf-8")
        if test.parent == folder:
            is_own = includes or test.stem == pathlib.PurePath(source).stem + "_test"
            groups["own suites" if is_own else "its room"].append(test)
        elif includes:
            groups["who includes it"].append(test)
    if reach == "file":
        del groups["its room"], groups["who includes it"]
    stages, seen = [], set()
    for name, tests in groups.items():
        suites = set().union(*map(suites_in, tests)) - seen
        if suites:
            stages.append(Stage(binaries[0], _filter(suites), name, tuple(str(t.relative_to(root)) for t in tests)))
        seen |= suites
    if reach in ("binary", "all") or not stages:
        stages.append(Stage(binaries[0], "*" + (_filter(set(), seen) if seen else ""), binaries[0]))
    if reach == "all":
        stages += [Stage(binary, "*", binary) for binary in binaries[1:]]
    return stages


def _binary_of(root: pathlib.Path, test: pathlib.Path) -> str:
    """As tests/CMakeLists.txt sorts them."""
    path = str(test.relative_to(root / "tests"))
    if path.startswith(("model/base/", "model/io/", "model/ple/")):
        return "plestore_tests"
    return path.split("/")[0] + "_tests"
