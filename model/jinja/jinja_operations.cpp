#include "model/jinja/jinja_operations.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "model/base/format.h"

namespace plelab {
namespace {

constexpr size_t kMostBytes = size_t{1} << 16;  // of one text

bool IsIn(const JinjaValue& item, const JinjaValue& container) {
  if (const JinjaList* list = container.As<JinjaList>()) {
    return std::ranges::any_of(*list, [&](const JinjaValue& other) { return AreEqual(item, other); });
  }
  if (const JinjaMap* map = container.As<JinjaMap>()) return map->contains(AsText(item));
  return AsText(container).find(AsText(item)) != std::string::npos;
}

// Letters beyond ASCII keep their case here, and not in Python.
std::string InCase(std::string text, int (*convert)(int)) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) throw JinjaUnsupported("the case of a letter beyond ASCII");
    c = static_cast<char>(convert(c));
  }
  return text;
}

}  // namespace

const std::string& AsText(const JinjaValue& value) {
  const std::string* text = value.As<std::string>();
  if (!text) throw JinjaUnsupported("a value that is not a text where one is needed");
  return *text;
}

int64_t AsInteger(const JinjaValue& value) {
  const int64_t* number = value.As<int64_t>();
  if (!number) throw JinjaUnsupported("a value that is not an integer where one is needed");
  return *number;
}

std::string Joined(std::string text, const std::string& more) {
  if (text.size() + more.size() > kMostBytes) throw JinjaUnsupported("a text of more than 64 KiB");
  return std::move(text) + more;
}

JinjaValue JinjaSum(const JinjaValue& a, const JinjaValue& b) {
  if (a.As<std::string>()) return {Joined(AsText(a), AsText(b))};
  int64_t sum = 0;
  if (__builtin_add_overflow(AsInteger(a), AsInteger(b), &sum))
    throw JinjaUnsupported("a sum beyond 64 bits");
  return {sum};
}

JinjaValue JinjaDifference(const JinjaValue& a, const JinjaValue& b) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(AsInteger(a), AsInteger(b), &difference)) {
    throw JinjaUnsupported("a difference beyond 64 bits");
  }
  return {difference};
}

JinjaValue JinjaProduct(const std::string& sign, const JinjaValue& a, const JinjaValue& b) {
  constexpr int64_t kMost = int64_t{1} << 31;
  const int64_t x = AsInteger(a), y = AsInteger(b);
  if (x < 0 || y < 0 || x > kMost || y > kMost || (sign != "*" && y == 0)) {
    throw JinjaUnsupported("a product of negative or large numbers");
  }
  if (sign == "*") return {x * y};
  return {sign == "%" ? x % y : x / y};
}

// Values are copied, so those that a template makes must not grow by containing each other.
JinjaValue Flat(JinjaValue value) {
  const JinjaList* list = value.As<JinjaList>();
  if (value.As<JinjaMap>() ||
      (list && std::ranges::any_of(*list, [](const JinjaValue& item) { return item.As<JinjaList>(); }))) {
    throw JinjaUnsupported("a map or a list within another that the template makes");
  }
  return value;
}

bool JinjaCompare(const std::string& sign, const JinjaValue& a, const JinjaValue& b) {
  if (sign == "==") return AreEqual(a, b);
  if (sign == "!=") return !AreEqual(a, b);
  if (sign == "in") return IsIn(a, b);
  if (sign == "not in") return !IsIn(a, b);
  const int64_t x = AsInteger(a), y = AsInteger(b);
  if (sign == "<") return x < y;
  return sign == "<=" ? x <= y : sign == ">" ? x > y : x >= y;
}

bool JinjaTest(const std::string& name, const JinjaValue& value) {
  const bool* truth = value.As<bool>();
  if (name == "defined") return !value.As<std::monostate>();
  if (name == "undefined") return value.As<std::monostate>();
  if (name == "none") return value.As<JinjaNone>();
  if (name == "string") return value.As<std::string>();
  if (name == "mapping") return value.As<JinjaMap>();
  if (name == "boolean") return truth;
  if (name == "true" || name == "false") return truth && *truth == (name == "true");
  if (name == "iterable" || name == "sequence") {
    return value.As<std::string>() || value.As<JinjaList>() || value.As<JinjaMap>();
  }
  throw JinjaUnsupported(Format("the test '{}'", name));
}

JinjaValue JinjaFilter(const std::string& name, const JinjaValue& value, const JinjaList& arguments) {
  if (name == "default" && arguments.size() <= 2) {
    const bool replace =
        value.As<std::monostate>() || (arguments.size() == 2 && IsTrue(arguments[1]) && !IsTrue(value));
    if (!replace) return value;
    return arguments.empty() ? JinjaValue{std::string()} : arguments[0];
  }
  if (arguments.empty()) {
    if (name == "trim") return {std::string(Stripped(TextOf(value)))};
    if (name == "length" || name == "count") return {LengthOf(value)};
    if (name == "lower") return {InCase(TextOf(value), std::tolower)};
    if (name == "upper") return {InCase(TextOf(value), std::toupper)};
  }
  throw JinjaUnsupported(Format("the filter '{}'", name));
}

JinjaValue JinjaMethod(const std::string& name, const JinjaValue& object, const JinjaList& arguments) {
  if (const JinjaMap* map = object.As<JinjaMap>(); map && name == "get" && !arguments.empty()) {
    const auto found = map->find(AsText(arguments[0]));
    if (found != map->end()) return found->second;
    return arguments.size() > 1 ? arguments[1] : JinjaValue{JinjaNone{}};
  }
  if (const std::string* text = object.As<std::string>()) {
    if (arguments.empty() && (name == "strip" || name == "lstrip" || name == "rstrip")) {
      return {std::string(Stripped(*text, name != "rstrip", name != "lstrip"))};
    }
    if (arguments.size() == 1 && name == "startswith") return {text->starts_with(AsText(arguments[0]))};
    if (arguments.size() == 1 && name == "endswith") return {text->ends_with(AsText(arguments[0]))};
  }
  throw JinjaUnsupported(Format("the method '{}'", name));
}

// value[from:to], where either may be left out.
JinjaValue JinjaSlice(const JinjaValue& value, std::optional<int64_t> from, std::optional<int64_t> to) {
  const JinjaList* list = value.As<JinjaList>();
  if (!list) throw JinjaUnsupported("a slice of what is not a list");
  const int64_t size = std::ssize(*list);
  const auto place = [&](int64_t index) {
    return std::clamp<int64_t>(index < 0 ? index + size : index, 0, size);
  };
  const int64_t begin = place(from.value_or(0)), end = std::max(begin, place(to.value_or(size)));
  return {JinjaList(list->begin() + begin, list->begin() + end)};
}

}  // namespace plelab
