#include "harness/training/media_documents.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "harness/accuracy/task_check.h"
#include "harness/training/packing.h"
#include "harness/workload/synthesise.h"
#include "model/base/error.h"
#include "model/media/media_input.h"
#include "model/training/head_loss.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

std::string Companion(const std::vector<std::string>& companions, const std::string& name) {
  for (const std::string& path : companions) {
    if (fs::path(path).filename() == name) return path;
  }
  throw UserError("media training needs {} beside the shape's JSON file, or in a folder of its name", name);
}

std::string VocabularyAmong(const std::vector<std::string>& companions) {
  const std::string path = TokenizerAmong(companions);
  return path.empty() ? Companion(companions, "tokenizer.model or tokenizer.json") : path;
}

}  // namespace

MediaDocuments::MediaDocuments(const std::string& path, const Gemma3nConfig& config,
                               const std::vector<std::string>& companions)
    : config_(config),
      processor_folder_(fs::path(Companion(companions, "preprocessor_config.json")).parent_path().string()),
      documents_(ReadChoiceTask(path).documents) {
  CheckMedia({path, documents_}, config, processor_folder_);
  const Tokenizer tokenizer(VocabularyAmong(companions), config);
  for (const ChoiceDocument& document : documents_) {
    if (!document.HasMedia()) {
      throw UserError("{}: expected 'images' or 'audio': towers learn from what a document shows",
                      document.origin);
    }
    ids_.push_back(EncodeChoice(document, document.gold, tokenizer, config));
  }
}

std::vector<MediaBatch> MediaDocuments::Batches(const std::vector<int64_t>& documents) const {
  std::map<std::pair<bool, bool>, std::vector<int64_t>> kinds;
  for (const int64_t d : documents) {
    const MediaFiles& media = documents_[d].media;
    kinds[{media.images.empty(), media.audio.empty()}].push_back(d);
  }
  std::vector<MediaBatch> batches;
  for (const auto& [kind, some] : kinds) batches.push_back(MakeBatch(some));
  return batches;
}

MediaBatch MediaDocuments::MakeBatch(const std::vector<int64_t>& documents) const {
  int64_t longest = 0;
  for (const int64_t d : documents) longest = std::max<int64_t>(longest, std::ssize(ids_[d].ids));
  const auto count = std::ssize(documents);
  MediaBatch batch{torch::full({count, longest}, config_.pad_token_id, torch::kInt64),
                   torch::full({count, longest}, kNotScored, torch::kInt64)};
  auto inputs = batch.inputs.accessor<int64_t, 2>(), targets = batch.targets.accessor<int64_t, 2>();
  MediaFiles files;
  for (int64_t row = 0; row < count; ++row) {
    const auto& [ids, split] = ids_[documents[row]];
    for (int64_t i = 0; i < std::ssize(ids); ++i) {
      inputs[row][i] = i == 0 ? config_.bos_token_id : ids[i - 1];
      if (i >= split) targets[row][i] = ids[i];
    }
    const MediaFiles& shown = documents_[documents[row]].media;
    files.images.insert(files.images.end(), shown.images.begin(), shown.images.end());
    files.audio.insert(files.audio.end(), shown.audio.begin(), shown.audio.end());
  }
  batch.media = ReadMediaFiles(files, config_, processor_folder_);
  return batch;
}

std::vector<int64_t> DocumentsOfStep(int64_t step, int64_t batch, int64_t documents, uint64_t seed) {
  std::vector<int64_t> chosen, order;
  for (int64_t i = step * batch; i < (step + 1) * batch; ++i) {
    // An odd multiplier gives each epoch an order of its own, whatever the seed.
    const auto epoch = static_cast<uint64_t>(i / documents);
    if (order.empty() || i % documents == 0) order = Shuffled(documents, seed + epoch * 0x9e3779b97f4a7c15);
    chosen.push_back(order[i % documents]);
  }
  return chosen;
}

}  // namespace plelab
