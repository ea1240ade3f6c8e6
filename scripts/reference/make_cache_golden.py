"""Hits of libCacheSim's caches on the trace that ships, as tests/data/cache/libcachesim.json.

    .venv-reference/bin/python scripts/reference/make_cache_golden.py

Written down are the hits of each thousand lookups, for each policy and capacity, each cache starting empty.  Not asked are
LFUDA and WTinyLFU, of which libCacheSim has other variants than the papers that model/ple/policies/ follows.  Its Belady always takes in the
row that was just read, so it stands there with one row more, too.
"""
import importlib.metadata
import json
import pathlib

import libcachesim

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRACE = "configs/traces/northanger_abbey_gemma.json"
OUT = ROOT / "tests/data/cache/libcachesim.json"
POLICIES = {"lru": libcachesim.LRU, "clock": libcachesim.Clock, "sieve": libcachesim.Sieve, "s3fifo": libcachesim.S3FIFO,
            "belady": libcachesim.Belady}
CAPACITIES = [20, 100, 1024, 4096]
BLOCK = 1000
NEVER = 2**63 - 1


def next_uses(ids: list[int]) -> list[int]:
    """The position of the next request for the same id; NEVER where there is none."""
    following, seen = [NEVER] * len(ids), {}
    for position in range(len(ids) - 1, -1, -1):
        following[position] = seen.get(ids[position], NEVER)
        seen[ids[position]] = position
    return following


def hits_per_block(make, capacity: int, ids: list[int], following: list[int]) -> list[int]:
    cache, request = make(capacity), libcachesim.Request()
    request.obj_size = 1
    hits = []
    for position, (row, after) in enumerate(zip(ids, following)):
        request.obj_id, request.clock_time, request.next_access_vtime = row, position, after
        if position % BLOCK == 0:
            hits.append(0)
        hits[-1] += bool(cache.get(request))
    return hits


def main() -> None:
    ids = json.loads((ROOT / TRACE).read_text())["ids"]
    following = next_uses(ids)
    hits = [{"policy": name, "capacity": capacity, "hits": hits_per_block(make, capacity, ids, following)}
            for name, make in POLICIES.items() for capacity in CAPACITIES]
    hits += [{"policy": "belady", "capacity": capacity + 1, "hits": hits_per_block(libcachesim.Belady, capacity + 1, ids, following)}
             for capacity in CAPACITIES]
    golden = {"made_by": "scripts/reference/make_cache_golden.py", "libcachesim": importlib.metadata.version("libcachesim"),
              "trace": TRACE, "block": BLOCK, "caches": hits}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(golden).replace('{"policy"', '\n  {"policy"') + "\n")


if __name__ == "__main__":
    main()
