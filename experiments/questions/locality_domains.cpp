#include "experiments/questions/locality_domains.h"

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_set>
#include <utility>

#include "experiments/questions/locality_curves.h"
#include "harness/support/progress.h"
#include "harness/support/statistics.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr char kWarmLru[] = "lru_warmed", kWarmOptimal[] = "optimal_warmed";
constexpr char kDomainShuffled[] = "lru_warmed_shuffled",
               kDomainShuffledWithin[] = "lru_warmed_shuffled_within";
constexpr char kFromOthers[] = "static_from_others";

using Orders = std::vector<std::vector<int64_t>>;

Hits Minus(Hits hits, const Hits& less) {
  std::transform(hits.begin(), hits.end(), less.begin(), hits.begin(), std::minus());
  return hits;
}

// Fills the three curves of hits for one domain after another.
class DomainSweep {
 public:
  DomainSweep(const LocalitySection& section, const std::vector<LocalityStream>& domains)
      : section_(section), domains_(domains) {}

  std::vector<Curve> Run() {
    Progress bar("cache hits", std::ssize(domains_));
    for (size_t i = 0; i < domains_.size(); ++i) {
      const RowStream measured = domains_[i].measured();
      const Orders anywhere = RandomOrders(std::ssize(measured), std::ssize(measured));
      const Orders within = RandomOrders(std::ssize(measured), kPassageTokens);
      for (const int64_t capacity : CapacityGrid(section_.least_rows, DistinctRows(measured))) {
        AddFromEmpty(domains_[i], capacity);
        AddWarmed(i, capacity);
        AddControl(kDomainShuffled, domains_[i], capacity, anywhere);
        AddControl(kDomainShuffledWithin, domains_[i], capacity, within);
      }
      bar.Update(static_cast<int64_t>(i) + 1, domains_[i].name());
    }
    bar.Finish();
    return {hits_, above_, gap_};
  }

 private:
  void AddFromEmpty(const LocalityStream& domain, int64_t capacity) {
    Add(hits_, "lru", domain, capacity, MeanOf(PolicyHits(CachePolicy::kLru, domain.measured(), capacity)));
    Add(hits_, "optimal", domain, capacity, MeanOf(OptimalHits(domain.measured(), capacity)));
  }

  // The caches that have seen the learned rows of this domain, and static sets learned on other domains.
  void AddWarmed(size_t index, int64_t capacity) {
    const LocalityStream& domain = domains_[index];
    const RowStream measured = domain.measured(), learned = domain.learn();
    lru_ = PolicyHits(CachePolicy::kLru, measured, capacity, learned);
    const Hits optimum = OptimalHits(measured, capacity, learned);
    gap_to_optimum_ = Minus(optimum, lru_);
    for (const CachePolicyRow& row : CachePolicies()) {
      AddCache(SeriesOf(row), domain, capacity, PolicyHits(row.policy, measured, capacity, learned));
    }
    AddCache(kWarmOptimal, domain, capacity, optimum);
    std::vector<int64_t> all_others;
    for (const LocalityStream& other : domains_) {
      if (&other == &domain) continue;
      all_others.insert(all_others.end(), other.learn().begin(), other.learn().end());
      AddCache("static_from_" + other.name(), domain, capacity,
               PolicyHits(CachePolicy::kStaticHot, measured, capacity, other.learn()));
    }
    AddCache(kFromOthers, domain, capacity,
             PolicyHits(CachePolicy::kStaticHot, measured, capacity, all_others));
  }

  void AddCache(const std::string& series, const LocalityStream& domain, int64_t capacity, const Hits& hits) {
    Add(hits_, series, domain, capacity, MeanOf(hits));
    if (series == kWarmLru) return;
    const Hits above = Minus(hits, lru_);
    Add(above_, series, domain, capacity, MeanOf(above));
    const bool open = std::ranges::any_of(gap_to_optimum_, [](double more) { return more != 0; });
    if (series != kWarmOptimal && open) {
      Add(gap_, series, domain, capacity,
          BlockBootstrapRatio(above, gap_to_optimum_, kPassageTokens, section_.bootstrap, seed()));
    }
  }

  // LRU on the measured rows in random orders.  What it has more than in the text's own order is paired by
  // occurrence: each keeps its place in the text, and has the mean of its hits in all the orders.
  void AddControl(const char* series, const LocalityStream& domain, int64_t capacity, const Orders& orders) {
    std::vector<double> rates;
    Hits mean(domain.measured().size());
    for (const auto& order : orders) {
      const Hits hits =
          PolicyHitsInOrder(CachePolicy::kLru, domain.measured(), order, capacity, domain.learn());
      rates.push_back(Mean(hits));
      for (size_t i = 0; i < hits.size(); ++i) mean[i] += hits[i] / static_cast<double>(orders.size());
    }
    Add(hits_, series, domain, capacity, {Mean(rates), Quantile(rates, 0.025), Quantile(rates, 0.975)});
    Add(above_, series, domain, capacity, MeanOf(Minus(mean, lru_)));
  }

  Orders RandomOrders(int64_t tokens, int64_t passage) const {
    Orders orders;
    for (int64_t i = 1; i <= section_.shuffles; ++i) {
      orders.push_back(RandomOrder(tokens, passage, seed() + static_cast<uint64_t>(i)));
    }
    return orders;
  }

  Interval MeanOf(const Hits& hits) const {
    return BlockBootstrapMean(hits, kPassageTokens, section_.bootstrap, seed());
  }

  uint64_t seed() const { return static_cast<uint64_t>(section_.seed); }

  static void Add(Curve& curve, const std::string& series, const LocalityStream& domain, int64_t capacity,
                  const Interval& y) {
    AddPoint(curve, series, capacity, capacity, y);
    curve.rows.back().label = domain.name();
  }

  const LocalitySection& section_;
  const std::vector<LocalityStream>& domains_;
  Hits lru_, gap_to_optimum_;  // of the domain and capacity that are being added
  Curve hits_{"domain_hits", "rows", "hits per lookup", {}};
  Curve above_{"domain_above_lru", "rows", "hits per lookup", {}};
  Curve gap_{"domain_gap", "rows", "share", {}};
};

void DescribeDomain(const LocalityStream& domain, Curve& curve) {
  const auto add = [&](const char* label, int64_t value) {
    AddPoint(curve, domain.name(), 0, std::ssize(curve.rows), {static_cast<double>(value), kNan, kNan});
    curve.rows.back().label = label;
  };
  const std::unordered_set<int64_t> learned(domain.learn().begin(), domain.learn().end());
  const std::unordered_set<int64_t> rows(domain.measured().begin(), domain.measured().end());
  add("learned_tokens", std::ssize(domain.learn()));
  add("measured_tokens", std::ssize(domain.measured()));
  add("distinct_rows", std::ssize(rows));
  add("new_rows", std::ranges::count_if(rows, [&](int64_t row) { return !learned.contains(row); }));
  add("row_bytes", domain.geometry.row_bytes());
  add("table_bytes", domain.geometry.table_bytes());
}

// series and capacity → value, of one domain.
using Values = std::map<std::pair<std::string, double>, double>;

std::map<std::string, Values> ByDomain(const Curve& curve) {
  std::map<std::string, Values> domains;
  for (const CurveRow& row : curve.rows) domains[row.label][{row.series, row.x}] = row.y;
  return domains;
}

// The capacities that all domains have, every second of them: each is four times the one before.
std::vector<double> CapacitiesShown(const std::map<std::string, Values>& domains) {
  std::vector<double> shown;
  bool next = true;
  for (const auto& [key, value] : domains.begin()->second) {
    const auto has = [&key](const auto& domain) { return domain.second.contains(key); };
    if (key.first != kWarmLru || !std::ranges::all_of(domains, has)) continue;
    if (next) shown.push_back(key.second);
    next = !next;
  }
  return shown;
}

// The policy that goes farthest from LRU to the optimum, of those that need no other text.
std::pair<std::string, double> BestPolicy(const Values& gap, double capacity) {
  std::pair<std::string, double> best{"none", kNan};
  for (const CachePolicyRow& row : CachePolicies()) {
    const auto found = gap.find({SeriesOf(row), capacity});
    if (found == gap.end() || row.learns || found->second <= best.second) continue;
    best = {std::string(row.name), found->second};
  }
  return best;
}

}  // namespace

std::string SeriesOf(const CachePolicyRow& policy) {
  return Format("{}{}", policy.name, policy.learns ? "" : "_warmed");
}

std::vector<Curve> CompareDomains(const LocalitySection& section,
                                  const std::vector<LocalityStream>& domains) {
  std::vector<Curve> curves = DomainSweep(section, domains).Run();
  Curve& stream = curves.emplace_back(Curve{"domain_stream", "", "by label", {}});
  for (const LocalityStream& domain : domains) DescribeDomain(domain, stream);
  return curves;
}

std::string DomainSummary(const Record& record) {
  const auto hits = ByDomain(record.curves.at(0)), gaps = ByDomain(record.curves.at(2));
  std::string text =
      "hits in % of lookups after the learned tokens; shuffled: the same tokens in random order; within: "
      "in random order within each passage of 256; best: of the policies that need no other text\n";
  for (const double capacity : CapacitiesShown(hits)) {
    text +=
        Format("{:<14} {:>6} {:>9} {:>7} {:>7} {:>12} {:>8}  {}\n", Format("{:.0f} rows", capacity), "lru",
               "shuffled", "within", "static", "static else", "optimum", "best, % of the way to the optimum");
    for (const auto& [domain, values] : hits) {
      const auto percent = [&](const char* series) { return values.at({series, capacity}) * 100; };
      const auto gap = gaps.find(domain);
      const auto best = BestPolicy(gap == gaps.end() ? Values{} : gap->second, capacity);
      text += Format("{:<14} {:>6.1f} {:>9.1f} {:>7.1f} {:>7.1f} {:>12.1f} {:>8.1f}  {} {:.0f}\n", domain,
                     percent(kWarmLru), percent(kDomainShuffled), percent(kDomainShuffledWithin),
                     percent("static_hot"), percent(kFromOthers), percent(kWarmOptimal), best.first,
                     best.second * 100);
    }
  }
  return text;
}

}  // namespace plelab
