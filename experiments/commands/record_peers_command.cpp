// `plelab record-peers`, hidden: makes a result of the times that a script of scripts/peers took of this
// project and of a peer in turns, so that the schema and the statistics are those of every other result.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/commands/commands.h"
#include "harness/comparison/comparison.h"
#include "harness/comparison/control.h"
#include "harness/record/record_check.h"
#include "harness/record/repetition_flags.h"
#include "harness/run/run_identity.h"
#include "harness/run/run_output.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"

namespace plelab {
namespace {

constexpr int64_t kMostNs = std::numeric_limits<int64_t>::max();

struct PeersFlags {
  std::string times;
  RunOptions options;
};

std::vector<int64_t> OnePerRound(const JsonObject& side, const std::string& key, size_t rounds) {
  std::vector<int64_t> values = side.Integers(key, 0, kMostNs);
  if (values.size() != rounds) {
    throw UserError("{}: '{}': expected one number for each of {} rounds, found {}", side.origin(),
                    side.Path(key), rounds, values.size());
  }
  return values;
}

// What the machine was like around each round of a side, where the script looked: columns of `reps` by name.
struct Surroundings {
  std::vector<double> bandwidth_before, bandwidth_after, cpu_pressure_us;
  std::vector<int64_t> steal_ns, wall_ns;
};

Surroundings SurroundingsOf(const JsonObject& side, size_t rounds) {
  const auto numbers = [&](const std::string& key) {
    std::vector<double> values = side.Numbers(key);
    if (values.size() != rounds) {
      throw UserError("{}: '{}': expected one number for each of {} rounds, found {}", side.origin(),
                      side.Path(key), rounds, values.size());
    }
    return values;
  };
  return {.bandwidth_before = numbers("bandwidth_before"),
          .bandwidth_after = numbers("bandwidth_after"),
          // Not every kernel says it.
          .cpu_pressure_us = side.Has("cpu_pressure_us") ? numbers("cpu_pressure_us")
                                                         : std::vector<double>(rounds, kNotMeasured),
          .steal_ns = OnePerRound(side, "steal_ns", rounds),
          .wall_ns = OnePerRound(side, "wall_ns", rounds)};
}

void AddSurroundings(const Surroundings& around, size_t round, RepRow& rep) {
  rep.bandwidth_before = around.bandwidth_before[round];
  rep.bandwidth_after = around.bandwidth_after[round];
  rep.cpu_pressure_us = around.cpu_pressure_us[round];
  rep.steal_ns = around.steal_ns[round];
  rep.wall_ns = around.wall_ns[round];
}

// The bytes that each step must read, where the side says so.
std::vector<int64_t> StepBytesOf(const JsonObject& side, size_t rounds) {
  return side.Has("step_bytes") ? OnePerRound(side, "step_bytes", rounds) : std::vector<int64_t>(rounds);
}

// The rounds of one side: a repetition each.  Its steps have no predecessor, because sides take turns by the
// round.
void AddSide(const std::string& name, const JsonObject& side, const std::string& baseline, Record& record) {
  VariantRow variant;
  variant.variant = name;
  variant.strategy = side.String("strategy");
  variant.options_json = "{}";
  variant.baseline = baseline;
  record.variants.push_back(variant);
  const JsonObject steps = side.Object("step_ns");
  const size_t rounds = steps.Keys().size();
  const std::vector<int64_t> prefill = OnePerRound(side, "prefill_ns", rounds),
                             order = OnePerRound(side, "order", rounds),
                             started = OnePerRound(side, "started_unix_ns", rounds),
                             step_bytes = StepBytesOf(side, rounds);
  std::optional<Surroundings> around;
  if (side.Has("bandwidth_before")) around = SurroundingsOf(side, rounds);
  for (size_t round = 0; round < rounds; ++round) {
    RepRow rep;
    rep.variant = name;
    rep.rep = static_cast<int64_t>(round);
    rep.order = order[round];
    rep.started_unix_ns = started[round];
    rep.ttft_ns = rep.prefill_ns = prefill[round];
    if (around) AddSurroundings(*around, round, rep);
    for (const int64_t ns : steps.Integers(std::to_string(round), 1, kMostNs)) {
      StepRow step;
      step.variant = name;
      step.rep = rep.rep;
      step.step = rep.valid_steps++;
      step.step_ns = ns;
      step.step_bytes = step_bytes[round];
      record.steps.push_back(step);
    }
    record.reps.push_back(rep);
  }
}

// The script knows better than this process what both sides ran with.
void Overwrite(Meta& meta, const JsonObject& with) {
  for (const std::string& key : with.Keys()) {
    std::erase_if(meta, [&](const auto& entry) { return entry.first == key; });
    meta.emplace_back(key, with.String(key));
  }
}

Record RecordOf(const JsonObject& times, const RunOptions& options) {
  const ExperimentConfig config =
      ParseExperimentConfig(times.String("config_yaml"), times.Path("config_yaml"));
  const std::string baseline = times.String("baseline");
  const JsonObject sides = times.Object("sides");
  Record record;
  AddSide(baseline, sides.Object(baseline), baseline, record);
  for (const std::string& name : sides.Keys()) {
    if (name != baseline) AddSide(name, sides.Object(name), baseline, record);
  }
  record.meta = DescribeExperiment(config, options, ".");
  Overwrite(record.meta, times.Object("meta"));
  FlagRepetitions(record);
  record.comparisons = CompareVariants(record, config.design);
  record.meta.emplace_back("control", ControlOutcome(record.comparisons));
  const std::vector<std::string> problems = CheckRecord(record);
  if (!problems.empty()) throw UserError("{}: {}", times.origin(), problems.front());
  return record;
}

std::string ReadTimes(const std::string& path) {
  RefuseSpecialInput(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UserError("{}: cannot be read; expected the times of scripts/peers", path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void RecordPeers(const PeersFlags& flags) {
  RequireFree(flags.options.out, flags.options);
  const JsonObject times = JsonObject::Parse(ReadTimes(flags.times), flags.times);
  WriteNewRecord(flags.options.out, RecordOf(times, flags.options), flags.options.force);
}

}  // namespace

void AddRecordPeersCommand(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("record-peers", "Makes a result of what scripts/peers measured")->group("");
  auto flags = std::make_shared<PeersFlags>();
  command->add_option("TIMES", flags->times, "JSON of scripts/peers/peer_result.py")->required();
  command->add_option("--out", flags->options.out, "the result: F.h5")->required();
  command->add_flag("--force", flags->options.force, "Replace an existing result");
  command->callback([flags] { RecordPeers(*flags); });
}

}  // namespace plelab
