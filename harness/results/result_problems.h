// What is wrong with a result, by all checks that there are.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

// Every inconsistency, one per line: those of CheckRecord, and where it finds none those of
// ComparisonProblems and ColdProblems.  Empty when all that the record says of itself follows from its rows.
std::vector<std::string> RecordProblems(const Record& record);

// The same of a file: SchemaProblems, and where it finds none RecordProblems.  Throws as ReadRecord.
std::vector<std::string> ResultProblems(const std::string& path);

}  // namespace plelab
