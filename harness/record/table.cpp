#include "harness/record/table.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

namespace plelab {
namespace {

size_t LongestValue(const Column& column) {
  size_t longest = 1;  // file formats have no strings of length 0
  for (const auto& value : std::get<std::vector<std::string>>(column.values))
    longest = std::max(longest, value.size());
  return longest;
}

template <class T>
void PackValue(const T& value, char* out) {
  if constexpr (std::is_same_v<T, std::string>) {
    std::memcpy(out, value.data(), value.size());
  } else {
    std::memcpy(out, &value, sizeof(value));
  }
}

template <class T>
void UnpackValue(const char* in, size_t size, T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    value.assign(in, strnlen(in, size));
  } else {
    std::memcpy(&value, in, sizeof(value));
  }
}

}  // namespace

int64_t Column::rows() const {
  return std::visit([](const auto& values) { return static_cast<int64_t>(values.size()); }, values);
}

std::string_view Name(ColumnType type) {
  switch (type) {
    case ColumnType::kInt64:
      return "int64";
    case ColumnType::kFloat64:
      return "float64";
    case ColumnType::kString:
      return "string";
  }
  return "";
}

const Column* Table::Find(std::string_view name) const {
  for (const Column& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

void RowLayout::Add(std::string name, ColumnType type, size_t size) {
  members.push_back({std::move(name), type, row_bytes, size});
  row_bytes += size;
}

RowLayout LayoutOf(const Table& table) {
  RowLayout layout;
  for (const Column& column : table.columns) {
    const size_t size = column.type() == ColumnType::kString ? LongestValue(column) : sizeof(int64_t);
    layout.Add(column.name, column.type(), size);
  }
  return layout;
}

std::vector<char> PackRows(const Table& table, const RowLayout& layout) {
  std::vector<char> bytes(static_cast<size_t>(table.rows()) * layout.row_bytes);
  for (size_t c = 0; c < table.columns.size(); ++c) {
    size_t at = layout.members[c].offset;
    std::visit(
        [&](const auto& values) {
          for (const auto& value : values) {
            PackValue(value, &bytes[at]);
            at += layout.row_bytes;
          }
        },
        table.columns[c].values);
  }
  return bytes;
}

Column UnpackColumn(const std::vector<char>& bytes, const RowLayout& layout, const RowLayout::Member& member,
                    size_t rows) {
  Column column{member.name, "", {}};
  if (member.type == ColumnType::kInt64) column.values = std::vector<int64_t>(rows);
  if (member.type == ColumnType::kFloat64) column.values = std::vector<double>(rows);
  if (member.type == ColumnType::kString) column.values = std::vector<std::string>(rows);
  size_t at = member.offset;
  std::visit(
      [&](auto& values) {
        for (auto& value : values) {
          UnpackValue(&bytes[at], member.size, value);
          at += layout.row_bytes;
        }
      },
      column.values);
  return column;
}

}  // namespace plelab
