// The one HDF5 user: part files while a run goes on, one result file at its end.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

inline constexpr int kSchemaVersion = 1;

// Writes `record` to a temporary neighbour, syncs it, renames it to `path`: a reader sees all of it or
// nothing. Throws RunError naming the path and the system's reason (disk full), leaving no half file behind.
void WriteRecord(const std::string& path, const Record& record);
// Throws UserError when the file is missing, is not HDF5 or is not of this schema.
Record ReadRecord(const std::string& path);
// Appends b's rows to a's, keeping a's meta where both name a key.
void Append(Record& a, const Record& b);

// The folder of part files beside a result: results/x.h5 → results/x.h5.parts/
std::string PartsFolder(const std::string& result_path);
// Part files found there, sorted by name; `*.tmp` left by a kill are ignored (and removed).
std::vector<std::string> ListParts(const std::string& folder);

// `plelab validate`: every problem found, one line each; empty when the file keeps the schema, its references
// hold (each rep and step names a variant, hits + misses = lookups, exact variants share one output hash, …).
std::vector<std::string> ValidateRecord(const std::string& path);

}  // namespace plelab
