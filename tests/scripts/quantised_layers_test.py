"""scripts/quantised_layers.py: each format is packed where it is not there, and its layers become rows of one table."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts"))
import h5py  # noqa: E402
import numpy as np  # noqa: E402
import quantised_layers  # noqa: E402
from resultfile import Result  # noqa: E402

LAYERS = [(b"0", 0.1, 0.2), (b"1", 0.3, 0.4), (b"logits", 0.5, 0.6)]


class QuantisedLayers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.commands = []

    def fake_run(self, command: list) -> str:
        """Does what `plelab` would: makes a folder, or writes three rows."""
        words = list(map(str, command))
        self.commands.append(words)
        out = pathlib.Path(words[words.index("--out") + 1])
        if words[1] == "pack":
            out.mkdir(parents=True)
            return ""
        with h5py.File(out, "w") as file:
            file.attrs.update({"weights": "random", "dtype": "bfloat16", "tokens": 7, "checkpoint_sha256": "c0ffee"})
            file["layers"] = np.array(LAYERS, [("layer", "S6"), ("own", float), ("accumulated", float)])
        return ""

    def measure(self) -> Result:
        out = self.folder / "out.h5"
        arguments = ["quantised_layers", "--checkpoint", str(self.folder / "ckpt"), "--folder", str(self.folder / "made"), "--out", str(out)]
        with mock.patch.object(sys, "argv", arguments), mock.patch.object(quantised_layers, "run", self.fake_run), \
                contextlib.redirect_stdout(io.StringIO()):
            quantised_layers.main()
        return Result(out)

    def test_a_row_for_each_layer_of_each_format(self):
        result = self.measure()
        table = result.own["quantised/layers"]
        self.assertEqual(list(table["format"].unique()), list(quantised_layers.SHOWN))
        of_int4 = table[table["format"] == "int4"]
        self.assertEqual(list(of_int4["layer"]), ["0", "1", "logits"])
        self.assertEqual(list(of_int4["own"]), [0.1, 0.3, 0.5])
        self.assertEqual(list(of_int4["accumulated"]), [0.2, 0.4, 0.6])
        self.assertEqual(result.weights, "random")
        self.assertEqual(result.meta["checkpoint_hash"], "c0ffee")

    def test_what_it_packs_it_removes_and_what_was_there_stays(self):
        made = self.folder / "made" / "ckpt"
        (made / "int4").mkdir(parents=True)
        self.measure()
        packed = [words[words.index("--out") + 1] for words in self.commands if words[1] == "pack"]
        self.assertEqual(packed, [str(made / name) for name in quantised_layers.SHOWN if name != "int4"])
        self.assertEqual([path.name for path in made.iterdir()], ["int4"])


if __name__ == "__main__":
    unittest.main()
