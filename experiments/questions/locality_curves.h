// What the rows of a text say about caches beside hits by capacity: how fast new rows come, what several
// users at once do to a cache, and how long an emptied one takes to be of use again.
#pragma once

#include <cstdint>
#include <string>

#include "harness/measure/trace_hits.h"
#include "harness/record/record.h"
#include "harness/support/statistics.h"

namespace plelab {

// Tokens that are resampled together, because neighbours share their words.
inline constexpr int64_t kPassageTokens = 256;

// Adds a row to a curve of hits; the label is a number.
void AddPoint(Curve& curve, const std::string& series, int64_t label, int64_t x, const Interval& y);

struct TextRows {
  RowStream learned = {}, measured = {};
  int64_t vocab = 0;      // REQUIRES 0 ≤ row < vocab
  int64_t row_bytes = 0;  // of the table
  int64_t bootstrap = 1000;
  uint64_t seed = 0;
};

// /curves/lru_by_capacity: hits per lookup of an LRU cache that starts empty, at about ten capacities in each
// doubling, from one pass over the measured rows (stack distances).
Curve LruByCapacity(const TextRows& text);

// /curves/vocabulary_growth: distinct rows among the first x measured ones, in the text's order (`text`) and
// in a random one (`shuffled`).
Curve VocabularyGrowth(const TextRows& text);

// /curves/interleaved_users: hits per lookup when 1, 2, 4 … 64 users take turns, token by token, each in
// another stretch of the measured rows.  Every cache has seen the learned rows.  label: the capacity in rows.
Curve InterleavedUsers(const TextRows& text);

// /curves/after_idle: hits per lookup of the tokens from x / 2 to x after a cache was emptied, over as many
// starts as the measured rows have stretches of kIdleStretch tokens.  What is counted is LRU.  label: the
// capacity in rows.
constexpr int64_t kIdleStretch = 2048;
Curve AfterIdle(const TextRows& text);

}  // namespace plelab
