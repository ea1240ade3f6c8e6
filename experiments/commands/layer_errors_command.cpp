// `plelab layer-errors`: what quantised weights change in each layer's output.
#include <ATen/Parallel.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "experiments/commands/command_options.h"
#include "experiments/commands/commands.h"
#include "harness/record/hdf5_file.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/progress.h"
#include "model/base/error.h"
#include "model/base/format.h"
#include "model/catalog/load_weights.h"
#include "model/checkpoint/checkpoint.h"
#include "model/ple/replay/token_ids.h"
#include "model/ple/strategies/factory.h"
#include "model/quantisation/layer_errors.h"
#include "model/text/layer_list.h"

namespace plelab {
namespace {

struct LayerErrorsOptions {
  std::string checkpoint, other, tokens, out, dtype = "bfloat16";
  int64_t most_tokens = 128, threads = 0;
  bool force = false;
};

// A checkpoint with its text stack in memory.
struct Loaded {
  Checkpoint checkpoint;
  TextWeights weights;
  LayerList layers;

  TextModel model() const {
    return {checkpoint.config().text, weights, layers, checkpoint.config().pad_token_id};
  }
};

Loaded LoadWithProgress(Checkpoint checkpoint, const std::string& dtype) {
  LoadOptions options;
  options.dtype = ParseDType(dtype);
  options.progress = ProgressOf("loading " + checkpoint.directory());
  TextWeights weights = LoadTextWeights(checkpoint, options);
  LayerList layers = DefaultLayers(checkpoint.config().text);
  return {std::move(checkpoint), std::move(weights), std::move(layers)};
}

void CheckSameShape(const Checkpoint& exact, const Checkpoint& other) {
  if (exact.config().text == other.config().text) return;
  throw UserError("{}: not of the shape of {}; expected a folder that `plelab pack` made of it",
                  other.directory(), exact.directory());
}

std::vector<int64_t> IdsOf(const LayerErrorsOptions& options, const Checkpoint& checkpoint) {
  std::vector<int64_t> ids = ReadTokenIds(options.tokens, checkpoint.config().text.vocab_size);
  if (ids.empty()) throw UserError("{}: no ids; expected at least one", options.tokens);
  ids.resize(std::min<size_t>(ids.size(), static_cast<size_t>(options.most_tokens)));
  return ids;
}

std::string PartName(const std::vector<LayerError>& errors, size_t i) {
  return i + 1 == errors.size() ? "logits" : Format("{}", i);
}

std::string AsText(const std::vector<LayerError>& errors, const LayerList& layers) {
  std::string text = Format("{:<7} {:<8} {:>9} {:>12}\n", "layer", "type", "own", "accumulated");
  for (size_t i = 0; i < errors.size(); ++i) {
    const bool is_layer = i < layers.size();
    const std::string type = !is_layer ? "" : layers[i].type == LayerType::kSliding ? "sliding" : "full";
    text += Format("{:<7} {:<8} {:>8.3f} % {:>10.3f} %\n", PartName(errors, i), type, 100 * errors[i].own,
                   100 * errors[i].accumulated);
  }
  return text;
}

void Save(const LayerErrorsOptions& options, const std::vector<LayerError>& errors, const Checkpoint& exact,
          const Checkpoint& other, size_t tokens) {
  std::vector<std::string> parts;
  std::vector<double> own, accumulated;
  for (size_t i = 0; i < errors.size(); ++i) {
    parts.push_back(PartName(errors, i));
    own.push_back(errors[i].own);
    accumulated.push_back(errors[i].accumulated);
  }
  Hdf5Writer file;
  file.WriteAttribute("/", "weights", exact.weights_label());
  file.WriteAttribute("/", "checkpoint_sha256", exact.fingerprint());
  file.WriteAttribute("/", "other_sha256", other.fingerprint());
  file.WriteAttribute("/", "dtype", options.dtype);
  file.WriteAttribute("/", "tokens", static_cast<int64_t>(tokens));
  file.WriteTable("/layers", {{{"layer", "", parts}, {"own", "", own}, {"accumulated", "", accumulated}}});
  file.Save(options.out);
}

void RunLayerErrors(const LayerErrorsOptions& options) {
  const InterruptGuard guard;
  if (!options.out.empty()) CheckNewFile(options.out, options.force);
  Checkpoint first = Checkpoint::Open(options.checkpoint), second = Checkpoint::Open(options.other);
  CheckSameShape(first, second);
  const std::vector<int64_t> ids = IdsOf(options, first);
  if (options.threads > 0) at::set_num_threads(static_cast<int>(options.threads));
  const Loaded exact = LoadWithProgress(std::move(first), options.dtype),
               other = LoadWithProgress(std::move(second), options.dtype);
  const PleTable table = exact.checkpoint.ple_table();
  const auto source = MakePleSource(ParsePleSpec("disk"), table);
  const auto request = source->Begin(ids);
  const PleRows rows =
      PleRows::FromRequest(*request, table.geometry.dtype, 1, table.geometry.dim, torch::kCPU);
  Progress bar("layers", std::ssize(exact.layers));
  const std::vector<LayerError> errors =
      CompareLayers(exact.model(), other.model(), torch::tensor(ids, torch::kInt64).unsqueeze(0), rows,
                    [&](int64_t done) { bar.Update(done); });
  bar.Finish();
  std::cout << Format("{} beside {}; weights: {}; {} tokens, computed in {}\n\n", Printable(options.other),
                      Printable(options.checkpoint), exact.checkpoint.weights_label(), ids.size(),
                      options.dtype)
            << AsText(errors, exact.layers);
  if (!options.out.empty()) Save(options, errors, exact.checkpoint, other.checkpoint, ids.size());
}

}  // namespace

void AddLayerErrorsCommand(CLI::App& app) {
  auto options = std::make_shared<LayerErrorsOptions>();
  CLI::App* command = app.add_subcommand(
      "layer-errors", "Compare each layer's output of quantised weights with that of the original ones");
  command->add_option("CKPT", options->checkpoint, "checkpoint directory")->required();
  command->add_option("OTHER", options->other, "a folder that `plelab pack --weights-dtype` made of it")
      ->required();
  command->add_option("--tokens", options->tokens, "JSON: a flat array of token ids")->required();
  command->add_option("--most", options->most_tokens, "read so many of them, from the first on")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  command->add_option("--dtype", options->dtype, "in which both compute")
      ->check(CLI::IsMember({"float32", "bfloat16"}))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "0: every core")->check(CLI::Range(0, 4096));
  command->add_option("--out", options->out,
                      "HDF5 file: /layers, a row for each layer and one for the logits");
  command->add_flag("--force", options->force, "replace --out if it exists");
  command->callback([options] { RunLayerErrors(*options); });
}

}  // namespace plelab
