#include "experiments/questions/locality_stream.h"

#include <filesystem>

#include "experiments/questions/experiment.h"
#include "harness/workload/synthesise.h"
#include "model/base/error.h"
#include "model/checkpoint/checkpoint.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

std::string PlaceOf(const ExperimentConfig& config, const std::string& key) {
  const auto found = config.places.find(key);
  return found == config.places.end() ? config.name : found->second;
}

std::string TokenizerOf(const ExperimentConfig& config) {
  const std::string& shape = config.locality.shape;
  if (fs::is_directory(shape)) return TokenizerFile(shape);
  const std::string tokenizer = TokenizerOfShape(shape);
  if (!tokenizer.empty() || config.locality.text_file.empty()) return tokenizer;
  throw UserError(
      "{}: 'text_file' in 'locality' needs a tokenizer, and none ships with the shape '{}'; give a 'trace' "
      "of ids, or name a checkpoint as the 'shape'",
      PlaceOf(config, "locality.text_file"), shape);
}

Vocabulary VocabularyOf(const ExperimentConfig& config) {
  CheckFilesExist(config);
  const std::string& shape = config.locality.shape;
  return {ConfigOfShape(shape), TokenizerOf(config), shape};
}

LocalityStream ReadOne(const ExperimentConfig& config, const TextSource& source,
                       const Vocabulary& vocabulary) {
  const TextConfig& text = vocabulary.config.text;
  LocalityStream stream{.text = ReadTokenText(source, vocabulary),
                        .geometry = {.vocab = text.vocab_size_per_layer_input,
                                     .layers = text.num_hidden_layers,
                                     .dim = text.hidden_size_per_layer_input},
                        .rows = {}};
  stream.rows = PleRowsOfIds(stream.text.ids, stream.geometry.vocab);
  const int64_t all = std::ssize(stream.rows);
  const int64_t learned = config.locality.learn_tokens > 0 ? config.locality.learn_tokens : all / 2;
  if (learned < 1 || learned >= all) {
    throw UserError("{}: 'learn_tokens' in 'locality' is {}, and {} has {} tokens; leave some to measure",
                    PlaceOf(config, "locality.learn_tokens"), learned, stream.text.path, all);
  }
  stream.learned = static_cast<size_t>(learned);
  return stream;
}

}  // namespace

std::string LocalityStream::name() const { return fs::path(text.path).stem().string(); }

LocalityStream ReadLocalityStream(const ExperimentConfig& config) {
  return ReadOne(config, TextOf(config.locality), VocabularyOf(config));
}

std::vector<LocalityStream> ReadDomains(const ExperimentConfig& config) {
  const Vocabulary vocabulary = VocabularyOf(config);
  std::vector<LocalityStream> domains;
  for (const std::string& trace : config.locality.traces) {
    domains.push_back(ReadOne(config, {.trace = trace}, vocabulary));
  }
  return domains;
}

}  // namespace plelab
