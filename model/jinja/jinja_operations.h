// What Jinja's operators, filters, tests and methods do, as far as they are known here.  Each throws
// JinjaUnsupported for other names, and for values that Python refuses or that nothing here needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/jinja/jinja_value.h"

namespace plelab {

const std::string& AsText(const JinjaValue& value);
int64_t AsInteger(const JinjaValue& value);

// text + more, of at most 64 KiB.
std::string Joined(std::string text, const std::string& more);
// a + b, of two texts or two integers.
JinjaValue JinjaSum(const JinjaValue& a, const JinjaValue& b);
// a − b, of two integers.
JinjaValue JinjaDifference(const JinjaValue& a, const JinjaValue& b);
// `sign` is *, // or %; of integers from 0 to 2^31.
JinjaValue JinjaProduct(const std::string& sign, const JinjaValue& a, const JinjaValue& b);
// `sign` is ==, !=, <, <=, >, >=, in or "not in".
bool JinjaCompare(const std::string& sign, const JinjaValue& a, const JinjaValue& b);
// value[from:to]; an end that is left out is that of the list.
JinjaValue JinjaSlice(const JinjaValue& value, std::optional<int64_t> from, std::optional<int64_t> to);

// value is NAME.
bool JinjaTest(const std::string& name, const JinjaValue& value);
// value | NAME(arguments).
JinjaValue JinjaFilter(const std::string& name, const JinjaValue& value, const JinjaList& arguments);
// object.NAME(arguments).
JinjaValue JinjaMethod(const std::string& name, const JinjaValue& object, const JinjaList& arguments);

// The value itself.  Values are copied, so those that a template makes must not grow by containing each
// other: throws JinjaUnsupported for a map, and for a list of lists.
JinjaValue Flat(JinjaValue value);

}  // namespace plelab
