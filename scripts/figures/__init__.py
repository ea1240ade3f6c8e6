"""One figure per file.  Each module has TITLE, CAPTION, `applies(result)` and `draw(result) -> matplotlib figure`."""
from . import (ablation, cache_policies, cached_sweep, choices, contribution, depth, domains, equal_ram, layer_errors, locality, media, memory,
               modalities, offload, parameter_groups, placement, rank, scaling, step_parts, step_time, training, users,
               your_storage)  # fmt: skip

ALL = (modalities, equal_ram, scaling, cached_sweep, placement, step_time, step_parts, memory, parameter_groups, media, choices, ablation,
       depth, rank, contribution, locality, cache_policies, users, domains, offload, training, layer_errors)


def applicable(result):
    if result.is_replay:  # it has none of a run's tables
        return [your_storage]
    return [figure for figure in ALL if figure.applies(result)]


def name_of(figure) -> str:
    return figure.__name__.rsplit(".", 1)[-1]
