// Whether reads of rows reached the device, judged by reads that must have.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// Where a result keeps what the two words are made of (results/README.md).
inline constexpr char kColdReferenceCurve[] = "cold_reference";
inline constexpr char kGuestColdCurve[] = "guest_cold";

// Reads of bytes that were never read, in each repetition; with fewer there is no verdict.
inline constexpr int64_t kReferenceReads = 64;
// Reads of rows may take this share of the time of reads of bytes that were never read: chance makes two
// samples of one device differ, and a cache answers in a tenth of the time.
inline constexpr double kColdShare = 0.8;

// "yes": the 10th percentile and the median of `row_ns` are at least kColdShare of those of `unread_ns`.
// "no": one of them is not.  "unknown": there are no `row_ns`, or fewer than kReferenceReads of the others.
// Both are times of single reads of the same size in ns.  A cache that holds what was never read, as a host's
// may, answers both; nothing is said about it.
std::string DeviceCold(std::span<const double> row_ns, std::span<const double> unread_ns);

// The mean time of a read in each of the steps that read something, in ns.
std::vector<double> RowReadsNs(std::span<const StepRow> steps);

}  // namespace plelab
