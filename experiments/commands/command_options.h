// Options that several subcommands share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/gemma3n/gemma3n.h"
#include "model/media/media_input.h"
#include "model/ple/ple_source.h"
#include "model/ple/strategies/ple_options.h"

namespace CLI {
class App;
}

namespace plelab {

// "build/plelab run configs/x.yaml --set design.reps=2", with words quoted for a shell where necessary.
std::string CommandLine(const std::string& command, const std::string& config,
                        const std::vector<std::string>& set);

// The options that `generate` and `logits` share: a checkpoint, a dtype, where the PLE rows live, threads,
// and a device.
struct ModelOptions {
  std::string checkpoint;         // a directory as published
  std::string dtype;              // float32 or bfloat16
  std::string kv_dtype = "same";  // same as dtype, or int8
  std::string ple = "resident";
  int64_t threads = 0;         // 0: LibTorch's default, usually every core
  std::string device = "cpu";  // cpu or cuda
};

// Adds CKPT, --dtype, --kv-dtype, --ple, --threads and --device.  `options` must outlive the command line.
void AddModelOptions(CLI::App& command, ModelOptions& options, const std::string& default_dtype);

// The dtype of the KV cache.  Throws UserError where --dtype is not one to compute in.
DType CacheDType(const ModelOptions& options);

// A model that is ready to run, and the source of its PLE rows.
struct OpenModel {
  PleOptions ple_options;
  std::unique_ptr<PleSource> ple;
  Gemma3n model;
};

// Checks every option before it reads a weight, sets LibTorch's number of threads, and shows progress while
// loading.  Throws UserError for options that cannot be met.
OpenModel OpenModelFor(const ModelOptions& options, std::shared_ptr<const Checkpoint> checkpoint);

// For example "disk, backend=direct, prefetch=true": a strategy with every option that it uses.
std::string DescribePle(const PleOptions& options);

// Adds --image, --audio and --truncate, for both `generate` and `logits`.  `files` must outlive the command
// line.
void AddMediaOptions(CLI::App& command, MediaFiles& files);

// Of --out and --force: throws UserError unless a file can be written there, and none is there or `force`.
void CheckNewFile(const std::string& out, bool force);

// Says on standard error what a user should know of how the files are read (AudioNote).
void PrintMediaNotes(const MediaFiles& files);

}  // namespace plelab
