"""Conversations on which chat templates are compared, and what the reference makes of them."""
import jinja2
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

TOKENS = {"bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>"}


def turns(*texts: str, system: str | None = None) -> list[dict]:
    roles = ("user", "assistant")
    first = [] if system is None else [{"role": "system", "content": system}]
    return first + [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]


CONVERSATIONS = {
    "user": turns("Hi"),
    "spaced": turns("\n \u3000What is\n\n<b>2 + 2</b>? \t"),
    "exchange": turns("Hi", " <think>\nIt is 4.\n</think>\n\n4 \n", "And «3 + 3»?"),
    "system": turns("Hi", system=" Be brief. \n"),
    "system_exchange": turns("One?", "1", "Two?", system="Réponds en français."),
}


def tokenizer(**kwargs) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>")), **TOKENS,
                                   **kwargs)


def by_reference(model, messages: list[dict], generation_prompt: bool = True) -> dict[str, str]:
    """{"text": …}, or {"raises": …} where the template refuses the conversation."""
    try:
        return {"text": model.apply_chat_template(messages, tokenize=False, add_generation_prompt=generation_prompt)}
    except jinja2.exceptions.TemplateError as error:
        return {"raises": str(error)}
