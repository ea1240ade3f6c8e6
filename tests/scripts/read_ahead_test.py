"""scripts/read_ahead.sh: sets each value, and sets back what was there however the command ends."""

import os
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/read_ahead.sh"


class ReadAhead(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.setting = Path(folder.name) / "read_ahead_kb"
        self.setting.write_text("512\n")
        self.seen = Path(folder.name) / "seen"
        self.environment = os.environ | {"PLELAB_READ_AHEAD_FILE": str(self.setting)}

    def run_script(self, *arguments):
        return subprocess.run([SCRIPT, *arguments], env=self.environment, capture_output=True, text=True, timeout=60)

    def test_each_value_is_set_for_a_run_of_the_command_and_the_old_one_restored(self):
        command = f'echo "$READ_AHEAD_KIB $(cat {self.setting})" >> {self.seen}'
        done = self.run_script(str(SCRIPT), "0,128,8192", "bash", "-c", command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.seen.read_text(), "0 0\n128 128\n8192 8192\n")
        self.assertEqual(self.setting.read_text(), "512\n")
        self.assertIn("is 8192 KiB (was 512)", done.stderr)
        self.assertIn("is 512 KiB again", done.stderr)

    def test_a_command_that_fails_ends_it_with_its_code_and_the_old_value(self):
        done = self.run_script(str(SCRIPT), "0,128", "bash", "-c", f"echo x >> {self.seen}; exit 7")
        self.assertEqual(done.returncode, 7)
        self.assertEqual(self.seen.read_text(), "x\n", "the second value is not run")
        self.assertEqual(self.setting.read_text(), "512\n")

    def test_a_signal_ends_it_with_the_old_value(self):
        process = subprocess.Popen([SCRIPT, str(SCRIPT), "0", "bash", "-c", f"echo x > {self.seen}; sleep 2"],
                                   env=self.environment, stderr=subprocess.DEVNULL)
        while not self.seen.exists():
            time.sleep(0.01)
        self.assertEqual(self.setting.read_text(), "0\n")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 143)
        self.assertEqual(self.setting.read_text(), "512\n")

    def test_what_cannot_be_is_refused_before_anything_is_set(self):
        for arguments, said in ((("/nonexistent", "0", "true"), "no such file"), ((str(SCRIPT), "0,fast", "true"), "'fast'"),
                                ((str(SCRIPT), "0"), "and a command")):
            done = self.run_script(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(said, done.stderr)
            self.assertEqual(self.setting.read_text(), "512\n")


if __name__ == "__main__":
    unittest.main()
