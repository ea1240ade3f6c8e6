"""Debian packages as archives to read from: downloaded with apt, never unpacked to disk, never installed."""

import gzip
import hashlib
import re
import subprocess
import tarfile


def fetch(package, folder):
    """The .deb of a package in `folder`, downloaded unless it is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob(f"{package}_*.deb")):
        subprocess.run(["apt-get", "download", package], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    return max(folder.glob(f"{package}_*.deb"))


def describe(deb):
    """What the manifest says of a package: enough to find the same bytes again at snapshot.debian.org."""
    version = subprocess.run(["dpkg-deb", "-f", deb, "Version"], check=True, capture_output=True, text=True)
    return {"version": version.stdout.strip(), "sha256": hashlib.sha256(deb.read_bytes()).hexdigest()}


def members(deb, pattern):
    """[(path, bytes)] of the plain files whose path matches, by path; what is gzipped comes unpacked."""
    found, wanted = {}, re.compile(pattern)
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for entry in archive:
                if entry.isfile() and wanted.search(entry.name):
                    data = archive.extractfile(entry).read()
                    found[entry.name] = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return sorted(found.items())
