#include "harness/workload/loaded_model.h"

#include <ATen/Parallel.h>

#include "harness/machine/cores.h"
#include "harness/support/progress.h"
#include "harness/support/timer.h"

namespace plelab {

LoadedModel LoadModel(const ModelSection& section, std::shared_ptr<const Checkpoint> checkpoint) {
  const Timer timer;
  LoadOptions options;
  options.dtype = section.dtype;
  options.device = torch::Device(section.device);
  options.progress = ProgressOf("loading " + section.checkpoint);
  Gemma3n model = Gemma3n::Load(checkpoint, options);
  model.UseCacheDType(CacheDType(section));
  return {std::move(checkpoint), std::move(model), timer.ns()};
}

PleTable TableWithProgress(const PleOptions& options, const Checkpoint& checkpoint) {
  return TableFor(options, checkpoint,
                  ProgressOfBytes("finished inputs, " + FoldedPath(options, checkpoint)));
}

void UseThreads(int64_t threads) {
  UnpinComputeThreads();
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
}

void UseThreads(const ModelSection& section) {
  const int64_t threads = section.threads > 0 ? section.threads : std::ssize(AllowedCores());
  if (!section.pin) return UseThreads(threads);
  at::set_num_threads(static_cast<int>(threads));
  PinComputeThreads(threads);
}

void ModelShelf::Clear() {
  held_.reset();
  UnpinComputeThreads();
}

LoadedModel& ModelShelf::Get(const ModelSection& section,
                             const std::shared_ptr<const Checkpoint>& checkpoint) {
  const bool same = held_ && checkpoint == held_->checkpoint && section.dtype == section_.dtype &&
                    section.device == section_.device;
  UseThreads(section);
  if (!same) {
    held_.reset();  // before the next one is loaded
    held_ = LoadModel(section, checkpoint);
  }
  section_ = section;
  held_->model.UseCacheDType(CacheDType(section));  // another group's may be held
  const LayerList own = DefaultLayers(held_->checkpoint->config().text);
  if (held_->model.layers() != own) held_->model.UseLayers(own);
  return *held_;
}

}  // namespace plelab
