// Is the table divided by concept? Then neighbouring tokens would want the same rows, and a small cache would
// hit more often than the frequency of tokens explains.  Counts hits on a stream of ids; no model is loaded.
#include <algorithm>
#include <functional>

#include "experiments/questions/experiment.h"
#include "experiments/questions/locality_curves.h"
#include "experiments/questions/locality_domains.h"
#include "experiments/questions/locality_stream.h"
#include "harness/measure/trace_hits.h"
#include "harness/run/input_identity.h"
#include "harness/run/run_identity.h"
#include "harness/run/run_output.h"
#include "harness/support/progress.h"
#include "harness/support/statistics.h"
#include "harness/support/units.h"
#include "model/base/format.h"
#include "model/ple/policies/cache_policies.h"

namespace plelab {
namespace {

constexpr char kCurve[] = "cache_locality", kPolicyCurve[] = "cache_policies";
// Of caches that start empty, and of those that have seen the learned part.
constexpr char kLru[] = "lru", kOptimal[] = "optimal", kShuffled[] = "lru_shuffled";
constexpr char kOptimalWarmed[] = "optimal_warmed", kShuffledWarmed[] = "lru_warmed_shuffled";

// Fills /curves/cache_locality and /curves/cache_policies, one capacity after another.
class Sweep {
 public:
  Sweep(const LocalitySection& section, const LocalityStream& stream)
      : section_(section),
        stream_(stream),
        curve_{kCurve, "bytes", "hits per lookup", {}},
        policies_{kPolicyCurve, "bytes", "hits per lookup", {}} {
    for (int64_t i = 1; i <= section.shuffles; ++i) {
      orders_.push_back(Shuffled(stream.measured(), static_cast<uint64_t>(section.seed + i)));
    }
  }

  std::vector<Curve> Run() {
    const auto grid = CapacityGrid(section_.least_rows, DistinctRows(stream_.measured()));
    Progress bar("cache hits", std::ssize(grid));
    for (size_t i = 0; i < grid.size(); ++i) {
      AddCapacity(grid[i]);
      bar.Update(static_cast<int64_t>(i) + 1, Format("{} rows", grid[i]));
    }
    bar.Finish();
    return {curve_, policies_};
  }

 private:
  void AddCapacity(int64_t capacity) {
    const RowStream measured = stream_.measured();
    AddOneOrder(kLru, capacity, PolicyHits(CachePolicy::kLru, measured, capacity));
    AddOneOrder(kOptimal, capacity, OptimalHits(measured, capacity));
    AddShuffled(kShuffled, capacity, {});
    AddShuffled(kShuffledWarmed, capacity, stream_.learn());
    AddPolicies(capacity);
  }

  // The caches that have seen the learned part, and what each has more hits than LRU.
  void AddPolicies(int64_t capacity) {
    const Hits lru = PolicyHits(CachePolicy::kLru, stream_.measured(), capacity, stream_.learn());
    const auto add = [&](const std::string& series, const Hits& hits) {
      AddOneOrder(series, capacity, hits);
      Hits more = hits;
      std::transform(more.begin(), more.end(), lru.begin(), more.begin(), std::minus());
      Add(policies_, series, capacity, MeanOf(more));
    };
    for (const CachePolicyRow& row : CachePolicies()) {
      const bool is_lru = row.policy == CachePolicy::kLru;
      add(SeriesOf(row),
          is_lru ? lru : PolicyHits(row.policy, stream_.measured(), capacity, stream_.learn()));
    }
    add(kOptimalWarmed, OptimalHits(stream_.measured(), capacity, stream_.learn()));
  }

  void AddShuffled(const char* series, int64_t capacity, RowStream before) {
    std::vector<double> rates;
    for (const auto& order : orders_) {
      rates.push_back(Mean(PolicyHits(CachePolicy::kLru, order, capacity, before)));
    }
    Add(curve_, series, capacity, {Mean(rates), Quantile(rates, 0.025), Quantile(rates, 0.975)});
  }

  // The text's own order.  What is uncertain is which passages the text consists of.
  void AddOneOrder(const std::string& series, int64_t capacity, const Hits& hits) {
    Add(curve_, series, capacity, MeanOf(hits));
  }

  Interval MeanOf(const Hits& hits) const {
    return BlockBootstrapMean(hits, kPassageTokens, section_.bootstrap, static_cast<uint64_t>(section_.seed));
  }

  void Add(Curve& curve, const std::string& series, int64_t capacity, const Interval& rate) const {
    AddPoint(curve, series, capacity, capacity * stream_.geometry.row_bytes(), rate);
  }

  const LocalitySection& section_;
  const LocalityStream& stream_;
  std::vector<std::vector<int64_t>> orders_;
  Curve curve_, policies_;
};

// Describes the stream; x numbers the rows of this curve.
Curve DescribeStream(const LocalityStream& stream) {
  Curve curve{"cache_stream", "", "by label", {}};
  const auto add = [&](const char* label, int64_t value) {
    CurveRow row;
    row.series = stream.name();
    row.label = label;
    row.x = static_cast<double>(curve.rows.size());
    row.y = static_cast<double>(value);
    curve.rows.push_back(row);
  };
  add("learned_tokens", std::ssize(stream.learn()));
  add("measured_tokens", std::ssize(stream.measured()));
  add("distinct_rows", DistinctRows(stream.measured()));
  add("row_bytes", stream.geometry.row_bytes());
  add("table_bytes", stream.geometry.table_bytes());
  return curve;
}

TextRows RowsOf(const LocalitySection& section, const LocalityStream& stream) {
  return {.learned = stream.learn(),
          .measured = stream.measured(),
          .vocab = stream.geometry.vocab,
          .row_bytes = stream.geometry.row_bytes(),
          .bootstrap = section.bootstrap,
          .seed = static_cast<uint64_t>(section.seed)};
}

void CountOneStream(const ExperimentConfig& config, Record& record) {
  const LocalityStream stream = ReadLocalityStream(config);
  record.curves = Sweep(config.locality, stream).Run();
  record.curves.push_back(DescribeStream(stream));
  const TextRows rows = RowsOf(config.locality, stream);
  for (const auto& curve_of : {LruByCapacity, VocabularyGrowth, InterleavedUsers, AfterIdle}) {
    record.curves.push_back(curve_of(rows));
  }
  const auto add = [&](const char* key, const std::string& value) { record.meta.emplace_back(key, value); };
  add("text", stream.text.path);
  add("text_hash", stream.text.sha256);
  add("tokenizer_hash", stream.text.tokenizer_sha256);
}

void CountDomains(const ExperimentConfig& config, Record& record) {
  record.curves = CompareDomains(config.locality, ReadDomains(config));
  record.meta.emplace_back("inputs", IdentityOfFiles(config.locality.traces));
}

RunResult CountAndWrite(const ExperimentConfig& config, const RunOptions& options) {
  const RunOutput output(config, options);
  RunResult result;
  result.path = output.path();
  result.record.meta = DescribeExperiment(config, options, ".");
  result.record.meta.emplace_back("weights", "none");
  (config.locality.traces.empty() ? CountOneStream : CountDomains)(config, result.record);
  output.Write(result.record);
  return result;
}

std::string LocalityEstimate(const ExperimentConfig& config) {
  std::string text;
  const bool alone = config.locality.traces.empty();
  for (const LocalityStream& stream : alone ? std::vector{ReadLocalityStream(config)} : ReadDomains(config)) {
    const int64_t distinct = DistinctRows(stream.measured());
    text +=
        Format("{}: {} tokens measured after {}, {} distinct rows; {} capacities, {} random orders; ",
               alone ? config.name : stream.name(), std::ssize(stream.measured()), std::ssize(stream.learn()),
               distinct, CapacityGrid(config.locality.least_rows, distinct).size(), config.locality.shuffles);
    if (!alone) text += "some seconds\n";
  }
  return text + (alone ? "under a minute, and no memory or disk to speak of\n" : "");
}

Interval Find(const Curve& curve, const std::string& series, const std::string& label) {
  for (const CurveRow& row : curve.rows) {
    if (row.series == series && row.label == label) return {row.y, row.low, row.high};
  }
  return {kNotMeasured, kNotMeasured, kNotMeasured};
}

double FindValue(const Curve& curve, const std::string& label) {
  const auto found = std::ranges::find(curve.rows, label, &CurveRow::label);
  return found == curve.rows.end() ? kNotMeasured : found->y;
}

using Column = std::pair<std::string, std::string>;  // a series and its title

size_t WidthOf(const Column& column) { return std::max<size_t>(6, column.second.size()); }

// One line for each capacity, with the hit rates of some series in percent.
std::string RateTable(const Curve& curve, const std::vector<Column>& columns) {
  std::string text = Format("{:>7} {:>10}", "rows", "bytes");
  for (const Column& column : columns) text += Format(" {:>{}}", column.second, WidthOf(column));
  text += "\n";
  for (const CurveRow& row : curve.rows) {
    if (row.series != columns.front().first) continue;
    text += Format("{:>7} {:>10}", row.label, ReadableBytes(static_cast<int64_t>(row.x)));
    for (const Column& column : columns) {
      text += Format(" {:>{}.1f}", Find(curve, column.first, row.label).value * 100, WidthOf(column));
    }
    text += "\n";
  }
  return text;
}

std::string LocalitySummary(const ExperimentConfig& config, const RunResult& result) {
  if (!config.locality.traces.empty()) return DomainSummary(result.record);
  const Curve &curve = result.record.curves.at(0), &stream = result.record.curves.at(2);
  const double tokens = FindValue(stream, "measured_tokens"), distinct = FindValue(stream, "distinct_rows");
  std::string text = Format(
      "{} · rows of {} · {} tokens measured after {} · {} distinct rows: {:.1f} % of lookups are first "
      "uses\n",
      MetaValue(result.record.meta, "text"), config.locality.shape, tokens,
      FindValue(stream, "learned_tokens"), distinct, distinct / tokens * 100);
  text += "hits in % of lookups, from an empty cache; shuffled: the same tokens in random order\n";
  text += RateTable(curve, {{kLru, "lru"}, {kShuffled, "shuffled"}, {kOptimal, "optimum"}});
  text += "and after the learned tokens\n";
  std::vector<Column> columns;
  for (const CachePolicyRow& row : CachePolicies()) columns.emplace_back(SeriesOf(row), row.name);
  columns.insert(columns.begin() + 1, {kShuffledWarmed, "shuffled"});
  columns.emplace_back(kOptimalWarmed, "optimum");
  return text + RateTable(curve, columns);
}

}  // namespace

Experiment CacheLocality() { return {CountAndWrite, LocalityEstimate, LocalitySummary}; }

}  // namespace plelab
