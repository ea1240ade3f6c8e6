#include "harness/training/training_state.h"

#include <filesystem>

#include "harness/run/run_identity.h"
#include "model/base/error.h"
#include "model/weights/tensor_file.h"

namespace plelab {
namespace {

constexpr char kCounts[] = "curve.counts";  // [rows, 2] int64: step, tokens
constexpr char kValues[] = "curve.values";  // [rows, 3]: loss, lr, tokens_per_s
constexpr char kValid[] = "curve.valid";    // [points, 2]: tokens, nats

NamedTensor Counts(const std::vector<TrainingRow>& rows) {
  const torch::Tensor counts = torch::empty({std::ssize(rows), 2}, torch::kInt64);
  for (int64_t i = 0; i < std::ssize(rows); ++i) {
    counts[i][0] = rows[i].step;
    counts[i][1] = rows[i].tokens;
  }
  return {kCounts, counts};
}

NamedTensor Values(const std::vector<TrainingRow>& rows) {
  const torch::Tensor values = torch::empty({std::ssize(rows), 3}, torch::kFloat32);
  for (int64_t i = 0; i < std::ssize(rows); ++i) {
    values[i][0] = rows[i].loss;
    values[i][1] = rows[i].lr;
    values[i][2] = rows[i].tokens_per_s;
  }
  return {kValues, values};
}

NamedTensor Valid(const std::vector<CurveRow>& points) {
  const torch::Tensor values = torch::empty({std::ssize(points), 2}, torch::kFloat32);
  for (int64_t i = 0; i < std::ssize(points); ++i) {
    values[i][0] = points[i].x;
    values[i][1] = points[i].y;
  }
  return {kValid, values};
}

TrainingProgress ProgressIn(const TensorFile& file) {
  TrainingProgress progress;
  progress.step = std::stoll(file.Meta("step"));
  progress.seconds = std::stod(file.Meta("seconds"));
  progress.interval_loss = std::stod(file.Meta("interval_loss"));
  progress.interval_seconds = std::stod(file.Meta("interval_seconds"));
  progress.interval_steps = std::stoll(file.Meta("interval_steps"));
  const torch::Tensor counts = file.Get(kCounts), values = file.Get(kValues), valid = file.Get(kValid);
  for (int64_t i = 0; i < counts.size(0); ++i) {
    progress.rows.push_back({counts[i][0].item<int64_t>(), counts[i][1].item<int64_t>(),
                             values[i][0].item<double>(), values[i][1].item<double>(),
                             values[i][2].item<double>()});
  }
  for (int64_t i = 0; i < valid.size(0); ++i) {
    CurveRow& point = progress.valid.emplace_back();
    point.x = valid[i][0].item<double>();
    point.y = valid[i][1].item<double>();
  }
  return progress;
}

}  // namespace

std::string StatePath(const std::string& folder) { return folder + "/state.safetensors"; }

void SaveState(const std::string& folder, const AdamW& optimizer, const TrainingProgress& progress,
               const std::string& identity) {
  std::vector<NamedTensor> tensors = optimizer.State();
  tensors.push_back(Counts(progress.rows));
  tensors.push_back(Values(progress.rows));
  tensors.push_back(Valid(progress.valid));
  std::filesystem::create_directories(folder);
  WriteTensorFile(StatePath(folder), tensors,
                  {{"step", std::to_string(progress.step)},
                   {"seconds", Format("{}", progress.seconds)},
                   {"interval_loss", Format("{}", progress.interval_loss)},
                   {"interval_seconds", Format("{}", progress.interval_seconds)},
                   {"interval_steps", std::to_string(progress.interval_steps)},
                   {"identity", identity}});
}

std::optional<TrainingProgress> LoadState(const std::string& folder, AdamW& optimizer,
                                          const std::string& identity) {
  if (!std::filesystem::exists(StatePath(folder))) return std::nullopt;
  const TensorFile file = ReadTensorFile(StatePath(folder));
  if (file.Meta("identity") != identity) {
    throw UserError(
        "{}: --resume continues a run with the same config, but this one differs: {}; --force starts anew",
        file.path, FirstDifferentLine(file.Meta("identity"), identity));
  }
  optimizer.Load(file);
  return ProgressIn(file);
}

}  // namespace plelab
