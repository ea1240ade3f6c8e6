#include "harness/run/child.h"

#include "harness/measure/repetition.h"
#include "harness/record/recorder.h"
#include "harness/run/memory_phase.h"
#include "harness/support/interrupt.h"
#include "harness/support/process.h"

namespace plelab {
namespace {

std::string ErrorOf(const ProcessResult& result) {
  // A child that exits with 1 or 2 has printed one line that explains why.
  const bool explained = result.signal == 0 && (result.exit_code == 1 || result.exit_code == 2);
  return explained && !result.last_lines.empty() ? result.last_lines.back() : result.Describe();
}

Record MeasureTime(const ExperimentConfig& config, int64_t v, int64_t rep) {
  const RunPlan plan = ResolvePlanOfVariant(config, v);
  const VariantPlan& variant = plan.variants[0];
  const Workload& work = plan.WorkOf(0);
  const int64_t threads = variant.config.model.threads;
  UseThreads(threads);
  LoadedModel loaded = LoadModel(variant.config.model, plan.checkpoint);
  const Timer timer;
  std::shared_ptr<PleSource> source = DefaultSourceMaker()(variant.config, variant.table, work.warm_ids);
  const int64_t make_ns = timer.ns();
  std::vector<Contestant> contestants;
  contestants.push_back(MakeContestant(plan, 0, loaded, std::move(source), make_ns));
  MeasureRepetition(contestants, work, {rep, config.design, threads});
  Contestant& only = contestants.front();
  if (!only.error.empty()) throw RunError("{}", only.error);
  return TakePart(only);
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

void MeasureAsChild(const ChildTask& task) {
  const ExperimentConfig config = ReadExperimentConfig(task.config_path);
  const Record part = task.phase == "time" ? MeasureTime(config, task.variant, task.rep)
                                           : MeasureMemory(config, task.variant, task.rep);
  try {
    WriteRecord(task.part_path, part);
  } catch (const RunError& error) {
    throw PartNotWritten(error.what());
  }
}

}  // namespace plelab
