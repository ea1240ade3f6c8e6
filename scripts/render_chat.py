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
import os
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


def read_json(path: Path, kind: type, expected: str):
    try:
        found = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:  # ValueError: no JSON, or a number of thousands of digits
        raise Mistake(f"{path}: expected JSON: {error}")
    if not isinstance(found, kind):
        raise Mistake(f"{path}: expected {expected}, found {shown(found)}")
    return found


def shown(value) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def templates_in(path: Path) -> dict[str, str]:
    """The templates by name that a file of settings has: one text, an object, or a list of {name, template}."""
    if not path.exists():
        return {}
    found = read_json(path, dict, "a JSON object").get("chat_template")
    if isinstance(found, list):
        for entry in found:
            if not (isinstance(entry, dict) and isinstance(entry.get("name"), str) and "template" in entry):
                raise Mistake(f"{path}: 'chat_template': expected a list of objects with 'name' and 'template', "
                              f"found {shown(entry)} in it")
        found = {entry["name"]: entry["template"] for entry in found}
    if not found:
        return {}
    templates = found if isinstance(found, dict) else {"default": found}
    for name, template in templates.items():
        if not isinstance(template, str):
            raise Mistake(f"{path}: 'chat_template': expected a template in Jinja as '{name}', found {shown(template)}")
    return templates


def templates_of(folder: Path) -> dict[str, str]:
    """The checkpoint's templates by name, from the first of the places where the reference looks for them."""
    for name in ("processor_config.json", "chat_template.json"):
        if found := templates_in(folder / name):
            return found
    extra = sorted((folder / "additional_chat_templates").glob("*.jinja"))
    found = {path.stem: read_text(path) for path in extra}
    if (folder / "chat_template.jinja").is_file():
        found["default"] = read_text(folder / "chat_template.jinja")
    if found := found or templates_in(folder / "tokenizer_config.json"):
        return found
    raise Mistake(f"{folder}: ships no chat template; expected chat_template.jinja or tokenizer_config.json with one")


def tokens_of(folder: Path) -> dict[str, str]:
    """The special tokens that a template may name: bos_token, eos_token, image_token, …"""
    path = folder / "tokenizer_config.json"
    config = read_json(path, dict, "a JSON object") if path.exists() else {}
    named = {key: value for key, value in config.items() if key.endswith("_token")}
    more = config.get("extra_special_tokens")
    named |= more if isinstance(more, dict) else {}
    texts = {key: value.get("content") if isinstance(value, dict) else value for key, value in named.items()}
    return {key: value for key, value in (GEMMA_TOKENS | texts).items() if isinstance(value, str)}


def messages_of(options) -> list[dict]:
    if options.turns is None:
        system = [] if options.system is None else [{"role": "system", "content": options.system}]
        return system + [{"role": "user", "content": options.user}]
    expected = 'a list of {"role": …, "content": …}'
    turns = read_json(options.turns, list, expected)
    if not (turns and all(isinstance(turn, dict) and "role" in turn for turn in turns)):
        raise Mistake(f"{options.turns}: expected {expected}")
    return turns


def rendered(options) -> bytes:
    templates = templates_of(options.checkpoint)
    if options.template not in templates:
        raise Mistake(f"{options.checkpoint}: has no chat template '{options.template}'; it has {', '.join(templates)}")
    messages, tokens = messages_of(options), tokens_of(options.checkpoint)
    try:
        return render(templates[options.template], messages, tokens, not options.no_generation_prompt).encode()
    except jinja2.exceptions.TemplateSyntaxError as error:
        raise Mistake(f"{options.checkpoint}: its chat template is not Jinja, line {error.lineno}: {error.message}")
    except UnicodeEncodeError as error:
        raise Mistake(f"{options.checkpoint}: the prompt has half a character, {error.object[error.start]!a}")
    except Exception as error:  # a template is somebody's program: it can raise anything
        raise Mistake(f"{options.checkpoint}: its chat template refuses these turns: {error}")


def write_whole(prompt: bytes, target: Path) -> None:
    """Writes all of it or nothing: under a temporary name beside the target, which a full disk leaves as it is."""
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(prompt)
        os.replace(temporary, target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write(prompt: bytes, options) -> None:
    out = Path(options.out)
    if options.out != "-" and out.exists() and not out.is_file():
        raise Mistake(f"{out}: is no regular file; name another, or - for standard output")
    if options.out != "-" and os.path.lexists(out) and not options.force:
        raise Mistake(f"{out}: exists; name another with --out, or replace it with --force")
    try:
        if options.out == "-":
            with open(1, "wb", closefd=False) as file:
                file.write(prompt)
        else:
            write_whole(prompt, Path(os.path.realpath(out)))
    except OSError as error:
        where = "standard output" if options.out == "-" else out
        raise Mistake(f"{where}: cannot be written: {error.strerror}")


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
