#include "harness/training/media_trainer.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "harness/machine/environment.h"
#include "harness/machine/host_facts.h"
#include "harness/run/run_output.h"
#include "harness/support/interrupt.h"
#include "harness/support/progress.h"
#include "harness/support/timer.h"
#include "harness/training/adamw.h"
#include "harness/training/media_documents.h"
#include "harness/training/training_fields.h"
#include "harness/training/training_setup.h"
#include "harness/workload/loaded_model.h"
#include "harness/workload/synthesise.h"
#include "model/base/error.h"
#include "model/base/sha256.h"
#include "model/ops/heap.h"
#include "model/training/head_loss.h"
#include "model/training/trained_checkpoint.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

MediaTraineeOptions TraineeOptions(const TrainingConfig& config) {
  return {.train_text = config.media.text_lr > 0,
          .learn_row_zero = config.media.learn_row_zero,
          .seed = static_cast<uint64_t>(config.arm.seed),
          .products = config.compute.dtype};
}

// The same optimizer, with the text model's own rate.
OptimizerSection TextOptimizer(const TrainingConfig& config) {
  OptimizerSection section = config.optimizer;
  section.lr = section.table_lr = config.media.text_lr;
  return section;
}

int64_t Count(const std::vector<TrainedTensor>& tensors) {
  int64_t count = 0;
  for (const TrainedTensor& tensor : tensors) count += tensor.values.numel();
  return count;
}

// A step without an image gives the vision tower no gradient, which counts as 0.
void FillGradients(std::vector<TrainedTensor>& tensors) {
  for (TrainedTensor& tensor : tensors) {
    if (!tensor.values.grad().defined()) tensor.values.mutable_grad() = torch::zeros_like(tensor.values);
  }
}

class MediaTrainer {
 public:
  MediaTrainer(const TrainingConfig& config, const TrainingOptions& options)
      : config_(config),
        options_(options),
        config_json_(ArmConfigJson(config.arm)),
        trainee_(MakeMediaTrainee(MakeStart(config, config_json_), TraineeOptions(config))),
        documents_(config.media.documents, trainee_.config(), CompanionsOfShape(config.arm.shape)),
        towers_(MediaTensors(trainee_)),
        optimizer_(towers_, config.optimizer) {
    if (config.media.text_lr <= 0) return;
    text_ = TrainedTensors(trainee_.text);
    text_optimizer_.emplace(text_, TextOptimizer(config));
  }

  TrainingResult Run() {
    RunSteps();
    WriteCheckpoint();
    TrainingResult result{config_.output.result, config_.output.checkpoint, MakeRecord()};
    WriteNewRecord(result.path, result.record, options_.force);
    return result;
  }

 private:
  void RunSteps() {
    KeepAllFreedMemory();
    const int64_t steps = config_.steps();
    Progress bar("training " + config_.run_name(), steps);
    double smooth = 0;  // the loss shown to the user
    for (int64_t step = 0; step < steps; ++step) {
      ThrowIfInterrupted();
      const double loss = Step(step);
      smooth = smooth == 0 ? loss : 0.95 * smooth + 0.05 * loss;
      bar.Update(step + 1, Format("loss {:.3f}", smooth));
    }
    bar.Finish(Format("loss {:.3f}", smooth));
  }

  // Returns the mean loss over the step's answer tokens.
  double Step(int64_t step) {
    const Timer timer;
    const auto chosen = DocumentsOfStep(step, config_.media.batch, documents_.size(),
                                        static_cast<uint64_t>(config_.arm.seed));
    const std::vector<MediaBatch> batches = documents_.Batches(chosen);
    int64_t scored = 0;
    for (const MediaBatch& batch : batches) scored += batch.targets.ne(kNotScored).sum().item<int64_t>();
    double nats = 0;
    for (const MediaBatch& batch : batches) {
      const torch::Tensor loss = MediaLoss(trainee_, batch) / static_cast<double>(scored);
      loss.backward();
      nats += loss.item<double>();
      tokens_ += batch.inputs.numel();
    }
    const double rate = RateAt(config_.optimizer, step, config_.steps());
    FillGradients(towers_);
    optimizer_.Step(rate);
    if (text_optimizer_) {
      FillGradients(text_);
      text_optimizer_->Step(rate);
    }
    KeepRow(step + 1, nats, rate, timer.seconds());
    return nats;
  }

  void KeepRow(int64_t step, double nats, double rate, double seconds) {
    seconds_ += seconds;
    interval_.loss += nats;
    interval_.seconds += seconds;
    ++interval_.steps;
    const int64_t every = (config_.steps() + kMostTrainingRows - 1) / kMostTrainingRows;
    if (step % every != 0 && step != config_.steps()) return;
    rows_.push_back({step, tokens_, interval_.loss / static_cast<double>(interval_.steps),
                     rate * config_.optimizer.lr,
                     static_cast<double>(tokens_ - interval_.first_token) / interval_.seconds});
    interval_ = {.first_token = tokens_};
  }

  void WriteCheckpoint() {
    TrainedCheckpointOptions options;
    options.metadata = {{"arm", config_.arm.name},
                        {"seed", std::to_string(config_.arm.seed)},
                        {"trained_examples", std::to_string(config_.steps() * config_.media.batch)},
                        {"text_weights", config_.arm.start.empty() ? "random" : config_.arm.start}};
    options.companions = CompanionsOfShape(config_.arm.shape);
    WriteTrainedCheckpoint(PublishedWeights(trainee_, options.dtype), config_json_, config_.output.checkpoint,
                           options);
  }

  Record MakeRecord() {
    Record record;
    record.meta = DescribeEnvironment(config_.media.documents, config_.compute.threads);
    const auto add = [&](const char* key, std::string value) {
      record.meta.emplace_back(key, std::move(value));
    };
    add("experiment", "training");
    add("config_path", options_.config_path);
    add("config_yaml", config_.resolved_yaml);
    add("command", options_.command);
    add("weights", "trained");
    add("dtype", std::string(Name(config_.compute.dtype)));
    add("text_hash", Sha256OfFile(config_.media.documents));
    add("trained_tokens", std::to_string(tokens_));
    add("trained_examples", std::to_string(config_.steps() * config_.media.batch));
    add("parameters", std::to_string(Count(towers_) + Count(text_)));
    add("training_seconds", Format("{:.1f}", seconds_));
    add("measured_with", BuildMayMeasure() ? "a release build" : "a debug build: no time in here counts");
    VariantRow arm;
    arm.variant = config_.run_name();
    arm.strategy = Word(config_.arm.ple);
    arm.options_json = nlohmann::ordered_json{{"arm", config_.arm.name},
                                              {"seed", config_.arm.seed},
                                              {"shape", config_.arm.shape},
                                              {"learn_row_zero", config_.media.learn_row_zero},
                                              {"text_lr", config_.media.text_lr}}
                           .dump();
    record.variants = {arm};
    record.training = {{config_.run_name(), rows_}};
    return record;
  }

  // Sums since the last row.
  struct Interval {
    double loss = 0, seconds = 0;
    int64_t steps = 0, first_token = 0;
  };

  const TrainingConfig& config_;
  const TrainingOptions& options_;
  std::string config_json_;
  MediaTrainee trainee_;
  MediaDocuments documents_;
  std::vector<TrainedTensor> towers_, text_;  // text_ is empty when the text model does not change
  AdamW optimizer_;
  std::optional<AdamW> text_optimizer_;
  std::vector<TrainingRow> rows_;
  Interval interval_;
  int64_t tokens_ = 0;  // read so far, soft ones included
  double seconds_ = 0;
};

}  // namespace

TrainingResult TrainMedia(const TrainingConfig& config, const TrainingOptions& options) {
  if (options.resume) {
    throw UserError(
        "--resume: training on media keeps no state to go on from (it takes minutes); start it anew");
  }
  CheckResultIsNew(config.output, options);
  UseThreads(config.compute.threads);
  const InterruptGuard interrupt;
  return MediaTrainer(config, options).Run();
}

}  // namespace plelab
