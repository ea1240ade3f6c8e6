"""Checks scripts/render_chat.py against the reference on published chat templates of more than ten families.

    .venv-reference/bin/python scripts/reference/check_chat_templates.py

Each template is put into a checkpoint's folder in each of the ways in which folders carry one; the reference reads the
folder (AutoTokenizer) and renders (apply_chat_template), render_chat.py is run as a user runs it, and both texts must be
equal, or both must refuse.  Exit code 1 names what differs.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from chat_conversations import CONVERSATIONS, by_reference, tokenizer
from published_templates import published
from transformers import AutoTokenizer

SCRIPT = Path(__file__).resolve().parents[1] / "render_chat.py"
OTHER = "{{ raise_exception('this is the template for tools') }}"


def in_jinja(folder: Path, text: str) -> None:
    (folder / "chat_template.jinja").write_text(text, newline="")


def in_config(folder: Path, text) -> None:
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chat_template": text}))


def in_list(folder: Path, text: str) -> None:
    in_config(folder, [{"name": "tool_use", "template": OTHER}, {"name": "default", "template": text}])


def in_folder(folder: Path, text: str) -> None:
    in_jinja(folder, text)
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates/tool_use.jinja").write_text(OTHER)


LAYOUTS = (in_jinja, in_config, in_list, in_folder)


def by_script(folder: Path, messages: list[dict], generation_prompt: bool) -> dict[str, str]:
    (folder / "turns.json").write_text(json.dumps(messages))
    more = [] if generation_prompt else ["--no-generation-prompt"]
    done = subprocess.run([sys.executable, SCRIPT, folder, "--turns", folder / "turns.json", "--out", "-", *more],
                          capture_output=True)
    if done.returncode == 0:
        return {"text": done.stdout.decode()}
    return {"raises": done.stderr.decode()}


def agree(expected: dict[str, str], found: dict[str, str]) -> bool:
    if "text" in expected:
        return expected == found
    return " ".join(expected["raises"].split()) in found.get("raises", "")


def main() -> int:
    compared, refused, families, wrong = 0, 0, set(), []
    for number, (name, entry) in enumerate(published().items()):
        families.add(entry["family"])
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            tokenizer().save_pretrained(folder)
            layout = LAYOUTS[number % len(LAYOUTS)]
            layout(folder, entry["text"])
            model = AutoTokenizer.from_pretrained(folder)
            for conversation, messages in CONVERSATIONS.items():
                for prompt in (True, False):
                    expected = by_reference(model, messages, prompt)
                    found = by_script(folder, messages, prompt)
                    compared, refused = compared + 1, refused + ("raises" in expected)
                    if not agree(expected, found):
                        wrong.append(f"{name} ({layout.__name__}), {conversation}: expected {expected}, found {found}")
    print("\n".join(wrong + [f"{compared} renderings of {len(families)} families compared ({refused} refused by both): "
                             f"{len(wrong)} differ"]))
    return 1 if wrong or len(families) < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
