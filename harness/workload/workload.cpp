#include "harness/workload/workload.h"

#include <utility>

#include "model/base/error.h"
#include "model/tokens/media_prompt.h"

namespace plelab {
namespace {

// A trace has no tokenizer: its blank lines around media are left out.
std::vector<int64_t> MediaIds(const TokenText& text, const MediaFiles& files, const Gemma3nConfig& config) {
  if (text.tokenizer) {
    const std::string marks = PlaceMedia("", files.count(), /*trim=*/true);
    return EncodeWithMedia(*text.tokenizer, config, marks, files.count());
  }
  std::vector<int64_t> ids;
  const auto extend = [&](const std::vector<int64_t>& more) {
    ids.insert(ids.end(), more.begin(), more.end());
  };
  for (int64_t i = 0; i < files.count().images; ++i) extend(ImageIds(config));
  for (int64_t i = 0; i < files.count().clips; ++i) extend(ClipIds(config));
  return ids;
}

}  // namespace

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

void ShowMediaOf(const WorkloadSection& section, const Checkpoint& checkpoint, const TokenText& text,
                 Workload& work) {
  const MediaFiles files{section.images, section.audio};
  if (files.count().images + files.count().clips == 0) return;
  ShowMedia(work, ReadMedia(files, checkpoint), MediaIds(text, files, checkpoint.config()));
}

}  // namespace plelab
