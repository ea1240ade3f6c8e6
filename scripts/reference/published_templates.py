"""Chat templates as published, from two packages under Apache-2.0 that keep copies of them: trl and unsloth.

The packages are downloaded as archives (pip download --no-deps) and only read, never installed or run.
"""
import ast
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGES = {"trl": "1.16.0", "unsloth": "2026.10.9"}
# name → (family, package, file of the package or variable in its chat_templates.py)
TEMPLATES = {
    "gemma2": ("Gemma 2", "trl", "gemma"),
    "gemma2_training": ("Gemma 2", "trl", "gemma_training"),
    "gemma3": ("Gemma 3", "trl", "gemma3"),
    "gemma3_training": ("Gemma 3", "trl", "gemma3_training"),
    "gemma3n": ("Gemma 3n", "unsloth", "gemma3n_template"),
    "gemma4": ("Gemma 4", "trl", "gemma4"),
    "chatml": ("ChatML", "unsloth", "chatml_template"),
    "qwen2_5": ("Qwen 2.5", "trl", "qwen2_5"),
    "qwen3": ("Qwen 3", "trl", "qwen3"),
    "llama3": ("Llama 3", "trl", "llama3"),
    "llama3_2": ("Llama 3", "trl", "llama3_2"),
    "mistral": ("Mistral", "unsloth", "mistral_template"),
    "phi3": ("Phi 3", "trl", "phi3"),
    "phi4": ("Phi 4", "unsloth", "phi4_template"),
    "deepseekv3": ("DeepSeek V3", "trl", "deepseekv3"),
    "cohere": ("Command R", "trl", "cohere"),
    "glm4moe": ("GLM 4", "trl", "glm4moe"),
    "gptoss": ("gpt-oss", "trl", "gptoss"),
    "lfm2": ("LFM 2", "trl", "lfm2"),
    "starling": ("OpenChat", "unsloth", "starling_template"),
    "zephyr": ("Zephyr", "unsloth", "zephyr_template"),
    "vicuna": ("Vicuna", "unsloth", "vicuna_template"),
}


def archive(package: str, folder: Path) -> zipfile.ZipFile:
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", "-d",
                    str(folder), f"{package}=={PACKAGES[package]}"], check=True)
    return zipfile.ZipFile(next(folder.glob(f"{package}-*.whl")))


def texts_in(source: str) -> dict[str, str]:
    """The variables of a Python source that are plain texts."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found |= {target.id: node.value.value for target in node.targets if isinstance(target, ast.Name)}
    return found


def published() -> dict[str, dict[str, str]]:
    """name → family, source and text of every template."""
    with tempfile.TemporaryDirectory() as folder:
        trl, unsloth = (archive(package, Path(folder)) for package in ("trl", "unsloth"))
        variables = texts_in(unsloth.read("unsloth/chat_templates.py").decode())
        found = {}
        for name, (family, package, key) in TEMPLATES.items():
            text = variables[key] if package == "unsloth" else trl.read(f"trl/chat_templates/{key}.jinja").decode()
            found[name] = {"family": family, "source": f"{package} {PACKAGES[package]}, {key} (Apache-2.0)", "text": text}
        return found
