// Whether reads get faster or slower from repetition to repetition, as they do where a cache fills.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// The rows of `read_trend` (harness/statistics/trend.h): for each variant that is done, over the repetitions'
// medians of its reads of rows (metric ple_read_ns, in the steps that read) and of the reads of bytes that
// were never read (metric unread_ns), where there are any.  `value` is in ns per repetition.
std::vector<ComparisonRow> ReadTrendRows(const Record& record);

// True for such a row with p below kTrendLevel.
bool IsFlaggedTrend(const ComparisonRow& row);

// One line without its end that names the flagged trends, or "" where there are none.
std::string ReadTrendText(const std::vector<ComparisonRow>& rows);

}  // namespace plelab
