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

// The tokens of one repetition of the text, bos not among them.
struct Stretch {
  int64_t prompt, replayed, batch;
  int64_t tokens() const { return batch * (prompt + replayed); }
};

void RequireTokens(const TokenText& text, const WorkloadSection& section, const Stretch& stretch,
                   int64_t reps) {
  const int64_t needed = section.warm_tokens + reps * stretch.tokens();
  const int64_t have = std::ssize(text.ids);
  if (have >= needed) return;
  throw UserError(
      "{}: {} tokens found, {} needed ({} warm + {} repetitions of {} sequences of {} prompt and {} "
      "replayed, none of which reads what another reads); take a longer text, or lower "
      "workload.decode_tokens or design.reps",
      text.path, have, needed, section.warm_tokens, reps, stretch.batch, stretch.prompt, stretch.replayed);
}

}  // namespace

std::vector<Workload> CutWorkloads(const TokenText& text, const WorkloadSection& section,
                                   int64_t warmup_steps, int64_t bos, int64_t reps) {
  Workload work;
  work.batch = section.batch;
  work.prompt_tokens = section.prompt_tokens;
  work.warmup_steps = warmup_steps;
  work.decode_steps = section.decode_tokens;
  const Stretch stretch{section.prompt_tokens - 1, section.decode == Decode::kReplay ? work.steps() : 0,
                        section.batch};
  RequireTokens(text, section, stretch, reps);

  const auto begin = text.ids.begin();
  const int64_t end = section.warm_tokens + reps * stretch.tokens();
  std::vector<Workload> works(static_cast<size_t>(reps), work);
  auto next = begin + section.warm_tokens;
  for (Workload& rep : works) {
    rep.excerpt = next - begin;
    if (section.warm_tokens > 0) {
      rep.warm_ids.assign(next - section.warm_tokens, next);
    } else {
      rep.warm_ids.assign(begin + end, text.ids.end());
    }
    for (int64_t b = 0; b < section.batch; ++b) {
      rep.prompts.push_back({bos});
      rep.prompts.back().insert(rep.prompts.back().end(), next, next + stretch.prompt);
      next += stretch.prompt;
      if (stretch.replayed > 0) rep.replay.emplace_back(next, next + stretch.replayed);
      next += stretch.replayed;
    }
  }
  return works;
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
                 std::vector<Workload>& works) {
  const MediaFiles files{section.images, section.audio};
  if (files.count().images + files.count().clips == 0) return;
  const MediaInput media = ReadMedia(files, checkpoint);
  const std::vector<int64_t> ids = MediaIds(text, files, checkpoint.config());
  for (Workload& work : works) ShowMedia(work, media, ids);
}

}  // namespace plelab
