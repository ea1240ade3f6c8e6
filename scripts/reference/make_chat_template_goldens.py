"""Makes tests/data/chat_templates/golden.json: published chat templates, and what the reference makes of conversations.

    .venv-reference/bin/python scripts/reference/make_chat_template_goldens.py

Holds {"conversations": {name: messages}, "templates": {name: {family, source, text, rendered: {conversation: {"text": …}
or {"raises": …}}}}}.  The templates are those of published_templates.py, under Apache-2.0, but for the three longest.
"""
import json
from pathlib import Path

from chat_conversations import CONVERSATIONS, by_reference, tokenizer
from published_templates import published

OUT = Path(__file__).resolve().parents[2] / "tests/data/chat_templates/golden.json"
TOO_LONG = ("gemma4", "gptoss", "llama3_2")


def main() -> None:
    templates = {name: entry for name, entry in published().items() if name not in TOO_LONG}
    for entry in templates.values():
        model = tokenizer(chat_template=entry["text"])
        entry["rendered"] = {name: by_reference(model, turns) for name, turns in CONVERSATIONS.items()}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"conversations": CONVERSATIONS, "templates": templates}, indent=1, ensure_ascii=False) + "\n")
    print(f"{OUT}: {len(templates)} templates, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
