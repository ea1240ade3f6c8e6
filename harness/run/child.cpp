#include "harness/run/child.h"

#include <cstring>
#include <filesystem>
#include <iostream>

#include "harness/machine/memory_probe.h"
#include "harness/measure/repetition.h"
#include "harness/record/recorder.h"
#include "harness/run/memory_phase.h"
#include "harness/run/own_tables.h"
#include "harness/support/interrupt.h"
#include "harness/support/process.h"
#include "harness/support/progress.h"
#include "harness/support/timer.h"

namespace plelab {
namespace {

std::string ErrorOf(const ProcessResult& result) {
  // A child that exits with 1 or 2 has printed one line that explains why.
  const bool explained = result.exit_code == 1 || result.exit_code == 2;
  return explained && !result.last_lines.empty() ? result.last_lines.back() : result.Describe();
}

Record MeasureTime(const ExperimentConfig& config, int64_t v, int64_t rep, const std::string& parts_folder) {
  RunPlan plan = ResolvePlanOfVariant(config, v);
  UseOwnTables(plan, parts_folder);
  const VariantPlan& variant = plan.variants[0];
  const Workload& work = plan.WorkOf(0, rep);
  const int64_t threads = variant.config.model.threads;
  UseThreads(variant.config.model);
  LoadedModel loaded = LoadModel(variant.config.model, plan.checkpoint);
  const Timer timer;
  std::shared_ptr<PleSource> source = DefaultSourceMaker()(variant.config, variant.table, work.warm_ids);
  const int64_t make_ns = timer.ns();
  std::vector<Contestant> contestants;
  contestants.push_back(MakeContestant(plan, 0, rep, loaded, std::move(source), make_ns));
  MeasureRepetition(
      contestants, work,
      {.rep = rep, .process = 0, .design = config.design, .threads = threads, .rehearse_prompt = true});
  Contestant& only = contestants.front();
  if (!only.error.empty()) throw RunError("{}", only.error);
  return TakePart(only);
}

// How a child that measures several repetitions tells its parent how far it is: a line of standard error.
constexpr char kStepLine[] = "@step ";
constexpr double kTellEveryS = 0.2;

void MeasureTurns(const ExperimentConfig& recorded, const ChildTask& task) {
  ExperimentConfig config = recorded;
  config.accuracy.enabled = false;  // its text is not needed
  RunPlan plan = ResolvePlan(config);
  MakeFoldedTables(plan);
  UseOwnTables(plan, task.part_path);
  std::vector<std::string> names;
  for (const VariantPlan& variant : plan.variants) names.push_back(variant.name());
  PartStore parts(task.part_path, names);
  ModelShelf models;
  const VariantGroup& group = plan.groups.at(task.group);
  PhaseContext context{plan, parts, models, DefaultSourceMaker()};
  Timer since_told;
  context.on_step = [&](int64_t rep, int64_t step) {
    if (since_told.seconds() < kTellEveryS) return;
    std::cerr << kStepLine << (rep - task.block.first) * group.works.front().steps() + step << std::endl;
    since_told = Timer();
  };
  RunSideBySide(context, group, task.block);
}

}  // namespace

std::string ChildConfigPath(const PartStore& parts) { return parts.folder() + "/config.yaml"; }

void RunChild(PhaseContext& context, const PartKey& key) {
  std::vector<std::string> arguments = {"run-child",
                                        "--config",
                                        ChildConfigPath(context.parts),
                                        "--phase",
                                        key.phase == Phase::kTime ? "time" : "memory",
                                        "--variant",
                                        std::to_string(key.variant),
                                        "--rep",
                                        std::to_string(key.rep),
                                        "--part",
                                        context.parts.PathOf(key)};
  if (context.allow_debug) arguments.push_back("--allow-debug");
  const TimelineSpan span(context.timeline, context.name(key.variant), arguments[4] + " process");
  const ProcessResult result = RunSelf(arguments);
  ThrowIfInterrupted();
  if (result.ok()) return context.parts.Adopt(key);
  if (result.exit_code == kPartNotWritten)
    throw RunError("{}", result.last_lines.empty() ? "" : result.last_lines.back());
  context.parts.Fail(key.variant, ErrorOf(result));
}

void RunBlockAsChild(PhaseContext& context, int64_t group, const Block& block) {
  std::vector<std::string> arguments = {"run-child", "--config", ChildConfigPath(context.parts), "--phase",
                                        "turns"};
  const auto add = [&](const char* flag, int64_t value) {
    arguments.insert(arguments.end(), {flag, std::to_string(value)});
  };
  add("--group", group);
  add("--process", block.process);
  add("--first", block.first);
  add("--end", block.end);
  arguments.insert(arguments.end(), {"--part", context.parts.folder()});
  if (context.allow_debug) arguments.push_back("--allow-debug");
  const VariantGroup& of = context.plan.groups[group];
  ForgetBrokenRepetitions(context, of, block);
  const int64_t steps = (block.end - block.first) * of.works.front().steps();
  Progress bar(Format("time, process {}, repetitions {} to {}, {} variants", block.process + 1,
                      block.first + 1, block.end, InTurn(context, of).size()),
               steps);
  ProcessOptions options;
  options.on_error_line = [&](const std::string& line) {
    if (line.starts_with(kStepLine)) bar.Update(std::stoll(line.substr(std::strlen(kStepLine))));
  };
  const ProcessResult result = RunSelf(arguments, options);
  ThrowIfInterrupted();
  context.parts.Refresh();
  if (!result.ok()) throw RunError("{}", ErrorOf(result));
  bar.Finish();
}

void MeasureAsChild(const ChildTask& task) {
  if (task.phase == "memory") StartInMemoryGroup();
  const ExperimentConfig config = ReadExperimentConfig(task.config_path);
  if (task.phase == "turns") return MeasureTurns(config, task);
  const std::string parts_folder = std::filesystem::path(task.part_path).parent_path().string();
  const Record part = task.phase == "time" ? MeasureTime(config, task.variant, task.rep, parts_folder)
                                           : MeasureMemory(config, task.variant, task.rep);
  try {
    WriteRecord(task.part_path, part);
  } catch (const RunError& error) {
    throw PartNotWritten(error.what());
  }
}

}  // namespace plelab
