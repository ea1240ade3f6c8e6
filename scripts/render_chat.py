"""Renders a prompt by a checkpoint's own chat template, whatever turns it writes, for plelab generate --chat off.

    .venv/bin/python scripts/render_chat.py CKPT --user TEXT [--system TEXT] --out prompt.txt
    .venv/bin/python scripts/render_chat.py CKPT --turns turns.json --out prompt.txt
    build/plelab generate CKPT --chat off --prompt-file prompt.txt

turns.json is a list of {"role": …, "content": …}.  The prompt is written as the template makes it, without a newline of
our own at its end; plelab reads the control tokens in it.  The environment is that of the reference (transformers,
utils/chat_template_utils.py): Jinja2's immutable sandbox with trim_blocks, lstrip_blocks, break and continue,
raise_exception, strftime_now, tojson without HTML escapes, and {% generation %}.
"""
import argparse
import datetime
import json
import sys
from pathlib import Path

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

# What the tokenizer of Gemma takes where tokenizer_config.json does not say.
GEMMA_TOKENS = {"bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>"}
REASONING = ("reasoning_content", "thinking", "reasoning")  # names of a message's thoughts, the standard one first


class Mistake(Exception):
    """The user's mistake: where, what was expected, what was found."""


class GenerationTag(jinja2.ext.Extension):
    """{% generation %}…{% endgeneration %} marks what the model wrote; here it shows its body."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("show"), [], [], body).set_lineno(line)

    def show(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                         extensions=[GenerationTag, jinja2.ext.loopcontrols])
    made.filters["tojson"] = tojson
    made.globals |= {"raise_exception": raise_exception,
                     "strftime_now": lambda form: datetime.datetime.now().strftime(form)}
    return made


def prepared(messages: list[dict]) -> list[dict]:
    """Drops what is null, and gives thoughts the names that templates read, as the reference does."""
    made = []
    for message in messages:
        message = {key: value for key, value in message.items() if value is not None}
        thoughts = next((message[key] for key in REASONING if key in message), None)
        if thoughts is not None:
            message = {"thinking": thoughts, **message, "reasoning_content": thoughts}
        made.append(message)
    return made


def render(template: str, messages: list[dict], tokens: dict[str, str], generation_prompt: bool = True) -> str:
    return environment().from_string(template).render(messages=prepared(messages), tools=None, documents=None,
                                                      add_generation_prompt=generation_prompt, **tokens)


def read_text(path: Path) -> str:
    if path.exists() and not path.is_file():  # a FIFO would keep us waiting
        raise Mistake(f"{path}: expected a regular file")
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Mistake(f"{path}: cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        raise Mistake(f"{path}: byte 0x{error.object[error.start]:02X} at offset {error.start} is not UTF-8")


def read_json(path: Path):
    try:
        return json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise Mistake(f"{path}: expected JSON: {error}")


def templates_of(folder: Path) -> dict[str, str]:
    """The checkpoint's templates by name, from the first of the places where the reference looks for them."""
    for name in ("processor_config.json", "chat_template.json"):
        if (folder / name).is_file():
            found = read_json(folder / name).get("chat_template")
            if found:
                return found if isinstance(found, dict) else {"default": found}
    extra = sorted((folder / "additional_chat_templates").glob("*.jinja"))
    found = {path.stem: read_text(path) for path in extra}
    if (folder / "chat_template.jinja").is_file():
        found["default"] = read_text(folder / "chat_template.jinja")
    if found:
        return found
    if (folder / "tokenizer_config.json").is_file():
        kept = read_json(folder / "tokenizer_config.json").get("chat_template")
        if isinstance(kept, list):
            return {entry["name"]: entry["template"] for entry in kept}
        if kept:
            return kept if isinstance(kept, dict) else {"default": kept}
    raise Mistake(f"{folder}: ships no chat template; expected chat_template.jinja or tokenizer_config.json with one")


def tokens_of(folder: Path) -> dict[str, str]:
    """The special tokens that a template may name: bos_token, eos_token, image_token, …"""
    path = folder / "tokenizer_config.json"
    config = read_json(path) if path.is_file() else {}
    named = {key: value for key, value in config.items() if key.endswith("_token")}
    more = config.get("extra_special_tokens")
    named |= more if isinstance(more, dict) else {}
    texts = {key: value.get("content") if isinstance(value, dict) else value for key, value in named.items()}
    return {key: value for key, value in (GEMMA_TOKENS | texts).items() if isinstance(value, str)}


def messages_of(options) -> list[dict]:
    if options.turns is None:
        system = [] if options.system is None else [{"role": "system", "content": options.system}]
        return system + [{"role": "user", "content": options.user}]
    turns = read_json(options.turns)
    if not (isinstance(turns, list) and turns and all(isinstance(turn, dict) and "role" in turn for turn in turns)):
        raise Mistake(f'{options.turns}: expected a list of {{"role": …, "content": …}}')
    return turns


def rendered(options) -> str:
    templates = templates_of(options.checkpoint)
    if options.template not in templates:
        raise Mistake(f"{options.checkpoint}: has no chat template '{options.template}'; it has {', '.join(templates)}")
    try:
        return render(templates[options.template], messages_of(options), tokens_of(options.checkpoint),
                      not options.no_generation_prompt)
    except jinja2.exceptions.TemplateSyntaxError as error:
        raise Mistake(f"{options.checkpoint}: its chat template is not Jinja, line {error.lineno}: {error.message}")
    except (jinja2.exceptions.TemplateError, TypeError, ValueError, KeyError, OverflowError) as error:
        raise Mistake(f"{options.checkpoint}: its chat template refuses these turns: {error}")


def write(text: str, options) -> None:
    if options.out == "-":
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    if Path(options.out).exists() and not Path(options.out).is_file():
        raise Mistake(f"{options.out}: is no regular file; name another, or - for standard output")
    try:
        with open(options.out, "wb" if options.force else "xb") as file:
            file.write(text.encode())
    except FileExistsError:
        raise Mistake(f"{options.out}: exists; give --force to replace it")
    except OSError as error:
        raise Mistake(f"{options.out}: cannot be written: {error.strerror}")


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", type=Path, metavar="CKPT", help="a folder as published")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--user", metavar="TEXT", help="the user's turn")
    what.add_argument("--turns", type=Path, metavar="FILE.json", help="a whole conversation")
    parser.add_argument("--system", metavar="TEXT", help="instructions before --user")
    parser.add_argument("--template", default="default", metavar="NAME", help="which of several templates")
    parser.add_argument("--no-generation-prompt", action="store_true", help="end with the last turn")
    parser.add_argument("--out", required=True, metavar="FILE", help="where the prompt is written; -: standard output")
    parser.add_argument("--force", action="store_true", help="replace FILE")
    options = parser.parse_args(arguments)
    if options.turns and options.system is not None:
        parser.error("--system belongs to --user; put it into the turns as the role 'system'")
    return options


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    try:
        write(rendered(options), options)
    except Mistake as mistake:
        print(" ".join(str(mistake).split()), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
