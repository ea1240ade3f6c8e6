#include "harness/measure/replayed_hits.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "harness/measure/trace_hits.h"
#include "model/base/format.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/replay/replay.h"
#include "model/ple/replay/token_ids.h"
#include "model/ple/sources/cached_ple.h"
#include "model/ple/strategies/strategy_table.h"
#include "model/ple/strategies/transform_table.h"

namespace plelab {
namespace {

constexpr int64_t kLeastRows = 16;

// What the rows of one repetition are to a cache.
struct RepStream {
  std::vector<int64_t> before;  // what it starts with
  std::vector<int64_t> rows;    // prompt, warm-up and measured steps
  int64_t measured = 0;         // the last ones, which count
};

RepStream StreamOf(const VariantPlan& variant, const Workload& work) {
  const auto& own = variant.config.ple.Get<CachedOptions>();
  const int64_t vocab = variant.table.geometry.vocab;
  RepStream stream;
  stream.measured = work.decode_steps;
  stream.rows = PleRowsOfIds(work.prompts.front(), vocab);
  const std::vector<int64_t> replay = PleRowsOfIds(work.replay.front(), vocab);
  stream.rows.insert(stream.rows.end(), replay.begin(), replay.end());
  if (RowOf(own.policy).learns) {
    stream.before = PleRowsOfIds(ReadTokenIds(own.hot_from, kAnyVocabulary), vocab);
  } else if (own.initial == CacheStart::kWarmed) {
    stream.before = PleRowsOfIds(work.warm_ids, vocab);
  }
  return stream;
}

bool CanBeReplayed(const VariantPlan& variant, const Workload& work) {
  const PleOptions& ple = variant.config.ple;
  return ple.strategy == PleStrategy::kCached && ple.transform == PleTransform::kNone &&
         work.prompts.size() == 1 && work.replay.size() == 1;
}

double MeasuredShare(const Hits& hits, int64_t measured) {
  double sum = 0;
  for (auto hit = hits.end() - measured; hit != hits.end(); ++hit) sum += *hit;
  return sum / static_cast<double>(measured);
}

class ReplayCurve {
 public:
  ReplayCurve(const VariantPlan& variant, std::vector<RepStream> streams)
      : policy_(variant.config.ple.Get<CachedOptions>().policy),
        row_bytes_(variant.table.row_bytes()),
        series_(Format("{}{}", RowOf(policy_).name, variant.cache_start == "warmed" ? "_warmed" : "")),
        streams_(std::move(streams)) {}

  const std::string& series() const { return series_; }

  void AddTo(Curve& curve) const {
    int64_t distinct = 0;
    for (const RepStream& stream : streams_) {
      std::vector<int64_t> all = stream.before;  // which a warmed cache holds too
      all.insert(all.end(), stream.rows.begin(), stream.rows.end());
      distinct = std::max(distinct, DistinctRows(all));
    }
    for (const int64_t capacity : CapacityGrid(kLeastRows, distinct)) {
      Add(curve, series_, capacity,
          [&](const RepStream& stream) { return PolicyHits(policy_, stream.rows, capacity, stream.before); });
      Add(curve, series_ + "_optimal", capacity,
          [&](const RepStream& stream) { return OptimalHits(stream.rows, capacity, stream.before); });
    }
  }

 private:
  template <class HitsOf>
  void Add(Curve& curve, const std::string& series, int64_t capacity, HitsOf hits_of) const {
    double sum = 0;
    for (const RepStream& stream : streams_) sum += MeasuredShare(hits_of(stream), stream.measured);
    CurveRow row;
    row.series = series;
    row.label = std::to_string(capacity);
    row.x = static_cast<double>(capacity * row_bytes_);
    row.y = sum / static_cast<double>(streams_.size());
    curve.rows.push_back(row);
  }

  CachePolicy policy_;
  int64_t row_bytes_;
  std::string series_;
  std::vector<RepStream> streams_;
};

}  // namespace

std::optional<Curve> ReplayedHits(const RunPlan& plan, int64_t reps) {
  Curve curve{kReplayedHits, "bytes", "hits per lookup", {}};
  std::set<std::string> done;
  for (const VariantPlan& variant : plan.variants) {
    const auto& works = plan.groups.at(variant.group).works;
    if (works.empty() || !CanBeReplayed(variant, works.front())) continue;
    std::vector<RepStream> streams;
    for (int64_t rep = 0; rep < std::min(reps, std::ssize(works)); ++rep) {
      streams.push_back(StreamOf(variant, works[rep]));
    }
    const ReplayCurve replay(variant, std::move(streams));
    if (done.insert(replay.series()).second) replay.AddTo(curve);
  }
  if (curve.rows.empty()) return std::nullopt;
  return curve;
}

}  // namespace plelab
