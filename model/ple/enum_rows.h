// Tables with one row for each value of an enumeration.
#pragma once

#include <iterator>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/error.h"

namespace plelab {

// static_assert(HasRowForEach<E>(rows)) fails to compile when a value has no row.  The last enumerator of E
// must be kCount, the number of the others.
template <class E, class Row, size_t n>
consteval bool HasRowForEach(const Row (&)[n]) {
  return n == static_cast<size_t>(E::kCount);
}

// The row whose field `key` equals `value`.  Throws RunError when there is none.
template <class Row, class E>
const Row& FindRow(std::span<const Row> rows, E Row::*key, E value) {
  for (const Row& row : rows) {
    if (row.*key == value) return row;
  }
  throw RunError("a value without a row in its table");
}

// The name and the enumeration value of every row.
template <class Row, class E>
std::vector<std::pair<std::string_view, E>> NamesOf(std::span<const Row> rows, E Row::*key) {
  std::vector<std::pair<std::string_view, E>> names;
  for (const Row& row : rows) names.emplace_back(row.name, row.*key);
  return names;
}

}  // namespace plelab
