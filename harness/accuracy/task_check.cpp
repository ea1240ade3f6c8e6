#include "harness/accuracy/task_check.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "harness/support/message.h"
#include "harness/support/progress.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// The last id of a choice is scored and never fed; bos comes before the first.
void CheckLength(const ChoiceDocument& document, const RunPlan& plan, const Tokenizer& tokenizer) {
  const int64_t context = plan.config.accuracy.context;
  for (int64_t choice = 0; choice < std::ssize(document.choices); ++choice) {
    const auto ids = std::ssize(EncodeChoice(document, choice, tokenizer, plan.model_config).ids);
    if (ids <= context) continue;
    throw UserError("{}: {} tokens with choice {}{}, but 'accuracy.context' has room for {}; raise it",
                    document.origin, ids, choice, document.HasMedia() ? " and its media" : "", context);
  }
}

void NoteBos(const ChoiceTask& task, const Tokenizer& tokenizer) {
  const int64_t with_bos = DocumentsWithBos(task, tokenizer);
  if (with_bos == 0) return;
  std::fputs(Format("note: {} of {} contexts of {} begin with <bos>; it is left out, because every document "
                    "gets one\n",
                    with_bos, task.documents.size(), Printable(task.name))
                 .c_str(),
             stderr);
}

}  // namespace

void CheckMedia(const ChoiceTask& task, const Gemma3nConfig& config, const std::string& processor_folder) {
  if (std::ranges::none_of(task.documents, &ChoiceDocument::HasMedia)) return;
  std::set<std::string> images;
  std::set<std::pair<std::string, bool>> clips;  // path, truncate: a long clip is refused unless it is cut
  Progress bar("media of " + task.name, std::ssize(task.documents));
  int64_t done = 0;
  for (const ChoiceDocument& document : task.documents) {
    bar.Update(++done);
    try {
      for (const std::string& image : document.media.images) {
        if (images.insert(image).second)
          ReadMediaFiles({.images = {image}, .audio = {}}, config, processor_folder);
      }
      for (const std::string& clip : document.media.audio) {
        const MediaFiles one = {.images = {}, .audio = {clip}, .truncate = document.media.truncate};
        if (clips.emplace(clip, one.truncate).second) ReadMediaFiles(one, config, processor_folder);
      }
    } catch (const UserError& error) {
      throw UserError("{}: {}", document.origin, error.what());
    }
  }
  bar.Finish();
}

std::vector<ChoiceTask> ReadTasks(const ExperimentConfig& config) {
  std::vector<ChoiceTask> tasks;
  if (!config.accuracy.enabled) return tasks;
  for (const std::string& path : config.accuracy.tasks) tasks.push_back(ReadChoiceTask(path));
  return tasks;
}

void CheckTasks(const RunPlan& plan) {
  const std::vector<ChoiceTask> tasks = ReadTasks(plan.config);
  if (tasks.empty()) return;
  const bool special = plan.config.accuracy.special_tokens;
  const Tokenizer tokenizer(plan.checkpoint->tokenizer_path(), plan.model_config,
                            special ? SpecialText::kTokens : SpecialText::kText);
  for (const ChoiceTask& task : tasks) {
    NoteBos(task, tokenizer);
    for (const ChoiceDocument& document : task.documents) CheckLength(document, plan, tokenizer);
    CheckMedia(task, plan.model_config, plan.checkpoint->directory());
  }
}

}  // namespace plelab
