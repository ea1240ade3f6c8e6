#include "experiments/commands/command_options.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <utility>

#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/output_place.h"
#include "harness/support/progress.h"
#include "harness/support/shell_word.h"
#include "harness/workload/loaded_model.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/media/audio_file.h"
#include "model/ple/strategies/factory.h"

namespace plelab {

std::string CommandLine(const std::string& command, const std::string& config,
                        const std::vector<std::string>& set) {
  std::string line = "build/plelab " + command + " " + ShellWord(config);
  for (const std::string& assignment : set) line += " --set " + ShellWord(assignment);
  return line;
}

namespace {

DType ComputeDType(const std::string& name) {
  const DType dtype = ParseDType(name);
  if (dtype != DType::kFloat32 && dtype != DType::kBFloat16) {
    throw UserError("--dtype {}: the model computes in float32 or bfloat16", name);
  }
  return dtype;
}

torch::Device ComputeDevice(const std::string& name) {
  if (name == "cpu") return torch::kCPU;
  if (name != "cuda") throw UserError("--device {}: unknown device; known: cpu, cuda", name);
  if (!at::hasCUDA()) throw UserError("--device cuda: this LibTorch finds no CUDA device; use --device cpu");
  return torch::kCUDA;
}

}  // namespace

void AddModelOptions(CLI::App& command, ModelOptions& options, const std::string& default_dtype) {
  options.dtype = default_dtype;
  command
      .add_option("CKPT", options.checkpoint,
                  "checkpoint directory: config.json, *.safetensors, tokenizer.model or tokenizer.json")
      ->required();
  command.add_option("--dtype", options.dtype, "float32 or bfloat16")->capture_default_str();
  command
      .add_option("--kv-dtype", options.kv_dtype, "keys and values of the cache: same (as --dtype) or int8")
      ->check(CLI::IsMember({"same", "int8"}))
      ->capture_default_str();
  command
      .add_option("--ple", options.ple, "where PLE rows live: NAME[,key=value…], e.g. disk,backend=direct")
      ->capture_default_str();
  command.add_option("--threads", options.threads, "threads to compute with; 0: every core")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  command.add_option("--device", options.device, "cpu or cuda")->capture_default_str();
}

void CheckNewFile(const std::string& out, bool force) {
  namespace fs = std::filesystem;
  RefuseSpecialOutput(out);
  if (!force && fs::exists(out)) {
    throw UserError("{}: exists; name another file with --out, or replace it with --force", out);
  }
  const fs::path folder = fs::absolute(out).parent_path();
  if (!fs::is_directory(folder)) throw UserError("{}: there is no folder {}", out, folder.string());
  RequireWritable(out);
}

DType CacheDType(const ModelOptions& options) {
  return CacheDType(options.kv_dtype, ComputeDType(options.dtype));
}

OpenModel OpenModelFor(const ModelOptions& options, std::shared_ptr<const Checkpoint> checkpoint) {
  LoadOptions load;
  load.dtype = ComputeDType(options.dtype);
  load.device = ComputeDevice(options.device);
  RequireCacheDType(CacheDType(options), load.device);
  PleOptions ple_options = ParsePleSpec(options.ple);
  if (options.threads > 0) at::set_num_threads(static_cast<int>(options.threads));
  const InterruptGuard guard;  // `folded` may write a table
  auto ple = MakePleSource(ple_options, TableWithProgress(ple_options, *checkpoint));
  OpenModel open{std::move(ple_options), std::move(ple), Gemma3n::Load(std::move(checkpoint), load)};
  ThrowIfInterrupted();
  open.model.UseCacheDType(CacheDType(options));
  return open;
}

std::string DescribePle(const PleOptions& options) {
  std::string text;
  for (const auto& [key, value] : DescribePleOptions(options)) {
    text += key == "strategy" ? value : ", " + key + "=" + value;
  }
  return text;
}

void PrintMediaNotes(const MediaFiles& files) {
  for (const std::string& path : files.audio) {
    const std::string note = AudioNote(path);
    if (!note.empty()) std::cerr << "note: " << Printable(note) << "\n";
  }
}

void AddMediaOptions(CLI::App& command, MediaFiles& files) {
  // One file per option, so that the argument after it is not taken for another file.
  command.add_option("--image", files.images, "PNG or JPEG file; repeat the option for more files")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--audio", files.audio, "WAV, FLAC or OGG file; repeat the option for more files")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag("--truncate", files.truncate, "cut audio that is longer than the model hears (30 s)");
}

}  // namespace plelab
