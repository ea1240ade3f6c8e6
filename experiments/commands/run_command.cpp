// `plelab run`: one config, or the one that a result recorded, and one result file; and `run-child`, which
// measures a part of it.

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "experiments/commands/command_options.h"
#include "experiments/commands/commands.h"
#include "experiments/commands/pilot_run.h"
#include "experiments/questions/experiment.h"
#include "harness/results/design_text.h"
#include "harness/results/recorded_run.h"
#include "harness/run/child.h"
#include "harness/run/run_checks.h"
#include "harness/run/run_output.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/shell_word.h"
#include "model/base/error.h"

namespace plelab {
namespace {

struct RunFlags {
  std::string config;
  std::vector<std::string> set;
  bool dry_run = false, pilot = false;
  RunOptions options;
};

std::string CommandOf(const RunFlags& flags) {
  std::string command = CommandLine("run", flags.config, flags.set);
  if (flags.options.allow_debug) command += " --allow-debug";
  return command;
}

void PrintEnd(const RunResult& result) {
  std::cout << Format("\n{}\n", Printable(result.path));
  std::cout << Format("next: .venv/bin/python scripts/plot.py {0} · .venv/bin/python scripts/report.py {0}\n",
                      ShellWord(result.path));
}

// The config in a YAML file, or the one that a result recorded, whose inputs must be as they were.
ExperimentConfig ReadConfig(const RunFlags& flags) {
  if (!IsHdf5(flags.config)) return ReadExperimentConfig(flags.config, flags.set);
  RecordedRun recorded = ReadRecordedRun(flags.config, flags.set);
  RequireRecordedInputs(recorded);
  if (!recorded.defaults.empty()) {
    std::cerr << ErrorLine(Format("note: {} does not say, and the default is taken: {}", flags.config,
                                  Join(recorded.defaults, ", ")))
              << "\n";
  }
  return std::move(recorded.config);
}

void DryRun(const RunFlags& flags, const ExperimentConfig& config, const Experiment& experiment) {
  if (!flags.options.out.empty() && !flags.options.resume) RequireFree(flags.options.out, flags.options);
  std::cout << PrintableLines(experiment.estimate(config)) << std::flush;
  if (!RunsWorkload(config)) return;
  const std::optional<EarlierRun> earlier =
      flags.pilot ? RunPilot(experiment, config, flags.options.allow_debug) : LastRunOf(config.name);
  std::cout << PrintableLines(DesignText(ResolvePlan(config), earlier));
}

void RunExperiment(RunFlags& flags) {
  if (flags.pilot && !flags.dry_run) throw UserError("--pilot: it belongs to --dry-run; give both");
  const ExperimentConfig config = ReadConfig(flags);
  const Experiment experiment = FindExperiment(config.experiment);
  if (flags.dry_run) return DryRun(flags, config, experiment);
  flags.options.config_path = flags.config;
  flags.options.command = CommandOf(flags);
  const InterruptGuard guard;
  const RunResult result = experiment.run(config, flags.options);
  std::cout << "\n" << PrintableLines(experiment.summary(config, result));
  PrintEnd(result);
  if (result.any_failed) throw RunError("a variant failed; the others are in {}", result.path);
}

void RunAsChild(const ChildTask& task, bool allow_debug) {
  CheckBuild(allow_debug);
  try {
    MeasureAsChild(task);
  } catch (const PartNotWritten& error) {
    std::cerr << ErrorLine(error.what()) << "\n";
    std::exit(kPartNotWritten);
  }
}

void AddRunChildCommand(CLI::App& app) {
  auto* command = app.add_subcommand("run-child", "Measures in a process of its own for `run`")->group("");
  auto task = std::make_shared<ChildTask>();
  auto allow_debug = std::make_shared<bool>(false);
  command->add_option("--config", task->config_path)->required();
  command->add_option("--phase", task->phase)->required()->check(CLI::IsMember({"time", "memory", "turns"}));
  command->add_option("--variant", task->variant);
  command->add_option("--rep", task->rep);
  command->add_option("--group", task->group);
  command->add_option("--process", task->block.process);
  command->add_option("--first", task->block.first);
  command->add_option("--end", task->block.end);
  command->add_option("--part", task->part_path)->required();
  command->add_flag("--allow-debug", *allow_debug);
  command->callback([task, allow_debug] { RunAsChild(*task, *allow_debug); });
}

}  // namespace

void AddRunCommand(CLI::App& app) {
  auto* command =
      app.add_subcommand("run", "Runs the experiment that a config describes; writes one result file");
  auto flags = std::make_shared<RunFlags>();
  command
      ->add_option("config", flags->config,
                   "The experiment's YAML file; or a result F.h5, whose recorded config runs again on the "
                   "same inputs")
      ->required();
  command->add_option("--set", flags->set, "Overrides one key of the config: design.reps=5")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--out", flags->options.out, "Result file; default results/<config>_<UTC>.h5")
      ->type_name("F.h5");
  command->add_flag("--force", flags->options.force,
                    "Replace an existing result and discard unfinished parts");
  command->add_flag("--resume", flags->options.resume, "Continue a stopped run");
  command->add_flag(
      "--dry-run", flags->dry_run,
      "Check as the run would, list variants, minutes, sizes, the order and the groups, and the "
      "smallest difference that the run would find; run nothing");
  command->add_flag("--pilot", flags->pilot,
                    "With --dry-run: tell the smallest difference from a short run (5 repetitions of at most "
                    "64 steps) in a temporary file, and not from an earlier result of this config");
  command
      ->add_option("--timeline", flags->options.timeline,
                   "Also write phases and steps as a Chrome trace; all repetitions are then measured in one "
                   "process")
      ->type_name("F.json");
  command->add_flag("--allow-debug", flags->options.allow_debug,
                    "Let a debug or sanitized build run; its result is marked as not a measurement");
  command->callback([flags] { RunExperiment(*flags); });
  AddRunChildCommand(app);
}

}  // namespace plelab
