// `plelab logits`: writes the model's logits for given ids to an HDF5 file.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "experiments/commands/command_options.h"
#include "experiments/commands/commands.h"
#include "harness/record/hdf5_file.h"
#include "harness/run/logits_room.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/progress.h"
#include "model/base/error.h"
#include "model/base/sha256.h"
#include "model/ple/replay/token_ids.h"
#include "model/ple/strategies/factory.h"

namespace plelab {
namespace {

struct LogitsOptions {
  ModelOptions model;
  MediaFiles media;
  std::string tokens;
  std::string out;
  bool step = false;
  bool force = false;
};

// How many bytes of logits one pass may hold; more tokens go through the KV cache in pieces.
constexpr int64_t kBytesPerPass = int64_t{256} << 20;

int64_t TokensPerPass(const LogitsOptions& options, const Gemma3nConfig& config) {
  if (options.step) return 1;
  return std::max<int64_t>(1, kBytesPerPass / (config.text.vocab_size * static_cast<int64_t>(sizeof(float))));
}

// Float32 [n, vocab] for the next n ids.  A single id with a cache takes the decode step.
torch::Tensor LogitsOf(OpenModel& open, std::span<const int64_t> ids, KvCache* kv, const SoftTokens& soft) {
  const auto request = open.ple->Begin(ids);
  if (kv && ids.size() == 1) return open.model.DecodeStep(ids, *kv, *request, soft);
  const auto tensor =
      torch::tensor(at::ArrayRef<int64_t>(ids.data(), ids.size()), torch::kInt64).unsqueeze(0);
  return open.model.Forward(tensor, kv, *request, LogitsWanted::kAll, soft).squeeze(0);
}

// The tokens, and the soft tokens of images and clips that replace their placeholders.
struct Tokens {
  std::vector<int64_t> ids;
  SoftTokens soft;
};

// Fills /logits pass by pass.
void WriteLogits(OpenModel& open, const Tokens& all, const LogitsWork& work, Hdf5Writer& file) {
  const auto tokens = static_cast<int64_t>(all.ids.size());
  const torch::Tensor prompt = torch::tensor(all.ids, torch::kInt64);
  std::optional<KvCache> kv;
  if (work.needs_cache()) kv = open.model.MakeKvCache(1, tokens, work.tokens_per_pass);
  file.MakeMatrix("/logits", tokens, open.model.config().text.vocab_size);
  Progress bar("logits", tokens);
  for (int64_t at = 0; at < tokens; at += work.tokens_per_pass) {
    const int64_t count = std::min(work.tokens_per_pass, tokens - at);
    const auto piece = std::span(all.ids).subspan(static_cast<size_t>(at), static_cast<size_t>(count));
    const SoftTokens soft = SoftTokensOf(all.soft, prompt, at, at + count, open.model.config().special);
    const torch::Tensor logits =
        LogitsOf(open, piece, kv ? &*kv : nullptr, soft).to(torch::kCPU).contiguous();
    file.WriteRows("/logits", at, {logits.const_data_ptr<float>(), static_cast<size_t>(logits.numel())});
    bar.Update(at + count);
  }
  bar.Finish();
}

// Requires one placeholder for each soft token, before any weight is read.
void CheckPlaceholders(const LogitsOptions& options, const std::vector<int64_t>& ids,
                       const Gemma3nConfig& config) {
  const SpecialTokens& special = config.special;
  const auto check = [&](int64_t files, int64_t each, int64_t placeholder, const char* option) {
    const int64_t found = std::count(ids.begin(), ids.end(), placeholder);
    if (files == 0 || found == files * each) return;
    throw UserError("{}: {} placeholders of id {} found, {} expected: {} for each {} FILE", options.tokens,
                    found, placeholder, files * each, each, option);
  };
  const MediaCount media = options.media.count();
  check(media.images, special.vision_soft_tokens_per_image, special.image, "--image");
  check(media.clips, special.audio_soft_tokens_per_image, special.audio, "--audio");
}

LogitsWork WorkOf(const LogitsOptions& options, int64_t tokens, const Checkpoint& checkpoint) {
  const PleOptions ple = ParsePleSpec(options.model.ple);
  const PleFootprint rows = FootprintOf(ple, TableThere(ple, checkpoint));
  return {.dtype = ParseDType(options.model.dtype),
          .kv_dtype = CacheDType(options.model),
          .tokens = tokens,
          .tokens_per_pass = TokensPerPass(options, checkpoint.config()),
          .row_bytes_held = rows.fast_bytes,
          .images = !options.media.images.empty(),
          .audio = !options.media.audio.empty()};
}

void RunLogits(const LogitsOptions& options) {
  const InterruptGuard guard;
  CheckNewFile(options.out, options.force);
  auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::Open(options.model.checkpoint));
  const Gemma3nConfig& config = checkpoint->config();
  const auto ids = ReadTokenIds(options.tokens, config.text.vocab_size);
  if (ids.empty()) throw UserError("{}: no ids; expected at least one", options.tokens);
  CheckPlaceholders(options, ids, config);
  const LogitsWork work = WorkOf(options, std::ssize(ids), *checkpoint);
  CheckLogitsRoom(config, work, options.out);
  const MediaInput media = ReadMedia(options.media, *checkpoint);
  PrintMediaNotes(options.media);
  OpenModel open = OpenModelFor(options.model, checkpoint);
  Hdf5Writer file;
  file.WriteAttribute("/", "weights", checkpoint->weights_label());
  file.WriteAttribute("/", "checkpoint_sha256", checkpoint->fingerprint());
  file.WriteAttribute("/", "config_sha256", Sha256OfFile(checkpoint->directory() + "/config.json"));
  file.WriteAttribute("/", "dtype", std::string(Name(open.model.dtype())));
  file.WriteAttribute("/", "kv_dtype", std::string(Name(open.model.cache_dtype())));
  file.WriteAttribute("/", "ple", DescribePle(open.ple_options));
  file.WriteAttribute("/", "pass", options.step ? "one token at a time" : "whole");
  WriteLogits(open, {ids, open.model.Encode(media)}, work, file);
  file.Save(options.out);
  std::cout << Format("{}: /logits, float32 [{}, {}]\n", Printable(options.out), ids.size(),
                      config.text.vocab_size);
}

}  // namespace

void AddLogitsCommand(CLI::App& app) {
  auto options = std::make_shared<LogitsOptions>();
  CLI::App* command = app.add_subcommand("logits", "Write the logits of given token ids to an HDF5 file");
  AddModelOptions(*command, options->model, "float32");
  command->add_option("--tokens", options->tokens, "JSON: a flat array of token ids")->required();
  AddMediaOptions(*command, options->media);
  command->add_option("--out", options->out, "HDF5 file: /logits float32 [tokens, vocab]")->required();
  command->add_flag("--step", options->step, "feed one token at a time through the KV cache");
  command->add_flag("--force", options->force, "replace --out if it exists");
  command->callback([options] { RunLogits(*options); });
}

}  // namespace plelab
