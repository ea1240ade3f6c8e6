#include "harness/training/training_record.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "harness/machine/environment.h"
#include "harness/machine/host_facts.h"
#include "harness/training/evaluation.h"
#include "harness/training/training_cost.h"
#include "harness/training/training_fields.h"
#include "model/base/format.h"

namespace plelab {
namespace {

int64_t TrainedTokens(const TrainingConfig& config) {
  return config.steps() * config.tokens.context * config.tokens.batch;
}

VariantRow DescribeArm(const TrainedRun& run) {
  const ArmSection& arm = run.config.arm;
  VariantRow row;
  row.variant = run.config.run_name();
  row.strategy = Word(arm.ple);
  row.options_json = nlohmann::ordered_json{{"arm", arm.name},
                                            {"seed", arm.seed},
                                            {"shape", arm.shape},
                                            {"change", arm.change},
                                            {"budget", run.config.tokens.budget}}
                         .dump();
  row.file_bytes = row.table_bytes = CountTrained(run.trainee).ple_table * SizeOf(DType::kBFloat16);
  return row;
}

std::vector<std::pair<std::string, std::string>> Describe(const TrainedRun& run, const TokenSplit& scored) {
  const TrainingConfig& config = run.config;
  auto meta = DescribeEnvironment(config.tokens.folder, config.compute.threads);
  const auto add = [&](const char* key, std::string value) { meta.emplace_back(key, std::move(value)); };
  const ParameterTotals totals = CountTrained(run.trainee);
  const double flops = FlopsPerToken(run.trainee, config.tokens.context);
  const double gflops = flops * static_cast<double>(TrainedTokens(config)) / run.progress.seconds * 1e-9;
  add("experiment", "training");
  add("config_path", run.options.config_path);
  add("config_yaml", config.resolved_yaml);
  add("command", run.options.command);
  add("weights", "trained");
  add("dtype", std::string(Name(config.compute.dtype)));
  add("text_hash", run.train.sha256);
  add("accuracy_text_hash", scored.sha256);
  add("trained_tokens", std::to_string(TrainedTokens(config)));
  add("parameters", std::to_string(totals.trained));
  add("parameters_resident", std::to_string(totals.resident()));
  add("parameters_ple_table", std::to_string(totals.ple_table));
  add("training_seconds", Format("{:.1f}", run.progress.seconds));
  add("flops_per_token", Format("{:.0f}", flops));
  add("training_gflops", Format("{:.1f}", gflops));
  add("gemm_float32_gflops", Format("{:.1f}", run.gemm_gflops));
  add("measured_with", BuildMayMeasure() ? "a release build" : "a debug build: no time in here counts");
  return meta;
}

}  // namespace

Record MakeTrainingRecord(const TrainedRun& run) {
  const TrainingConfig& config = run.config;
  const EvaluationSection& evaluation = config.evaluation;
  const int64_t vocab = run.trainee.text().vocab_size;
  const std::string name = config.run_name();
  const TokenSplit split = ReadTokenSplit(config.tokens.folder, evaluation.split, vocab);
  const SplitScore score = ScoreSplit(run.trainee, split,
                                      {.documents = DocumentsUntil(split, evaluation.max_tokens),
                                       .context = evaluation.context,
                                       .batch = config.tokens.batch},
                                      run.counts);
  Record record;
  record.meta = Describe(run, split);
  record.variants = {DescribeArm(run)};
  record.accuracy = ScoreRows(name, evaluation.split, score, split, evaluation.bootstrap);
  record.curves = ScoreCurves(name, score, split);
  if (!run.progress.valid.empty()) {
    Curve& valid =
        record.curves.emplace_back(Curve{"valid_nats", "tokens", "nats per token", run.progress.valid});
    for (CurveRow& point : valid.rows) point.series = name;
  }
  record.training = {{name, run.progress.rows}};
  return record;
}

}  // namespace plelab
