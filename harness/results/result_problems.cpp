#include "harness/results/result_problems.h"

#include <algorithm>
#include <iterator>

#include "harness/cold/cold_record_check.h"
#include "harness/comparison/comparison_check.h"
#include "harness/record/record_check.h"
#include "harness/record/recorder.h"
#include "model/base/error.h"

namespace plelab {

std::vector<std::string> RecordProblems(const Record& record) {
  std::vector<std::string> problems = CheckRecord(record);
  if (!problems.empty()) return problems;
  try {
    problems = ComparisonProblems(record);
    std::ranges::move(ColdProblems(record), std::back_inserter(problems));
    return problems;
  } catch (const UserError& error) {  // its config is none
    return {error.what()};
  }
}

std::vector<std::string> ResultProblems(const std::string& path) {
  const std::vector<std::string> foreign = SchemaProblems(path);
  return foreign.empty() ? RecordProblems(ReadRecord(path)) : foreign;
}

}  // namespace plelab
