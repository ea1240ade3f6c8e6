// The one HDF5 user: tables, matrices and attributes, in values of our own.
//
// A file is built in memory and written by WriteWholeFile: HDF5 never writes to the disk
// itself, so a full disk cannot break its metadata, and the reason in the error is the system's
// own.  Not thread-safe (the C library is not).
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

// A file under construction.  Paths are absolute ("/tables/steps"); groups on the way are made.
class Hdf5Writer {
 public:
  Hdf5Writer();
  ~Hdf5Writer();
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;

  // A one-dimensional dataset of a compound type; strings have a fixed length (the longest
  // value's), padded with zeros, UTF-8.  An attribute `units` holds a JSON object {"column":
  // "unit"}.  Large tables are chunked and compressed.
  void WriteTable(const std::string& path, const Table& table);
  // A float32 matrix [rows, cols] of zeros, to be filled by WriteRows.
  void MakeMatrix(const std::string& path, int64_t rows, int64_t cols);
  // Whole rows from `first_row` on; throws RunError for values that are not whole rows of the matrix.
  void WriteRows(const std::string& path, int64_t first_row, std::span<const float> values);
  // On the group or dataset `object`, which is made as a group where it is not there.  Any length.
  void WriteAttribute(const std::string& object, const std::string& name, const std::string& value);
  void WriteAttribute(const std::string& object, const std::string& name, int64_t value);
  // Puts everything into `file`, all or nothing (model/base/output_file.h); the writer can go on afterwards.
  // Throws RunError with the system's reason.
  void Save(const std::string& file);

 private:
  int64_t file_;
};

class Hdf5Reader {
 public:
  // Throws UserError when the file is missing, unreadable or not HDF5.
  explicit Hdf5Reader(const std::string& file);
  ~Hdf5Reader();
  Hdf5Reader(const Hdf5Reader&) = delete;
  Hdf5Reader& operator=(const Hdf5Reader&) = delete;

  bool Has(const std::string& path) const;
  // Names in a group, sorted; empty where there is no such group.
  std::vector<std::string> List(const std::string& group) const;
  // Integers and floats of any width widen to int64 and double.  Throws UserError for anything else.
  Table ReadTable(const std::string& path) const;
  FloatMatrix ReadMatrix(const std::string& path) const;
  // Attributes in the order in which they were written; numbers as text.
  std::vector<std::pair<std::string, std::string>> ReadAttributes(const std::string& object) const;

 private:
  std::string path_;
  int64_t file_;
};

// "1.10.8": of the library that is loaded.
std::string Hdf5Version();

}  // namespace plelab
