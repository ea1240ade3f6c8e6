// The only user of HDF5: tables, matrices and attributes, as values of our own types.
//
// A file is built in memory and written by WriteWholeFile.  HDF5 itself never writes to the disk, so a
// full disk cannot damage its metadata, and errors carry the system's own reason.  Not thread-safe, because
// the C library is not.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/record/table.h"

namespace plelab {

struct FloatMatrix {
  int64_t rows = 0, cols = 0;
  std::vector<float> values;  // [rows, cols]
};

// A file under construction.  Paths are absolute ("/tables/steps"); missing groups on the way are created.
class Hdf5Writer {
 public:
  Hdf5Writer();
  ~Hdf5Writer();
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;

  // Writes a one-dimensional dataset of a compound type.  Strings are UTF-8 and have a fixed length (that of
  // the longest value), padded with zeros.  An attribute `units` holds a JSON object {"column": "unit"}.
  // Large tables are chunked and compressed.
  void WriteTable(const std::string& path, const Table& table);
  // Creates a float32 matrix [rows, cols] of zeros, to be filled by WriteRows.
  void MakeMatrix(const std::string& path, int64_t rows, int64_t cols);
  // Writes whole rows from `first_row` on.  Throws RunError when the values are not whole rows of the matrix.
  void WriteRows(const std::string& path, int64_t first_row, std::span<const float> values);
  // Writes an attribute of any length to the group or dataset `object`, which is created as a group when it
  // does not exist.
  void WriteAttribute(const std::string& object, const std::string& name, const std::string& value);
  void WriteAttribute(const std::string& object, const std::string& name, int64_t value);
  // Writes everything to `file`, all or nothing (model/base/output_file.h).  The writer can be used
  // further.  Throws RunError with the system's reason.
  void Save(const std::string& file);

 private:
  int64_t file_;
};

class Hdf5Reader {
 public:
  // Throws UserError when the file is missing, unreadable or not HDF5.  The library may crash on a damaged
  // file: one that is not known to be whole is read by ReadRecord, which tries it in a child process first.
  explicit Hdf5Reader(const std::string& file);
  ~Hdf5Reader();
  Hdf5Reader(const Hdf5Reader&) = delete;
  Hdf5Reader& operator=(const Hdf5Reader&) = delete;

  bool Has(const std::string& path) const;
  // The names in a group, sorted; empty when there is no such group.
  std::vector<std::string> List(const std::string& group) const;
  // Integers and floats of any width become int64 and double.  Throws UserError for any other type.
  Table ReadTable(const std::string& path) const;
  FloatMatrix ReadMatrix(const std::string& path) const;
  // The attributes in the order in which they were written, with numbers as text.
  std::vector<std::pair<std::string, std::string>> ReadAttributes(const std::string& object) const;

 private:
  std::string path_;
  double most_bytes_ = 0;  // a table that claims more is not in a file of this size
  int64_t file_;
};

// The version of the loaded library, such as "1.10.8".
std::string Hdf5Version();

}  // namespace plelab
