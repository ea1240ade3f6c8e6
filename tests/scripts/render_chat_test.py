"""scripts/render_chat.py against what the reference rendered (scripts/reference/make_chat_template_goldens.py)."""
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts"))
import render_chat  # noqa: E402

GOLDENS = json.loads((PROJECT / "tests/data/chat_templates/golden.json").read_text(encoding="utf-8"))
SHOW = "{{ messages[0]['content'] }}"


class RenderChat(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)

    def write(self, name, content):
        text = content if isinstance(content, str) else json.dumps(content)
        (self.folder / name).write_text(text, encoding="utf-8", newline="")

    def run_script(self, *arguments):
        """Returns the exit code, the prompt that was written, and the lines on standard error."""
        out, errors = self.folder / "prompt.txt", io.StringIO()
        out.unlink(missing_ok=True)
        with contextlib.redirect_stderr(errors):
            code = render_chat.main([str(self.folder), *arguments, "--out", str(out)])
        return code, out.read_bytes().decode() if out.exists() else None, errors.getvalue().splitlines()

    def test_published_templates_of_ten_families_render_as_by_the_reference(self):
        self.assertGreaterEqual(len({entry["family"] for entry in GOLDENS["templates"].values()}), 10)
        for name, entry in GOLDENS["templates"].items():
            self.write("chat_template.jinja", entry["text"])
            for conversation, messages in GOLDENS["conversations"].items():
                self.write("turns.json", messages)
                code, text, errors = self.run_script("--turns", str(self.folder / "turns.json"))
                expected = entry["rendered"][conversation]
                self.assertEqual(text, expected.get("text"), f"{name}, {conversation}: {errors}")
                self.assertEqual(code, 0 if "text" in expected else 2)
                if "raises" in expected:
                    self.assertIn(expected["raises"], errors[0])

    def test_user_and_system_become_turns(self):
        self.write("chat_template.jinja", GOLDENS["templates"]["chatml"]["text"])
        system = GOLDENS["conversations"]["system"][0]["content"]
        code, text, _ = self.run_script("--user", "Hi", "--system", system)
        self.assertEqual((code, text), (0, GOLDENS["templates"]["chatml"]["rendered"]["system"]["text"]))
        _, text, _ = self.run_script("--user", "Hi", "--no-generation-prompt")
        self.assertEqual(text, "<|im_start|>user\nHi<|im_end|>\n")

    def test_special_tokens_are_those_of_the_tokenizer(self):
        self.write("chat_template.jinja", "{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ image_token }}")
        self.assertEqual(self.run_script("--user", "x")[1], "<bos><eos><pad>")
        self.write("tokenizer_config.json", {"bos_token": {"content": "<s>"}, "eos_token": "</s>", "pad_token": None,
                                             "extra_special_tokens": {"image_token": "<image_soft_token>"}})
        self.assertEqual(self.run_script("--user", "x")[1], "<s></s><image_soft_token>")

    def test_the_helpers_are_the_references(self):
        self.write("chat_template.jinja", "{{ {'a': '<é>'} | tojson }}{{ strftime_now('%Y') | length }}"
                                          "{% for m in [1, 2] %}{% if m == 2 %}{% break %}{% endif %}{{ m }}{% endfor %}"
                                          "{% generation %}g{% endgeneration %}")
        self.assertEqual(self.run_script("--user", "x")[1], '{"a": "<é>"}41g')

    def test_one_of_several_templates_is_named(self):
        self.write("tokenizer_config.json", {"chat_template": [{"name": "rag", "template": "r"},
                                                               {"name": "tool_use", "template": SHOW}]})
        code, _, errors = self.run_script("--user", "x")
        self.assertEqual(code, 2)
        self.assertIn("has no chat template 'default'; it has rag, tool_use", errors[0])
        self.assertEqual(self.run_script("--user", "x", "--template", "tool_use")[1], "x")

    def test_mistakes_are_one_line_and_exit_2(self):
        code, _, errors = self.run_script("--user", "x")
        self.assertEqual((code, len(errors)), (2, 1))
        self.assertIn("ships no chat template", errors[0])
        for template, words in (("{{ x", "is not Jinja, line 1"), ("{{ x.y.z }}", "refuses these turns"),
                                ("{{ ''.__class__.__mro__ }}", "refuses these turns"),
                                ("{{ raise_exception('a\nb') }}", "refuses these turns: a b")):
            self.write("chat_template.jinja", template)
            code, text, errors = self.run_script("--user", "x")
            self.assertEqual((code, text, len(errors)), (2, None, 1), template)
            self.assertIn(words, errors[0])
        self.write("chat_template.jinja", SHOW)
        for turns in ("[]", "{}", "[1]", "[" * 80000, "not JSON"):
            self.write("turns.json", turns)
            code, _, errors = self.run_script("--turns", str(self.folder / "turns.json"))
            self.assertEqual((code, len(errors)), (2, 1), turns[:20])
        (self.folder / "turns.json").write_bytes(b'["caf\xe9"]')
        _, _, errors = self.run_script("--turns", str(self.folder / "turns.json"))
        self.assertIn("byte 0xE9 at offset 5 is not UTF-8", errors[0])

    def test_files_of_settings_of_another_kind_are_one_line_and_exit_2(self):
        self.write("chat_template.jinja", SHOW)
        self.write("tokenizer_config.json", "[1]")
        code, _, errors = self.run_script("--user", "x")
        self.assertEqual((code, len(errors)), (2, 1))
        self.assertIn("tokenizer_config.json: expected a JSON object, found [1]", errors[0])
        for name in ("processor_config.json", "chat_template.json", "tokenizer_config.json"):
            for path in self.folder.iterdir():
                path.unlink()
            for content, words in (("[]", "expected a JSON object, found []"),
                                   ('{"a": ' + "9" * 5000 + "}", "expected JSON"),
                                   ({"chat_template": [1]}, "expected a list of objects with 'name' and 'template', found 1"),
                                   ({"chat_template": [{"name": 1, "template": "x"}]}, "with 'name' and 'template'"),
                                   ({"chat_template": [{"name": "default"}]}, "with 'name' and 'template'"),
                                   ({"chat_template": {"default": 5}}, "expected a template in Jinja as 'default', found 5"),
                                   ({"chat_template": 7}, "expected a template in Jinja as 'default', found 7")):
                self.write(name, content)
                code, text, errors = self.run_script("--user", "x")
                self.assertEqual((code, text, len(errors)), (2, None, 1), (name, content))
                self.assertIn(f"{name}: ", errors[0])
                self.assertIn(words, errors[0])
            self.write(name, {"chat_template": [{"name": "other", "template": "o"}, {"name": "default", "template": SHOW}]})
            self.assertEqual(self.run_script("--user", "x")[:2], (0, "x"), name)
            self.assertEqual(self.run_script("--user", "x", "--template", "other")[1], "o")

    def test_whatever_a_template_raises_is_one_line(self):
        for template in ("{{ 1 // 0 }}", "{{ " + "(" * 20000, "{{ [1] | map('x') | list }}", "{% set a = 1 %}{{ a[::0] }}"):
            self.write("chat_template.jinja", template)
            code, text, errors = self.run_script("--user", "x")
            self.assertEqual((code, text, len(errors)), (2, None, 1), template[:40])
        self.write("chat_template.jinja", SHOW)
        self.write("turns.json", '[{"role": "user", "content": "\\ud800"}]')
        code, text, errors = self.run_script("--turns", str(self.folder / "turns.json"))
        self.assertEqual((code, text, len(errors)), (2, None, 1))
        self.assertIn("has half a character, '\\ud800'", errors[0])

    def test_a_full_disk_leaves_no_half_of_a_prompt(self):
        self.write("chat_template.jinja", SHOW)
        self.write("mine.txt", "precious")
        limited = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        for out in ("new.txt", "mine.txt"):
            done = subprocess.run([sys.executable, PROJECT / "scripts/render_chat.py", self.folder, "--user", "x" * 50000,
                                   "--out", self.folder / out, "--force"], capture_output=True, text=True, preexec_fn=limited)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
            self.assertIn(f"{out}: cannot be written: File too large", done.stderr)
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"chat_template.jinja", "mine.txt"})
        self.assertEqual((self.folder / "mine.txt").read_text(), "precious")

    def test_standard_output_that_is_full_or_closed_is_one_line(self):
        self.write("chat_template.jinja", SHOW)
        for where in ("> /dev/full", ">&-"):
            done = subprocess.run(["/bin/sh", "-c", f'"$@" {where}', "sh", sys.executable, PROJECT / "scripts/render_chat.py",
                                   self.folder, "--user", "x", "--out", "-"], capture_output=True, text=True)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
            self.assertIn("standard output: cannot be written", done.stderr)

    def test_special_files_are_refused(self):
        self.write("chat_template.jinja", SHOW)
        os.mkfifo(self.folder / "pipe")
        code, _, errors = self.run_script("--turns", str(self.folder / "pipe"))
        self.assertEqual((code, len(errors)), (2, 1))
        self.assertIn("pipe: expected a regular file", errors[0])
        with contextlib.redirect_stderr(io.StringIO()):
            for out in ("/dev/full", str(self.folder)):
                self.assertEqual(render_chat.main([str(self.folder), "--user", "x", "--out", out, "--force"]), 2)

    def test_never_replaces_a_file_unasked(self):
        self.write("chat_template.jinja", SHOW)
        self.write("mine.txt", "precious")
        arguments = [str(self.folder), "--user", "x", "--out", str(self.folder / "mine.txt")]
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(render_chat.main(arguments), 2)
        self.assertEqual((self.folder / "mine.txt").read_text(), "precious")
        self.assertEqual(render_chat.main([*arguments, "--force"]), 0)
        self.assertEqual((self.folder / "mine.txt").read_text(), "x")


if __name__ == "__main__":
    unittest.main()
