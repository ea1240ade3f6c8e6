#include "harness/training/trainer.h"

#include <filesystem>
#include <utility>

#include "harness/run/input_identity.h"
#include "harness/run/run_output.h"
#include "harness/support/interrupt.h"
#include "harness/support/output_place.h"
#include "harness/support/progress.h"
#include "harness/support/timer.h"
#include "harness/training/evaluation.h"
#include "harness/training/media_trainer.h"
#include "harness/training/packing.h"
#include "harness/training/training_cost.h"
#include "harness/training/training_record.h"
#include "harness/training/training_setup.h"
#include "harness/training/training_state.h"
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

void CheckOutput(const OutputSection& output, const TrainingOptions& options) {
  CheckResultIsNew(output, options);
  const std::string state = StatePath(output.folder);
  if (fs::exists(state) && !options.force && !options.resume) {
    throw UserError("{}: a run was stopped here; continue it with --resume, or start anew with --force",
                    state);
  }
}

// The data and the start checkpoint.
std::vector<std::string> InputFiles(const TrainingConfig& config) {
  std::vector<std::string> paths = {config.tokens.folder + "/meta.json"};
  for (const std::string& split : {std::string("train"), std::string("valid"), config.evaluation.split})
    paths.push_back(Format("{}/{}.bin", config.tokens.folder, split));
  if (config.arm.start.empty()) return paths;
  for (const std::string& path : FilesOf(Checkpoint::Open(config.arm.start))) paths.push_back(path);
  return paths;
}

class Trainer {
 public:
  Trainer(const TrainingConfig& config, const TrainingOptions& options)
      : config_(config),
        options_(options),
        config_json_(ArmConfigJson(config.arm)),
        trainee_(MakeStart(config, config_json_)),
        train_(ReadTokenSplit(config.tokens.folder, "train", vocab())),
        valid_(ReadTokenSplit(config.tokens.folder, "valid", vocab())),
        packing_(train_, config.tokens.context, config.tokens.batch, static_cast<uint64_t>(config.arm.seed)),
        counts_(CountIds(train_, vocab())),
        optimizer_(TrainedTensors(trainee_), config.optimizer),
        step_tokens_(config.tokens.context * config.tokens.batch),
        steps_(config.steps()),
        identity_(config.identity_yaml + IdentityOfFiles(InputFiles(config)) +
                  Format("arm's config.json: sha256 {}\n", Sha256Hex(config_json_))) {}

  TrainingResult Run() {
    const OutputSection& output = config_.output;
    if (options_.resume) {
      auto found = LoadState(output.folder, optimizer_, identity_, steps_);
      if (found) progress_ = std::move(*found);
    }
    ReadTokenSplit(config_.tokens.folder, config_.evaluation.split, vocab());  // scored last, checked first
    const double gemm_gflops = MeasureGemmGflops();
    RunSteps();
    WriteCheckpoint();
    TrainingResult result{output.result, output.checkpoint, {}};
    result.record =
        MakeTrainingRecord({config_, options_, trainee_, train_, counts_, progress_, gemm_gflops});
    WriteNewRecord(result.path, result.record, options_.force);
    fs::remove(StatePath(output.folder));
    return result;
  }

 private:
  int64_t vocab() const { return trainee_.text().vocab_size; }
  int64_t TokensDone() const { return progress_.step * step_tokens_; }
  void Save() { SaveState(config_.output.folder, optimizer_, progress_, identity_); }

  void RunSteps() {
    KeepAllFreedMemory();
    Progress bar("training " + config_.run_name(), steps_ * step_tokens_);
    Timer since_saved;
    double smooth = 0;  // the loss shown to the user
    while (progress_.step < steps_) {
      const Timer timer;
      const double loss = Step();
      smooth = smooth == 0 ? loss : 0.95 * smooth + 0.05 * loss;
      const double rate = static_cast<double>(step_tokens_) / timer.seconds();
      if (IsInterrupted() || since_saved.seconds() >= static_cast<double>(config_.output.save_every_s)) {
        Save();
        since_saved = Timer();
      }
      bar.Update(TokensDone(),
                 Format("loss {:.3f}, {:.0f} tokens/s", smooth, rate));  // stops here, if asked to
    }
    Save();
    bar.Finish(Format("loss {:.3f}", smooth));
  }

  // Returns the mean loss over the step's tokens.
  double Step() {
    const Timer timer;
    const TokenBatch batch = packing_.Batch(progress_.step);
    const auto scored = batch.targets.ne(kNotScored).sum().item<double>();
    const torch::Tensor loss = TrainingLoss(trainee_, batch.inputs, batch.targets) / scored;
    loss.backward();
    const double rate = RateAt(config_.optimizer, progress_.step, steps_);
    optimizer_.Step(rate);
    const auto nats = loss.item<double>();
    const double seconds = timer.seconds();
    ++progress_.step;
    progress_.seconds += seconds;
    progress_.interval_loss += nats;
    progress_.interval_seconds += seconds;
    ++progress_.interval_steps;
    KeepRow(rate);
    MeasureValid();
    return nats;
  }

  // Rows fall on the same steps whether or not a run was stopped.
  void KeepRow(double rate) {
    const int64_t every = (steps_ + kMostTrainingRows - 1) / kMostTrainingRows;
    if (progress_.step % every != 0 && progress_.step != steps_) return;
    const auto steps = static_cast<double>(progress_.interval_steps);
    progress_.rows.push_back({progress_.step, TokensDone(), progress_.interval_loss / steps,
                              rate * config_.optimizer.lr,
                              steps * static_cast<double>(step_tokens_) / progress_.interval_seconds});
    progress_.interval_loss = progress_.interval_seconds = 0;
    progress_.interval_steps = 0;
  }

  void MeasureValid() {
    const int64_t every = config_.evaluation.every_tokens;
    if (every == 0) return;
    const int64_t done = TokensDone();
    if (done / every == (done - step_tokens_) / every && progress_.step != steps_) return;
    const ScoreOptions options{.documents = DocumentsUntil(valid_, config_.evaluation.valid_tokens),
                               .context = config_.tokens.context,
                               .batch = config_.tokens.batch};
    CurveRow& point = progress_.valid.emplace_back();
    point.x = static_cast<double>(done);
    point.y = ScoreSplit(trainee_, valid_, options, counts_).nats_per_token();
  }

  void WriteCheckpoint() {
    TrainedCheckpointOptions options;
    options.metadata = {{"arm", config_.arm.name},
                        {"seed", std::to_string(config_.arm.seed)},
                        {"trained_tokens", std::to_string(TokensDone())},
                        {"train_sha256", train_.sha256}};
    options.companions = CompanionsOfShape(config_.arm.shape);
    WriteTrainedCheckpoint(trainee_, config_json_, config_.output.checkpoint, options);
  }

  const TrainingConfig& config_;
  const TrainingOptions& options_;
  std::string config_json_;
  TextTrainee trainee_;
  TokenSplit train_, valid_;
  Packing packing_;
  std::vector<int64_t> counts_;  // of each id in train_
  AdamW optimizer_;
  int64_t step_tokens_, steps_;
  std::string identity_;  // what must be the same when the run is resumed: its config and what it reads
  TrainingProgress progress_;
};

}  // namespace

TrainingResult Train(const TrainingConfig& config, const TrainingOptions& options) {
  // A second process would mix its state and weights with ours.
  const OutputLock result(config.output.result), state(StatePath(config.output.folder));
  if (config.media.enabled()) return TrainMedia(config, options);
  CheckOutput(config.output, options);
  UseThreads(config.compute.threads);
  const InterruptGuard interrupt;
  return Trainer(config, options).Run();
}

}  // namespace plelab
