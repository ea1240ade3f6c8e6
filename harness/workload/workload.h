// The ids that a workload feeds to the model: prompts, the ids that follow, and those that a warmed cache has
// seen before.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/workload/token_text.h"
#include "model/media/media_input.h"

namespace plelab {

// One repetition's excerpt of the text: warm ids | sequence 0 | sequence 1 | …, where each sequence is a
// separate stretch: (bos and) prompt | warm-up steps | measured steps.
struct Workload {
  int64_t batch = 1;
  int64_t excerpt = 0;                        // tokens of the text before sequence 0
  int64_t prompt_tokens = 0;                  // per sequence, including bos and the places of media
  int64_t warmup_steps = 0;                   // decode steps before the measured ones
  int64_t decode_steps = 0;                   // measured decode steps
  std::vector<std::vector<int64_t>> prompts;  // [batch][prompt_tokens]
  // [batch][warmup + decode] ids that follow the prompt; empty unless `decode: replay`.
  std::vector<std::vector<int64_t>> replay;
  // Ids that are read through a cache that starts warmed: the `warm_tokens` ids directly before sequence 0
  // or, if warm_tokens is 0, the ids after the last sequence of the last repetition.  They are never ids that
  // this repetition measures, which would flatter the cache.
  std::vector<int64_t> warm_ids;
  MediaInput media;  // what the prompt shows; undefined tensors: text only

  int64_t steps() const { return warmup_steps + decode_steps; }
  int64_t positions() const { return prompt_tokens + steps(); }
};

// The workloads of `reps` repetitions, each on the stretch of the text that follows the one before, so that
// no two measure the same tokens.  Throws UserError naming how many tokens the text has and how many are
// needed.
std::vector<Workload> CutWorkloads(const TokenText& text, const WorkloadSection& section,
                                   int64_t warmup_steps, int64_t bos, int64_t reps);

// Puts `media` between bos and the prompt's text; `media_ids` are its frames and placeholders.  Throws
// UserError for a batch of several sequences.
void ShowMedia(Workload& work, MediaInput media, const std::vector<int64_t>& media_ids);

// The same in all of `works` with the media that `section` names, if any, read from their files.  `text` is
// what they were cut from: where it is a trace, there is no tokenizer, and the blank lines around media are
// left out.  Throws as ReadMedia and ShowMedia.
void ShowMediaOf(const WorkloadSection& section, const Checkpoint& checkpoint, const TokenText& text,
                 std::vector<Workload>& works);

}  // namespace plelab
