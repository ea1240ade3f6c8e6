// `plelab train`: one config, one trained model and its result file.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "experiments/commands/command_options.h"
#include "experiments/commands/commands.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/training/trainer.h"
#include "model/base/error.h"

namespace plelab {
namespace {

struct TrainFlags {
  std::string config;
  std::vector<std::string> set;
  TrainingOptions options;
};

double Metric(const Record& record, std::string_view task, std::string_view metric,
              double AccuracyRow::*value) {
  for (const AccuracyRow& row : record.accuracy) {
    if (row.task == task && row.metric == metric) return row.*value;
  }
  return kNotMeasured;
}

void PrintWhere(const TrainingResult& result) {
  std::cout << Format("weights: {}\nresult: {}\n", Printable(result.checkpoint), Printable(result.path));
}

void PrintMediaEnd(const TrainingConfig& config, const TrainingResult& result) {
  const auto meta = [&](const char* key) { return MetaValue(result.record.meta, key); };
  const std::vector<TrainingRow>& rows = result.record.training.at(0).rows;
  std::cout << Format("{}: {} parameters trained, {} examples in {} s\n", config.run_name(),
                      meta("parameters"), meta("trained_examples"), meta("training_seconds"));
  std::cout << Format("loss: {:.4f} nats per answer token at first, {:.4f} at last\n", rows.front().loss,
                      rows.back().loss);
  PrintWhere(result);
}

void PrintEnd(const TrainingConfig& config, const TrainingResult& result) {
  if (config.media.enabled()) return PrintMediaEnd(config, result);
  const auto meta = [&](const char* key) { return MetaValue(result.record.meta, key); };
  const std::string& task = config.evaluation.split;
  std::cout << Format("{}: {} parameters ({} in the PLE table), {} tokens in {} s\n", config.run_name(),
                      meta("parameters"), meta("parameters_ple_table"), meta("trained_tokens"),
                      meta("training_seconds"));
  std::cout << Format("{} of {} GFLOP/s (this machine's float32 product)\n", meta("training_gflops"),
                      meta("gemm_float32_gflops"));
  std::cout << Format("{}: {:.4f} nats per token, {:.4f} bits per byte [{:.4f}, {:.4f}]\n", task,
                      Metric(result.record, task, "nats_per_token", &AccuracyRow::value),
                      Metric(result.record, task, "bits_per_byte", &AccuracyRow::value),
                      Metric(result.record, task, "bits_per_byte", &AccuracyRow::low),
                      Metric(result.record, task, "bits_per_byte", &AccuracyRow::high));
  PrintWhere(result);
}

void RunTraining(TrainFlags& flags) {
  const TrainingConfig config = ReadTrainingConfig(flags.config, flags.set);
  flags.options.config_path = flags.config;
  flags.options.command = CommandLine("train", flags.config, flags.set);
  try {
    PrintEnd(config, Train(config, flags.options));
  } catch (const Interrupted&) {
    if (config.media.enabled())
      throw RunError("interrupted; training on media keeps no state: start it anew");
    throw RunError("interrupted; the state is in {}: go on with --resume", config.output.folder);
  }
}

}  // namespace

void AddTrainCommand(CLI::App& app) {
  auto* command =
      app.add_subcommand("train", "Trains the text model, or the towers, that a config describes");
  auto flags = std::make_shared<TrainFlags>();
  command->add_option("config", flags->config, "The run's YAML file, as in configs/training/")->required();
  command->add_option("--set", flags->set, "Overrides one key of the config: arm.seed=3")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--resume", flags->options.resume, "Continue a stopped run");
  command->add_flag("--force", flags->options.force, "Start anew; replace an existing result");
  command->callback([flags] { RunTraining(*flags); });
}

}  // namespace plelab
