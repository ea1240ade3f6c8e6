// Reads and writes result files, and lists the part files of a run under way.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

inline constexpr int kSchemaVersion = 2;

// Writes `record` to a temporary file beside `path`, syncs it and renames it to `path`, so that a reader sees
// either all of it or nothing.  Throws RunError naming the path and the system's reason (such as a full
// disk); no partial file remains.
void WriteRecord(const std::string& path, const Record& record);
// Throws UserError when the file is missing, is not HDF5, is damaged or does not have this schema.  Reads it
// in a child process first, where the HDF5 library may crash; so does SchemaProblems.
Record ReadRecord(const std::string& path);
// Appends b's rows to a's.  Where both have a meta key, a's value is kept.
void Append(Record& a, const Record& b);

// The folder of part files beside a result: results/x.h5 → results/x.h5.parts/
std::string PartsFolder(const std::string& result_path);
// The result that a folder of part files is of.
std::string ResultOfParts(const std::string& parts_folder);
// The part files in the folder, sorted by name.  Leftover `*.tmp` files of killed processes are removed.
std::vector<std::string> ListParts(const std::string& folder);

// What keeps a file that HDF5 can read from being a result: tables, columns and units that are missing or of
// another kind, one per line.
std::vector<std::string> SchemaProblems(const std::string& path);

}  // namespace plelab
