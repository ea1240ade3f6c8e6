// What a placement does to the model's output on real text: a phase of its own, after time and memory.
#pragma once

#include "harness/plan/phase.h"

namespace plelab {

// Scores windows of `accuracy.context` tokens, each starting with bos, one set of weights, a new source per
// variant; then what `accuracy.tasks` ask (harness/choice_task.h).  /tables/accuracy: nats_per_token,
// perplexity, bits_per_byte (NaN for a trace: its text is not known) and, against the group's first exact
// variant, delta_nats (paired), kl_to_resident, top1_agreement; 95 % from resampled blocks of tokens.
// /tables/tokens: what was computed for each token. An exact variant runs the first window only: its logits
// must equal the baseline's bit for bit, or it fails; then the baseline's figures are its own, and
// bit_equal_tokens says on how many tokens that was shown. Throws Interrupted, RunError, UserError.
void RunAccuracyPhase(PhaseContext& context);

}  // namespace plelab
