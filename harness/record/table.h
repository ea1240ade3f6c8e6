// The rows of a result as columns, packed into rows of fixed length.  Independent of any file format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace plelab {

enum class ColumnType { kInt64, kFloat64, kString };
std::string_view Name(ColumnType type);

// A column and its values, all of one type.
struct Column {
  std::string name;
  std::string unit;
  std::variant<std::vector<int64_t>, std::vector<double>, std::vector<std::string>> values;  // as ColumnType

  ColumnType type() const { return static_cast<ColumnType>(values.index()); }
  int64_t rows() const;
};

// Columns of equal length.
struct Table {
  std::vector<Column> columns;

  int64_t rows() const { return columns.empty() ? 0 : columns.front().rows(); }
  // Returns nullptr when there is no column of this name.
  const Column* Find(std::string_view name) const;
};

// The byte offset of each column in a packed row, without gaps.
struct RowLayout {
  struct Member {
    std::string name;
    ColumnType type;
    size_t offset, size;
  };
  std::vector<Member> members;
  size_t row_bytes = 0;

  void Add(std::string name, ColumnType type, size_t size);
};

// A string column is as wide as its longest value, but at least 1.
RowLayout LayoutOf(const Table& table);
// Returns [rows, row_bytes], with numbers as they are in memory and strings padded with zeros.
std::vector<char> PackRows(const Table& table, const RowLayout& layout);
Column UnpackColumn(const std::vector<char>& bytes, const RowLayout& layout, const RowLayout::Member& member,
                    size_t rows);

// The schema_version that brought a column.  Files of earlier versions are read without it.
struct Since {
  int schema_version = 1;
};

// Converts rows of a struct with VisitFields (harness/record/record.h) to a table and back.
template <class Row>
Table ToTable(const std::vector<Row>& rows) {
  Table table;
  Row::VisitFields([&](const char* name, auto member, const char* unit, Since = {}) {
    std::vector<std::decay_t<decltype(Row{}.*member)>> values;
    values.reserve(rows.size());
    for (const Row& row : rows) values.push_back(row.*member);
    table.columns.push_back({name, unit, std::move(values)});
  });
  return table;
}

// Why `table` of a file with `schema_version` cannot be read as rows of Row: missing columns and columns of
// another type, one per line.
template <class Row>
std::vector<std::string> ColumnProblems(const Table& table, int schema_version) {
  std::vector<std::string> problems;
  Row::VisitFields([&](const std::string& name, auto member, const char*, Since since = {}) {
    using Values = std::vector<std::decay_t<decltype(Row{}.*member)>>;
    const ColumnType expected = Column{"", "", Values{}}.type();
    const Column* column = table.Find(name);
    if (column == nullptr) {
      if (since.schema_version > schema_version) return;
      problems.push_back("column '" + name + "' is missing");
    } else if (column->type() != expected) {
      problems.push_back("column '" + name + "': expected " + std::string(Name(expected)) + ", found " +
                         std::string(Name(column->type())));
    }
  });
  return problems;
}

// REQUIRES that ColumnProblems<Row>(table, …) is empty.  Columns that Row does not have are ignored; those
// that an earlier schema lacks keep their defaults.
template <class Row>
std::vector<Row> FromTable(const Table& table) {
  std::vector<Row> rows(static_cast<size_t>(table.rows()));
  Row::VisitFields([&](const char* name, auto member, const char*, Since = {}) {
    using Values = std::vector<std::decay_t<decltype(Row{}.*member)>>;
    const Column* column = table.Find(name);
    if (column == nullptr) return;
    const auto& values = std::get<Values>(column->values);
    for (size_t i = 0; i < rows.size(); ++i) rows[i].*member = values[i];
  });
  return rows;
}

}  // namespace plelab
