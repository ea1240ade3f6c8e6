#include "harness/cold/device_cold.h"

namespace plelab {

std::string DeviceCold(std::span<const double> row_ns, std::span<const double> unread_ns) {
  if (row_ns.empty() || std::ssize(unread_ns) < kReferenceReads) return "unknown";
  for (const double share : {0.1, 0.5}) {
    if (Quantile(row_ns, share) < kColdShare * Quantile(unread_ns, share)) return "no";
  }
  return "yes";
}

std::vector<double> RowReadsNs(std::span<const StepRow> steps) {
  std::vector<double> ns;
  for (const StepRow& step : steps) {
    if (step.read_calls > 0)
      ns.push_back(static_cast<double>(step.ple_read_ns) / static_cast<double>(step.read_calls));
  }
  return ns;
}

}  // namespace plelab
