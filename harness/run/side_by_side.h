// Repetitions in which the variants of a group take turns step by step, in this process.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/plan/phase.h"

namespace plelab {

// Repetitions [first, end), which one process measures.
struct Block {
  int64_t process = 0;  // counted from 0
  int64_t first = 0, end = 0;
  bool operator==(const Block&) const = default;
};

// What takes turns in a repetition: the variants that have not failed and the baseline's twin.  Marks the
// twin as failed where the baseline has.
std::vector<int64_t> InTurn(PhaseContext& context, const VariantGroup& group);
// True when every variant in turn has its part of repetition `rep`.
bool HasRepetition(PhaseContext& context, const VariantGroup& group, int64_t rep);

// Forgets the parts of each repetition of the block that was stopped between two of them: what is measured
// again must not be paired with them.  Their files stay until then.
void ForgetBrokenRepetitions(PhaseContext& context, const VariantGroup& group, const Block& block);

// Marks what takes turns in the group as skipped, with the reason, where the group has a page_cache.limit
// that cannot be set here, and what the kernel would kill under that limit.
void SkipWhatCannotBeLimited(PhaseContext& context, const VariantGroup& group);

// Measures the repetitions of `block` that are not yet there, on one set of weights.  Each finished
// repetition of a variant is a part; a variant that fails is marked and left out from then on.  Throws
// Interrupted, and RunError when a part cannot be written.
void RunSideBySide(PhaseContext& context, const VariantGroup& group, const Block& block);

}  // namespace plelab
