"""Accuracy and nats of the answer on multiple-choice tasks of text, without PLE rows."""
from .media import CAPTION, choice_tasks, draw_tasks, media_tasks

__all__ = ["CAPTION", "TITLE", "applies", "draw"]
TITLE = "Loss without PLE rows on multiple-choice tasks of text"


def text_tasks(result) -> list[str]:
    shown = media_tasks(result)
    return [task for task in choice_tasks(result) if task not in shown]


def applies(result) -> bool:
    return len(text_tasks(result)) > 0


def draw(result):
    return draw_tasks(result, text_tasks(result), TITLE)
