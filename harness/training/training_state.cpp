#include "harness/training/training_state.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "harness/run/run_identity.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/weights/tensor_file.h"

namespace plelab {
namespace {

constexpr const char* kStartAnew = "train into another 'output.folder', or start anew with --force";

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

// A number of the metadata, which is all of its text and lies in [least, most].
template <class T>
T Number(const TensorFile& file, const std::string& key, T least, T most) {
  const std::string& text = file.Meta(key);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && value >= least && value <= most) return value;
  throw UserError("{}: its '{}': expected a number from {} to {}, found '{}'; damaged? {}", file.path, key,
                  least, most, text, kStartAnew);
}

// A curve of `columns` values a point.
const torch::Tensor& Curve(const TensorFile& file, const char* name, int64_t columns,
                           torch::ScalarType type) {
  const torch::Tensor& curve = file.Get(name);
  if (curve.dim() == 2 && curve.size(1) == columns && curve.scalar_type() == type) return curve;
  throw UserError("{}: tensor '{}': expected [points, {}], found {} [{}]; damaged? {}", file.path, name,
                  columns, curve.toString(), Join(curve.sizes(), ", "), kStartAnew);
}

std::vector<TrainingRow> RowsIn(const TensorFile& file, int64_t step) {
  const torch::Tensor& counts = Curve(file, kCounts, 2, torch::kInt64);
  const torch::Tensor& values = Curve(file, kValues, 3, torch::kFloat32);
  std::vector<TrainingRow> rows;
  int64_t last = 0;
  for (int64_t i = 0; i < std::min(counts.size(0), values.size(0)); ++i) {
    rows.push_back({counts[i][0].item<int64_t>(), counts[i][1].item<int64_t>(), values[i][0].item<double>(),
                    values[i][1].item<double>(), values[i][2].item<double>()});
    const bool follows = rows.back().step > last && rows.back().step <= step && rows.back().tokens > 0;
    if (!follows)
      throw UserError("{}: row {} of its curve is of step {}; damaged?", file.path, i, rows.back().step);
    last = rows.back().step;
  }
  if (counts.size(0) != values.size(0))
    throw UserError("{}: its curves differ in length; damaged?", file.path);
  return rows;
}

TrainingProgress ProgressIn(const TensorFile& file, int64_t steps) {
  constexpr double kMost = 1e15;
  TrainingProgress progress;
  progress.step = Number<int64_t>(file, "step", 0, steps);
  progress.seconds = Number<double>(file, "seconds", 0, kMost);
  progress.interval_loss = Number<double>(file, "interval_loss", -kMost, kMost);
  progress.interval_seconds = Number<double>(file, "interval_seconds", 0, kMost);
  progress.interval_steps = Number<int64_t>(file, "interval_steps", 0, progress.step);
  progress.rows = RowsIn(file, progress.step);
  const torch::Tensor& valid = Curve(file, kValid, 2, torch::kFloat32);
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
                                          const std::string& identity, int64_t steps) {
  RefuseSpecialInput(StatePath(folder));
  if (!std::filesystem::exists(StatePath(folder))) return std::nullopt;
  const TensorFile file = ReadTensorFile(StatePath(folder));
  if (file.Meta("identity") != identity) {
    throw UserError(
        "{}: --resume continues a run with the same config and data, but this one differs: {}; {}", file.path,
        FirstDifferentLine(file.Meta("identity"), identity), kStartAnew);
  }
  file.Meta("sha256");  // without a hash nothing says that the tensors are whole
  optimizer.Load(file);
  return ProgressIn(file, steps);
}

}  // namespace plelab
