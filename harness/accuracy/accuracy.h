// Measures how a placement changes the model's output on real text: a phase of its own, after time and
// memory.
#pragma once

#include "harness/plan/phase.h"

namespace plelab {

// Scores windows of `accuracy.context` tokens, each starting with bos, with one set of weights and a new
// source per variant; then scores `accuracy.tasks` (harness/accuracy/choice_task.h).
// /tables/accuracy receives nats_per_token, perplexity, bits_per_byte (NaN for a trace, whose text is not
// known) and, compared with the group's first exact variant, delta_nats (paired), kl_to_resident and
// top1_agreement, with 95 % intervals from resampled blocks of tokens. /tables/tokens receives what was
// computed for each token.
// An exact variant runs only the first window: if its logits differ from the baseline's in any bit, it fails;
// otherwise the baseline's figures are recorded as its own, and bit_equal_tokens says on how many tokens that
// was shown.  Throws Interrupted, RunError, UserError.
void RunAccuracyPhase(PhaseContext& context);

}  // namespace plelab
