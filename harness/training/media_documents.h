// Documents that show images or audio, in batches for the towers to learn from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/accuracy/choice_task.h"
#include "model/training/media_trainee.h"

namespace plelab {

class MediaDocuments {
 public:
  // `path` is JSONL as ReadChoiceTask reads it.  `companions` are files of the shape, among them
  // the vocabulary and preprocessor_config.json.  Decodes every file once, so that none fails in the
  // middle of a training.  Throws UserError for a missing companion, and for a document that shows nothing,
  // something that the config has no tower for, or a file that cannot be decoded, naming its line.
  MediaDocuments(const std::string& path, const Gemma3nConfig& config,
                 const std::vector<std::string>& companions);

  int64_t size() const { return std::ssize(documents_); }
  // Each input is bos, what the document shows, its context and the right choice, whose tokens alone are
  // targets.  Returns one batch for each kind of document (images, audio, both).  Decodes the files.  Throws
  // UserError naming one that cannot be read.
  std::vector<MediaBatch> Batches(const std::vector<int64_t>& documents) const;

 private:
  MediaBatch MakeBatch(const std::vector<int64_t>& documents) const;

  const Gemma3nConfig& config_;
  std::string processor_folder_;
  std::vector<ChoiceDocument> documents_;
  std::vector<ChoiceIds> ids_;  // of the right choice
};

// Which documents step `step` learns from.  Each epoch takes all of them in an order of its own.
std::vector<int64_t> DocumentsOfStep(int64_t step, int64_t batch, int64_t documents, uint64_t seed);

}  // namespace plelab
