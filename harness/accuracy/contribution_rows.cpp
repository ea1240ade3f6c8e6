#include "harness/accuracy/contribution_rows.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "harness/accuracy/scoring.h"
#include "harness/support/statistics.h"
#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int64_t kBuckets = 4;
constexpr char kAllTokens[] = "all";

std::unordered_map<int64_t, int64_t> CountsOf(std::span<const int64_t> ids) {
  std::unordered_map<int64_t, int64_t> counts;
  for (const int64_t id : ids) ++counts[id];
  return counts;
}

std::vector<double> DoublesOf(const torch::Tensor& x) {
  const torch::Tensor plain = x.contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

// What the other members of its group say about each vector.
struct Groups {
  // [n] summed over a group: its size × the mean inner product of two different members.
  torch::Tensor moment;
  torch::Tensor error;  // [n] squared distance to the mean of the other members
};

// x is [n, d] float64, group [n] in [0, count), each with at least two members.
Groups WithinGroups(const torch::Tensor& x, const torch::Tensor& group, int64_t count) {
  const auto sum_by_group = [&](const torch::Tensor& values) {
    std::vector<int64_t> shape = values.sizes().vec();
    shape[0] = count;
    return torch::zeros(shape, torch::kFloat64).index_add(0, group, values);
  };
  const torch::Tensor sums = sum_by_group(x).index_select(0, group);
  const torch::Tensor members = sum_by_group(torch::ones({x.size(0)}, torch::kFloat64));
  const torch::Tensor size = members.index_select(0, group);
  const torch::Tensor square = x.square().sum(1);
  const torch::Tensor with_others = ((x * sums).sum(1) - square) / (size - 1);
  const torch::Tensor of_two = (sum_by_group(with_others) / members).index_select(0, group);
  const torch::Tensor mean_of_others = (sums - x) / (size - 1).unsqueeze(1);
  return {with_others * 2 - of_two, (x - mean_of_others).square().sum(1)};
}

std::vector<double> Pick(const std::vector<double>& values, const std::vector<int64_t>& tokens) {
  std::vector<double> picked;
  picked.reserve(tokens.size());
  for (const int64_t token : tokens) picked.push_back(values.at(token));
  return picked;
}

// Adds the rows of one list position.
class RowWriter {
 public:
  RowWriter(std::vector<ContributionRow>& rows, std::string variant, int64_t layer, const BootstrapPlan& plan)
      : rows_(rows), variant_(std::move(variant)), layer_(layer), plan_(plan) {}

  void Mean(const char* metric, const std::string& bucket, std::span<const double> values) {
    const Interval i = BlockBootstrapMean(values, kTokenBlock, plan_.resamples, plan_.seed);
    Add(metric, bucket, i, std::ssize(values));
  }
  void Ratio(const char* metric, std::span<const double> part, std::span<const double> whole) {
    Add(metric, kAllTokens, BlockBootstrapRatio(part, whole, kTokenBlock, plan_.resamples, plan_.seed),
        std::ssize(whole));
  }

 private:
  void Add(const char* metric, const std::string& bucket, const Interval& i, int64_t n) {
    rows_.push_back({variant_, layer_, metric, bucket, i.value, i.low, i.high, n});
  }

  std::vector<ContributionRow>& rows_;
  std::string variant_;
  int64_t layer_;
  BootstrapPlan plan_;
};

std::vector<double> Minus(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> difference(a.size());
  std::transform(a.begin(), a.end(), b.begin(), difference.begin(), std::minus<>());
  return difference;
}

}  // namespace

std::vector<FrequencyBucket> FrequencyBuckets(std::span<const int64_t> ids, int64_t most) {
  const auto counts = CountsOf(ids);
  std::map<int64_t, std::vector<int64_t>> by_count;
  for (size_t i = 0; i < ids.size(); ++i) by_count[counts.at(ids[i])].push_back(static_cast<int64_t>(i));

  std::vector<FrequencyBucket> buckets;
  const auto n = std::ssize(ids);
  int64_t below = 0, last = -1, lowest = 0;
  for (const auto& [count, tokens] : by_count) {
    // The bucket that the middle one of these tokens falls into.
    const int64_t bucket = (2 * below + std::ssize(tokens)) * most / (2 * n);
    if (bucket != last) {
      buckets.emplace_back();
      lowest = count;
    }
    FrequencyBucket& here = buckets.back();
    here.label = lowest == count ? Format("{}", count) : Format("{}-{}", lowest, count);
    here.tokens.insert(here.tokens.end(), tokens.begin(), tokens.end());
    below += std::ssize(tokens);
    last = bucket;
  }
  for (FrequencyBucket& bucket : buckets) std::ranges::sort(bucket.tokens);
  return buckets;
}

SharedMoment SharedMomentOf(const torch::Tensor& added, std::span<const int64_t> ids) {
  if (added.dim() != 2 || added.size(0) != std::ssize(ids)) {
    throw RunError("ple_contribution: additions of {} tokens, {} ids", added.size(0), ids.size());
  }
  const auto counts = CountsOf(ids);
  std::unordered_map<int64_t, int64_t> group_of_id;
  SharedMoment shared;
  std::vector<int64_t> groups;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (counts.at(ids[i]) < 2) continue;
    shared.tokens.push_back(static_cast<int64_t>(i));
    groups.push_back(group_of_id.try_emplace(ids[i], std::ssize(group_of_id)).first->second);
  }
  if (groups.empty()) return shared;

  const torch::Tensor x =
      added.index_select(0, torch::tensor(shared.tokens, torch::kInt64)).to(torch::kFloat64);
  const torch::Tensor group = torch::tensor(groups, torch::kInt64);
  const Groups same_id = WithinGroups(x, group, std::ssize(group_of_id));
  const Groups everyone = WithinGroups(x, torch::zeros_like(group), 1);
  shared.total = DoublesOf(x.square().sum(1));
  shared.layer = DoublesOf(everyone.moment);
  shared.token = DoublesOf(same_id.moment);
  shared.layer_error = DoublesOf(everyone.error);
  shared.token_error = DoublesOf(same_id.error);
  return shared;
}

std::vector<ContributionRow> ContributionRows(const std::string& variant, int64_t layer,
                                              const LayerAdditions& seen, std::span<const int64_t> ids,
                                              const BootstrapPlan& plan) {
  std::vector<ContributionRow> rows;
  RowWriter write(rows, variant, layer, plan);
  const std::vector<FrequencyBucket> buckets = FrequencyBuckets(ids, kBuckets);
  const auto means = [&](const char* metric, const std::vector<double>& values) {
    if (values.empty()) return;  // the source has no row, or no projection
    write.Mean(metric, kAllTokens, values);
    for (const auto& bucket : buckets) write.Mean(metric, bucket.label, Pick(values, bucket.tokens));
  };
  means("relative_norm", seen.relative_norm);
  means("cosine", seen.cosine);
  means("row_to_projection", seen.row_to_projection);

  const SharedMoment m = SharedMomentOf(seen.added, ids);
  write.Ratio("share_layer", m.layer, m.total);
  write.Ratio("share_token", Minus(m.token, m.layer), m.total);
  write.Ratio("share_context", Minus(m.total, m.token), m.total);
  write.Ratio("predicted_by_layer", Minus(m.total, m.layer_error), m.total);
  write.Ratio("predicted_by_token", Minus(m.total, m.token_error), m.total);
  return rows;
}

}  // namespace plelab
