"""Compares multiple choice with lm-evaluation-harness on random documents: tokens, log-likelihoods, acc and acc_norm.

    .venv-reference/bin/python scripts/reference/check_choices.py [--documents N] [--seed S] [--golden]

lm_eval's own task, joining rule, model class and metrics answer the documents with transformers' copy of configs/models/small
in float32.  Then build/tests/harness_tests compares the tokens and log-likelihoods of every choice, and `plelab run` must
record the same acc, acc_norm and answer_nats.  --golden writes the 64 documents of tests/data/choices instead.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import h5py
import reference_model
import torch
from datasets import Dataset
from lm_eval.api.task import ConfigurableTask
from lm_eval.api.utils import requires_delimiter
from lm_eval.models.huggingface import HFLM
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = ROOT / "configs" / "models" / "small"
GOLDEN = ROOT / "tests" / "data" / "choices"
WHITE_SPACE = [chr(c) for c in range(0x3001) if chr(c).isspace()]
WORDS = ["seven", "7", "May", "1812", "unhappy", "Café", "naïve", "Straße", "漢字", "かな", "👩‍👩‍👧", "Привет", "नमस्ते", "a", "I", "…", "—", "\u200b",
         "e\u0301", "x²", "C++", "…and", "'s", ",", ".", "?!", "10,000", "_", "##", "▁", "<b>"]
SPECIAL = ["<bos>", "<eos>", "<pad>", "<start_of_turn>", "<end_of_turn>"]  # their spellings in a text are tokens


def white_space(dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.4:
        return " "
    return "".join(dice.choice((" ", " ", "\n", "\t", *WHITE_SPACE)) for _ in range(dice.randint(1, 4)))


def draw_document(dice: random.Random, text: str) -> dict:
    """A place of the novel with its continuation and others as choices; or words; with white space at any joint."""
    at, length = dice.randrange(len(text) - 600), dice.randint(0, 200)
    context = text[at:at + length]
    if dice.random() < 0.2:
        context = " ".join(dice.choices(WORDS, k=dice.randint(0, 6)))
    if dice.random() < 0.15:
        context = dice.choice(("<bos>", "<bos>", "<bos><bos>", " <bos>", *SPECIAL)) + context
    if dice.random() < 0.1:
        context += dice.choice(SPECIAL) + dice.choice(("", "\n", "user\n"))
    context = context.rstrip() if dice.random() < 0.4 else context
    context += white_space(dice) if dice.random() < 0.45 else ""

    def choice() -> str:
        start = at + length if dice.random() < 0.3 else dice.randrange(len(text) - 100)
        words = text[start:start + dice.randint(1, 40)] if dice.random() < 0.5 else " ".join(dice.choices(WORDS, k=dice.randint(1, 4)))
        words += dice.choice(SPECIAL) if dice.random() < 0.05 else ""
        return (white_space(dice) if dice.random() < 0.2 else "") + (words or "7")

    choices = [choice() for _ in range(dice.choice((2, 2, 3, 4, 5)))]
    return {"context": context, "choices": choices, "gold": dice.randrange(len(choices))}


class Choices(ConfigurableTask):
    """lm_eval's multiple choice.  Its delimiter is one of the whole task; here lm_eval's own rule for joints chooses it."""

    def construct_requests(self, doc, ctx, **kwargs):
        by_delimiter = {}
        for delimiter in ("", " "):
            self.config.target_delimiter = delimiter
            by_delimiter[delimiter] = super().construct_requests(doc, ctx, **kwargs)
        return [by_delimiter[" " if requires_delimiter(ctx, choice) else ""][i] for i, choice in enumerate(doc["choices"])]


class Recorded(HFLM):
    """lm_eval's model, which also keeps the tokens of each request."""

    def _loglikelihood_tokens(self, requests, **kwargs):
        self.tokens = [(context[1:], continuation) for _, context, continuation in requests]
        assert all(context[:1] == [self.prefix_token_id] for _, context, _ in requests)
        return super()._loglikelihood_tokens(requests, **kwargs)


def reference() -> Recorded:
    tokenizer = AutoTokenizer.from_pretrained(SMALL)
    # As in the published tokenizer.json; a tokenizer made from tokenizer.model alone adds no bos.
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", tokenizer.bos_token_id)])
    return Recorded(pretrained=reference_model.load(SMALL, torch.float32), tokenizer=tokenizer, device="cpu", batch_size=1)


def answer(documents: list[dict]) -> list[dict]:
    task = Choices(config=dict(
        task="choices", custom_dataset=lambda **_: {"test": Dataset.from_list(documents)}, test_split="test",
        output_type="multiple_choice", doc_to_text="context", doc_to_choice="choices", doc_to_target="gold",
        metric_list=[{"metric": "acc"}, {"metric": "acc_norm"}]))
    model = reference()
    requests = [task.construct_requests(doc, task.fewshot_context(doc, num_fewshot=0)) for doc in task.test_docs()]
    scores = iter(zip(model.loglikelihood([r for each in requests for r in each], disable_tqdm=True), model.tokens))
    answers = []
    for doc, each in zip(task.test_docs(), requests):
        results, tokens = zip(*(next(scores) for _ in each))
        answers.append({"context": [t[0] for t in tokens], "continuation": [t[1] for t in tokens],
                        "loglikelihood": [r[0] for r in results], **task.process_results(doc, results)})
    return answers


def write(folder: pathlib.Path, documents: list[dict], answers: list[dict]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = {"documents.jsonl": documents, "lm_eval.jsonl": answers}
    for name, rows in lines.items():
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def compare_run(folder: pathlib.Path, documents: list[dict], answers: list[dict]) -> bool:
    """What `plelab run` records of the documents, against lm_eval's means."""
    config = folder / "choices.yaml"
    config.write_text(f"""experiment: ple_ablation
model: {{checkpoint: {SMALL}, dtype: float32}}
accuracy: {{text_file: {ROOT}/configs/text/persuasion.txt, context: 512, max_tokens: 64, tasks: [{folder}/documents.jsonl]}}
variants:
  - {{name: resident, ple: {{strategy: resident}}}}
""")
    subprocess.run([ROOT / "build" / "plelab", "run", config, "--out", folder / "run.h5"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    with h5py.File(folder / "run.h5") as file:
        rows = file["tables/accuracy"][...]
    found = {row["metric"].decode(): float(row["value"]) for row in rows if row["task"] == b"documents"}
    want = {key: sum(a[key] for a in answers) / len(answers) for key in ("acc", "acc_norm")}
    want["answer_nats"] = -sum(a["loglikelihood"][d["gold"]] for a, d in zip(answers, documents)) / len(answers)
    for key, value in want.items():
        print(f"{key}: lm_eval {value:.6f}, plelab {found[key]:.6f}")
    return all(abs(found[k] - v) <= 1e-4 * abs(v) for k, v in want.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--golden", action="store_true", help="write tests/data/choices")
    arguments = parser.parse_args()
    dice = random.Random("golden" if arguments.golden else arguments.seed)
    text = (ROOT / "configs" / "text" / "persuasion.txt").read_text()
    torch.set_num_threads(1)  # the model is small
    documents = [draw_document(dice, text) for _ in range(64 if arguments.golden else arguments.documents)]
    answers = answer(documents)
    if arguments.golden:
        return write(GOLDEN, documents, answers)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder, documents, answers)
        tests = subprocess.run([ROOT / "build/tests/harness_tests", "--gtest_filter=ChoiceReference.*", "--gtest_brief=1"], cwd=ROOT,
                               env=os.environ | {"PLELAB_CHOICES": str(folder)})
        agrees = compare_run(folder, documents, answers) and tests.returncode == 0
    print(f"{len(documents)} documents, {sum(len(d['choices']) for d in documents)} choices:", "agree with lm_eval" if agrees else "DIFFER from lm_eval")
    sys.exit(not agrees)


if __name__ == "__main__":
    main()
