#include "harness/record/repetition_flags.h"

#include <algorithm>
#include <map>

#include "harness/statistics/outlier.h"
#include "harness/support/system_files.h"
#include "model/base/format.h"

namespace plelab {
namespace {

// The mean step times of each variant's repetitions, in the order of its rows in `reps`; a repetition without
// steps is left out of both.
struct Means {
  std::vector<RepRow*> rows;
  std::vector<double> ns;
};

std::map<std::string, Means> MeansByVariant(Record& record) {
  std::map<std::pair<std::string, int64_t>, std::vector<double>> steps;
  for (const StepRow& step : record.steps) {
    steps[{step.variant, step.rep}].push_back(static_cast<double>(step.step_ns));
  }
  std::map<std::string, Means> means;
  for (RepRow& row : record.reps) {
    const auto found = steps.find({row.variant, row.rep});
    if (found == steps.end()) continue;
    means[row.variant].rows.push_back(&row);
    means[row.variant].ns.push_back(Mean(found->second));
  }
  return means;
}

void Add(RepRow& row, const std::string& flag) { row.flag += (row.flag.empty() ? "" : "; ") + flag; }

void FlagFarOnes(Record& record) {
  for (auto& [variant, means] : MeansByVariant(record)) {
    const std::vector<double> far = FarFromMedian(means.ns);
    for (size_t i = 0; i < far.size(); ++i) {
      if (far[i] == 0) continue;
      Add(*means.rows[i], Format("{}: its mean step is {:.2f} × the median repetition's",
                                 far[i] > 1 ? "slow" : "fast", far[i]));
    }
  }
}

void FlagBusyOnes(Record& record) {
  const double cores = std::max(1.0, LeadingNumber(MetaValue(record.meta, "cores")).value_or(1));
  for (RepRow& row : record.reps) {
    if (row.wall_ns <= 0) continue;
    const auto wall_ns = static_cast<double>(row.wall_ns);
    const double pressure = row.cpu_pressure_us * 1e3 / wall_ns;  // NaN is above nothing
    const double steal = static_cast<double>(row.steal_ns) / (wall_ns * cores);
    if (pressure > kBusyPressure) {
      Add(row, Format("busy: tasks waited for a core in {:.0f} % of its time", pressure * 100));
    }
    if (steal > kBusySteal) {
      Add(row, Format("steal: the hypervisor took {:.1f} % of the cores' time", steal * 100));
    }
  }
}

}  // namespace

void FlagRepetitions(Record& record) {
  for (RepRow& row : record.reps) row.flag.clear();
  FlagFarOnes(record);
  FlagBusyOnes(record);
}

std::vector<std::string> FlagProblems(const Record& record) {
  Record expected = record;
  FlagRepetitions(expected);
  std::vector<std::string> problems;
  for (size_t i = 0; i < record.reps.size(); ++i) {
    const RepRow& row = record.reps[i];
    if (row.flag == expected.reps[i].flag) continue;
    problems.push_back(Format("reps: '{}' rep {}: flag: the rows give '{}', found '{}'", row.variant, row.rep,
                              expected.reps[i].flag, row.flag));
  }
  return problems;
}

}  // namespace plelab
