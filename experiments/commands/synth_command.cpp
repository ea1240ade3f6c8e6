// `plelab synth`: a random checkpoint of any shape, in the published layout.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "experiments/commands/commands.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/progress.h"
#include "harness/support/units.h"
#include "harness/workload/synthesise.h"
#include "model/base/byte_size.h"
#include "model/base/format.h"
#include "model/catalog/synth.h"
#include "model/checkpoint/config.h"

namespace plelab {
namespace {

struct SynthArguments {
  std::string shape, out, dtype = "bfloat16", max_shard = "5GB";
  uint64_t seed = 0;
  bool force = false;
};

void Synthesise(const SynthArguments& arguments) {
  const InterruptGuard guard;
  SynthOptions options;
  options.seed = arguments.seed;
  options.dtype = ParseDType(arguments.dtype);
  options.force = arguments.force;
  options.max_shard_bytes = ParseBytes(arguments.max_shard);
  options.companions = CompanionsOfShape(arguments.shape);
  options.progress = ProgressOfBytes("writing " + arguments.out);
  const int64_t bytes = WriteRandomCheckpoint(ShapeConfigJson(arguments.shape), arguments.out, options);
  std::cout << Format("{}: {} of random {} weights, shape {}, seed {}\n", Printable(arguments.out),
                      ReadableBytes(bytes), arguments.dtype, Printable(arguments.shape), arguments.seed);
}

}  // namespace

void AddSynthCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("synth", "Write a random checkpoint in the published layout");
  auto arguments = std::make_shared<SynthArguments>();
  command->add_option("--shape", arguments->shape, "e2b, e4b, small, or a config.json")->required();
  command->add_option("--out", arguments->out, "the checkpoint's directory")->required();
  command->add_option("--seed", arguments->seed, "weights are a function of seed, name and index")
      ->capture_default_str();
  command->add_option("--dtype", arguments->dtype, "bfloat16, float32 or float16")->capture_default_str();
  command->add_option("--max-shard", arguments->max_shard, "largest file, such as 5GB")
      ->capture_default_str();
  command->add_flag("--force", arguments->force, "replace a checkpoint that is there");
  command->callback([arguments] { Synthesise(*arguments); });
}

}  // namespace plelab
