#include "experiments/questions/locality_domains.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "experiments/questions/locality_curves.h"
#include "tests/support/row_streams.h"

namespace plelab {
namespace locality_domains_test {

using ::testing::HasSubstr;

LocalityStream Domain(const std::string& path, const std::vector<int64_t>& learned,
                      const std::vector<int64_t>& measured) {
  LocalityStream domain;
  domain.text.path = path;
  domain.geometry = {.vocab = 1000, .layers = 2, .dim = 8};
  domain.rows = learned;
  domain.rows.insert(domain.rows.end(), measured.begin(), measured.end());
  domain.learned = learned.size();
  return domain;
}

class LocalityDomains : public ::testing::Test {
 protected:
  void Compare(const std::vector<LocalityStream>& domains) {
    LocalitySection section;
    section.least_rows = 1;
    section.shuffles = 4;
    section.bootstrap = 50;
    curves_ = CompareDomains(section, domains);
  }

  const CurveRow* Find(const std::string& curve, const std::string& series, const std::string& domain,
                       double rows) const {
    for (const Curve& c : curves_) {
      if (c.name != curve) continue;
      for (const CurveRow& row : c.rows) {
        if (row.series == series && row.label == domain && row.x == rows) return &row;
      }
    }
    return nullptr;
  }
  CurveRow Row(const std::string& curve, const std::string& series, const std::string& domain,
               double rows) const {
    const CurveRow* row = Find(curve, series, domain, rows);
    EXPECT_NE(row, nullptr) << "no " << series << " of " << domain << " at " << rows << " in " << curve;
    return row ? *row : CurveRow{};
  }
  double StreamOf(const std::string& domain, const std::string& label) const {
    for (const CurveRow& row : curves_.back().rows) {
      if (row.series == domain && row.label == label) return row.y;
    }
    return kNan;
  }

  std::vector<Curve> curves_;
};

// Measured are 5 7 9 5 7 9 after 5 5 5 7, and 8 8 after 7 7 9.
TEST_F(LocalityDomains, CountsTwoShortDomainsAsByHand) {
  Compare({Domain("x/a.json", {5, 5, 5, 7}, {5, 7, 9, 5, 7, 9}), Domain("x/b.json", {7, 7, 9}, {8, 8})});
  EXPECT_EQ(Row("domain_hits", "lru", "a", 2).y, 0);
  EXPECT_EQ(Row("domain_hits", "lru_warmed", "a", 2).y, 2.0 / 6);
  EXPECT_EQ(Row("domain_hits", "static_hot", "a", 2).y, 4.0 / 6);
  EXPECT_EQ(Row("domain_hits", "optimal_warmed", "a", 2).y, 4.0 / 6);
  EXPECT_EQ(Row("domain_hits", "static_from_b", "a", 1).y, 2.0 / 6);  // 7
  EXPECT_EQ(Row("domain_hits", "static_from_b", "a", 2).y, 4.0 / 6);  // 7 and 9
  EXPECT_EQ(Row("domain_hits", "static_from_a", "b", 1).y, 0);
  EXPECT_EQ(Row("domain_above_lru", "static_hot", "a", 2).y, 2.0 / 6);
  EXPECT_EQ(Row("domain_above_lru", "optimal_warmed", "a", 2).y, 2.0 / 6);
  EXPECT_EQ(Row("domain_gap", "static_hot", "a", 2).y, 1);
  EXPECT_EQ(Row("domain_gap", "static_from_b", "a", 2).y, 1);
  EXPECT_EQ(StreamOf("a", "distinct_rows"), 3);
  EXPECT_EQ(StreamOf("a", "new_rows"), 1);  // 9
  EXPECT_EQ(StreamOf("b", "new_rows"), 1);
  EXPECT_EQ(StreamOf("b", "measured_tokens"), 2);
  EXPECT_EQ(StreamOf("b", "row_bytes"), 2 * 8 * 2);
}

TEST_F(LocalityDomains, NoShareIsGivenWhereThereIsNothingToGain) {
  Compare({Domain("a.json", {1, 2}, {1, 2, 1, 2}), Domain("b.json", {3}, {3, 3})});
  EXPECT_EQ(Find("domain_gap", "sieve_warmed", "a", 2), nullptr);
  EXPECT_EQ(Row("domain_above_lru", "sieve_warmed", "a", 2).y, 0);
  EXPECT_EQ(Row("domain_hits", "lru_warmed", "a", 2).y, 1);
}

// What other domains know is all of their learned parts, with each row as often as it is in them together.
TEST_F(LocalityDomains, AStaticSetOfTheOthersLearnsFromAllOfThem) {
  Compare({Domain("a.json", {1}, {4, 5, 6, 4, 5, 6}), Domain("b.json", {4, 4, 4, 5, 5}, {1, 1}),
           Domain("c.json", {6, 6, 6, 6, 5, 5}, {1, 1})});
  EXPECT_EQ(Row("domain_hits", "static_from_b", "a", 1).y, 2.0 / 6);  // 4
  EXPECT_EQ(Row("domain_hits", "static_from_c", "a", 1).y, 2.0 / 6);  // 6
  // 5 and 6 four times each, 4 three times: of two rows 4 is left out.
  const std::vector<int64_t> measured{4, 5, 6, 4, 5, 6}, both{4, 4, 4, 5, 5, 6, 6, 6, 6, 5, 5};
  Hits expected;
  for (const int64_t row : measured) expected.push_back(row == 4 ? 0 : 1);
  EXPECT_EQ(PolicyHits(CachePolicy::kStaticHot, measured, 2, both), expected);
  EXPECT_EQ(Row("domain_hits", "static_from_others", "a", 2).y, Mean(expected));
}

// Each row four times in a row: all that an LRU cache of a few rows hits is due to their order, which is gone
// in either control.
TEST_F(LocalityDomains, TheControlsTakeTheOrderAway) {
  std::vector<int64_t> runs;
  for (int64_t i = 0; i < 4 * kPassageTokens; ++i) runs.push_back(i / 4 % 200);
  Compare({Domain("runs.json", runs, runs), Domain("other.json", {1, 2}, {1, 2})});
  EXPECT_GE(Row("domain_hits", "lru_warmed", "runs", 4).y, 0.75);
  EXPECT_LT(Row("domain_hits", "lru_warmed_shuffled", "runs", 4).y, 0.1);
  const CurveRow less = Row("domain_above_lru", "lru_warmed_shuffled", "runs", 4);
  EXPECT_NEAR(less.y, Row("domain_hits", "lru_warmed_shuffled", "runs", 4).y - 0.75, 1e-12);
  EXPECT_LT(less.high, -0.6);
  // Of rows that are used in one passage alone, those within it are all there is.
  const double within = Row("domain_hits", "lru_warmed_shuffled_within", "runs", 128).y;
  EXPECT_GT(within, 0.74);
  EXPECT_LT(Row("domain_hits", "lru_warmed_shuffled", "runs", 64).y, 0.5);
  EXPECT_GT(Row("domain_hits", "lru_warmed_shuffled_within", "runs", 64).y, 0.7);
}

TEST_F(LocalityDomains, TheControlIsLruOnTheShuffledRows) {
  const auto learned = UnequalRows(400, 60, 1), measured = UnequalRows(600, 60, 2);
  Compare({Domain("a.json", learned, measured), Domain("b.json", {1, 2}, {1, 2})});
  for (const int64_t capacity : {4, 16}) {
    double sum = 0;
    for (uint64_t seed = 1; seed <= 4; ++seed) {
      sum += Mean(PolicyHits(CachePolicy::kLru, Shuffled(measured, seed), capacity, learned));
    }
    const double rate = Row("domain_hits", "lru_warmed_shuffled", "a", static_cast<double>(capacity)).y;
    EXPECT_NEAR(rate, sum / 4, 1e-12) << capacity;
    EXPECT_NEAR(Row("domain_above_lru", "lru_warmed_shuffled", "a", static_cast<double>(capacity)).y,
                rate - Row("domain_hits", "lru_warmed", "a", static_cast<double>(capacity)).y, 1e-12);
  }
}

TEST_F(LocalityDomains, SharesAreOfTheWayToTheOptimumAndNoneIsAboveIt) {
  Compare({Domain("a.json", UnequalRows(900, 300, 1), UnequalRows(900, 300, 2)),
           Domain("b.json", UnequalRows(900, 300, 3), UnequalRows(900, 300, 4))});
  int shares = 0;
  for (const CurveRow& row : curves_.at(2).rows) {
    const double above = Row("domain_above_lru", row.series, row.label, row.x).y;
    const double gap = Row("domain_above_lru", "optimal_warmed", row.label, row.x).y;
    EXPECT_NEAR(row.y, above / gap, 1e-9) << row.series;
    EXPECT_LE(row.low, row.y + 1e-9);
    EXPECT_GE(row.high, row.y - 1e-9);
    // A set learned elsewhere may have rows that this domain's optimum could not start with.
    const double most = row.series.starts_with("static_from") ? 1 / gap : 1;
    EXPECT_LE(row.y, most + 1e-9) << row.series;
    ++shares;
  }
  EXPECT_GT(shares, 100);
}

TEST_F(LocalityDomains, TheSummaryHasEachDomainAtEachFourthCapacity) {
  Compare({Domain("a.json", {5, 5, 5, 7}, {5, 7, 9, 5, 7, 9}), Domain("b.json", {7, 7, 9}, {8, 9, 8, 9})});
  Record record;
  record.curves = curves_;
  const std::string summary = DomainSummary(record);
  EXPECT_THAT(summary, HasSubstr("1 rows"));
  EXPECT_EQ(summary.find("2 rows"), std::string::npos);
  EXPECT_THAT(summary, HasSubstr("\na "));
  EXPECT_THAT(summary, HasSubstr("\nb "));
}

}  // namespace locality_domains_test
}  // namespace plelab
