"""Reads files from Debian packages.  Packages are downloaded with apt; they are never unpacked to disk or installed."""

import gzip
import hashlib
import re
import subprocess
import tarfile


def fetch(package, folder):
    """Returns the path of the package's .deb in `folder`, and downloads it unless it is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob(f"{package}_*.deb")):
        subprocess.run(["apt-get", "download", package], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    return max(folder.glob(f"{package}_*.deb"))


def describe(deb):
    """Returns the manifest's entry for a package, which is enough to find the same bytes again at snapshot.debian.org."""
    version = subprocess.run(["dpkg-deb", "-f", deb, "Version"], check=True, capture_output=True, text=True)
    return {"version": version.stdout.strip(), "sha256": hashlib.sha256(deb.read_bytes()).hexdigest()}


def members(deb, pattern):
    """Returns [(path, bytes)] of the plain files whose path matches, sorted by path.  Gzipped files are decompressed."""
    found, wanted = {}, re.compile(pattern)
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for entry in archive:
                if entry.isfile() and wanted.search(entry.name):
                    data = archive.extractfile(entry).read()
                    found[entry.name] = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return sorted(found.items())
