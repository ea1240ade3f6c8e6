#include "harness/comparison/comparison.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/cold/read_trend.h"
#include "harness/comparison/control.h"
#include "harness/comparison/group_turns.h"
#include "harness/comparison/repetition_pairs.h"
#include "harness/statistics/direct_effects.h"
#include "harness/statistics/hodges_lehmann.h"
#include "harness/statistics/student.h"
#include "harness/statistics/tail.h"
#include "harness/statistics/verdict.h"

namespace plelab {
namespace {

constexpr int64_t kResamples = 1000;

Interval Exp(const Interval& i) { return {std::exp(i.value), std::exp(i.low), std::exp(i.high)}; }
Interval Minus1(const Interval& i) { return {i.value - 1, i.low - 1, i.high - 1}; }

int64_t Steps(const std::vector<Series>& reps) {
  int64_t steps = 0;
  for (const Series& series : reps) steps += std::ssize(series);
  return steps;
}

ComparisonRow NewRow(const std::string& metric, const VariantRow& variant, const std::string& statistic,
                     const TestedMean& mean) {
  ComparisonRow row;
  row.metric = metric;
  row.variant = variant.variant;
  row.baseline = variant.baseline;
  row.statistic = statistic;
  row.value = mean.interval.value;
  row.low = mean.interval.low;
  row.high = mean.interval.high;
  row.p = mean.p;
  row.control = IsControl(variant) ? 1 : 0;
  return row;
}

// A variant's own step times, which are not compared with anything.
std::vector<ComparisonRow> LevelRows(const Record& record, const VariantRow& variant,
                                     const DesignSection& design) {
  std::vector<Series> reps;
  std::vector<double> means, medians;
  Series all;
  for (auto& [rep, series] : StepTimes(record.steps, variant.variant)) {
    means.push_back(Mean(series));
    medians.push_back(Quantile(series, 0.5));
    all.insert(all.end(), series.begin(), series.end());
    reps.push_back(std::move(series));
  }
  if (reps.empty()) return {};
  const Interval p95{Quantile(all, 0.95), kNan, kNan};
  const Interval p99 = P99(reps, kResamples, static_cast<uint64_t>(design.seed));
  std::vector<ComparisonRow> rows = {NewRow("step_ns", variant, "mean", {MeanOfReps(means).interval, kNan}),
                                     NewRow("step_ns", variant, "median", {HodgesLehmann(medians), kNan}),
                                     NewRow("step_ns", variant, "p95", {p95, kNan}),
                                     NewRow("step_ns", variant, "p99", {p99, kNan})};
  for (ComparisonRow& row : rows) {
    row.reps = std::ssize(reps);
    row.steps = Steps(reps);
  }
  return rows;
}

// Makes the rows that compare one variant with its baseline in one metric.
class Comparer {
 public:
  Comparer(std::string metric, const VariantRow& variant, RepetitionPairs pair, const DesignSection& design)
      : metric_(std::move(metric)), variant_(variant), pair_(std::move(pair)), design_(design) {
    margin_ns_ = design.margin * Mean(pair_.BaselineMeans());
  }

  std::vector<ComparisonRow> Rows(const std::vector<double>& direct) {
    const auto medians =
        pair_.Each([](const Series& v, const Series& b) { return Quantile(v, 0.5) - Quantile(b, 0.5); });
    const auto ratios =
        pair_.Each([](const Series& v, const Series& b) { return std::log(Mean(v) / Mean(b)); });
    AddDifference("mean_difference", MeanOfReps(pair_.MeanDifferences()));
    if (!direct.empty()) {
      AddDifference("direct_difference", MeanOfReps(direct));
      rows_.back().reps = std::ssize(direct);
    }
    AddDifference("median_difference", {HodgesLehmann(medians), kNan});
    const TestedMean ratio = MeanOfReps(ratios);
    Add("ratio", {Exp(ratio.interval), ratio.p}, design_.margin,
        MarginVerdict(Minus1(Exp(ratio.interval)), design_.margin));
    return std::move(rows_);
  }

  std::vector<ComparisonRow> TailRows() {
    AddDifference("p99_difference", P99Difference(pair_.variant, pair_.baseline));
    const double share = TailShare(pair_.variant, pair_.baseline);
    Add("tail_share", {{share, kNan, kNan}, kNan}, kNan, Verdict::kUndecided);
    return std::move(rows_);
  }

 private:
  void AddDifference(const std::string& statistic, const TestedMean& mean) {
    Add(statistic, mean, margin_ns_, MarginVerdict(mean.interval, margin_ns_));
  }
  void Add(const std::string& statistic, const TestedMean& mean, double margin, Verdict verdict) {
    ComparisonRow row = NewRow(metric_, variant_, statistic, mean);
    row.reps = std::ssize(pair_.variant);
    row.steps = Steps(pair_.variant);
    row.margin = margin;
    if (!std::isnan(margin)) row.verdict = Name(verdict);
    rows_.push_back(row);
  }

  std::string metric_;
  const VariantRow& variant_;
  RepetitionPairs pair_;
  const DesignSection& design_;
  double margin_ns_ = 0;
  std::vector<ComparisonRow> rows_;
};

// For each variant of the group its differences to the baseline freed of the predecessors' effects, one per
// repetition.
std::map<std::string, std::vector<double>> DirectDifferences(const Record& record,
                                                             const std::string& baseline) {
  const GroupTurns group = TurnsOf(record, baseline);
  std::map<std::string, std::vector<double>> differences;
  for (const auto& [rep, turns] : group.reps) {
    const std::vector<double> effects = DirectEffects(turns, std::ssize(group.names));
    const auto base = std::ranges::find(group.names, baseline) - group.names.begin();
    if (base == std::ssize(group.names) || std::isnan(effects[base])) continue;
    for (size_t v = 0; v < group.names.size(); ++v) {
      if (!std::isnan(effects[v])) differences[group.names[v]].push_back(effects[v] - effects[base]);
    }
  }
  return differences;
}

void WithdrawWhereTheyDisagree(std::vector<ComparisonRow>& rows) {
  const auto find = [&](std::string_view statistic) {
    return std::ranges::find(rows, statistic, &ComparisonRow::statistic);
  };
  const auto plain = find("mean_difference"), direct = find("direct_difference");
  if (plain == rows.end() || direct == rows.end()) return;
  if (!PredecessorsMatter(*plain, *direct)) return;
  for (ComparisonRow& row : rows) {
    if (!row.verdict.empty()) row.verdict = Name(Verdict::kUndecided);
  }
}

}  // namespace

double RelativeHalfWidth(const std::vector<StepRow>& steps, const std::string& variant,
                         const std::string& baseline) {
  const RepetitionPairs pair = PairsOf(StepTimes(steps, variant), StepTimes(steps, baseline));
  const Interval difference = MeanOfReps(pair.MeanDifferences()).interval;
  return (difference.high - difference.low) / 2 / Mean(pair.BaselineMeans());
}

bool PredecessorsMatter(const ComparisonRow& mean_difference, const ComparisonRow& direct_difference) {
  return std::fabs(mean_difference.value - direct_difference.value) > mean_difference.margin;
}

std::vector<ComparisonRow> CompareVariants(const Record& record, const DesignSection& design) {
  std::vector<ComparisonRow> rows;
  std::map<std::string, std::map<std::string, std::vector<double>>> direct;  // by baseline
  const auto append = [&](std::vector<ComparisonRow> more) {
    std::ranges::move(more, std::back_inserter(rows));
  };
  for (const VariantRow& variant : record.variants) {
    if (variant.baseline.empty() || variant.baseline == variant.variant || variant.status != "done") continue;
    if (FindDone(record, variant.baseline) == nullptr) continue;
    if (!direct.contains(variant.baseline))
      direct[variant.baseline] = DirectDifferences(record, variant.baseline);
    const RepetitionPairs steps =
        PairsOf(StepTimes(record.steps, variant.variant), StepTimes(record.steps, variant.baseline));
    if (steps.variant.empty()) continue;
    std::vector<ComparisonRow> of_steps =
        Comparer("step_ns", variant, steps, design).Rows(direct[variant.baseline][variant.variant]);
    std::ranges::move(Comparer("step_ns", variant, steps, design).TailRows(), std::back_inserter(of_steps));
    WithdrawWhereTheyDisagree(of_steps);
    append(std::move(of_steps));
    for (const auto& [metric, member] :
         {std::pair{"ttft_ns", &RepRow::ttft_ns}, {"prefill_ns", &RepRow::prefill_ns}}) {
      const RepetitionPairs once = PairsOf(OncePerRep(record.reps, variant.variant, member),
                                           OncePerRep(record.reps, variant.baseline, member));
      append(Comparer(metric, variant, once, design).Rows({}));
    }
  }
  for (const VariantRow& variant : record.variants) append(LevelRows(record, variant, design));
  append(CarryOverRows(record, design.seed));
  append(ReadTrendRows(record));
  ApplyControls(rows);
  return rows;
}

}  // namespace plelab
