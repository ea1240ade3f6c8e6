#include "harness/workload/workload.h"

#include <utility>

#include "model/base/error.h"

namespace plelab {

Workload CutWorkload(const TokenText& text, const WorkloadSection& section, int64_t warmup_steps,
                     int64_t bos) {
  Workload work;
  work.batch = section.batch;
  work.prompt_tokens = section.prompt_tokens;
  work.warmup_steps = warmup_steps;
  work.decode_steps = section.decode_tokens;

  const int64_t replayed = section.decode == Decode::kReplay ? work.steps() : 0;
  const int64_t stretch = section.prompt_tokens - 1 + replayed;  // bos is not part of the text
  const int64_t needed = section.warm_tokens + section.batch * stretch;
  const auto have = static_cast<int64_t>(text.ids.size());
  if (have < needed) {
    throw UserError(
        "{}: {} tokens found, {} needed ({} warm + {} sequences of {} prompt and {} replayed); take a longer "
        "text or lower workload.decode_tokens",
        text.path, have, needed, section.warm_tokens, section.batch, section.prompt_tokens - 1, replayed);
  }

  auto next = text.ids.begin() + section.warm_tokens;
  for (int64_t b = 0; b < section.batch; ++b) {
    work.prompts.push_back({bos});
    work.prompts.back().insert(work.prompts.back().end(), next, next + section.prompt_tokens - 1);
    next += section.prompt_tokens - 1;
    if (replayed > 0) work.replay.emplace_back(next, next + replayed);
    next += replayed;
  }
  if (section.warm_tokens > 0) {
    work.warm_ids.assign(text.ids.begin(), text.ids.begin() + section.warm_tokens);
  } else {
    work.warm_ids.assign(next, text.ids.end());
  }
  return work;
}

void ShowMedia(Workload& work, MediaInput media, const std::vector<int64_t>& media_ids) {
  if (work.batch != 1) {
    throw UserError("workload: images and audio need batch: 1, found {}", work.batch);
  }
  work.media = std::move(media);
  work.prompts[0].insert(work.prompts[0].begin() + 1, media_ids.begin(), media_ids.end());
  work.prompt_tokens += static_cast<int64_t>(media_ids.size());
}

}  // namespace plelab
