// The values that a Jinja template works with: a small part of Python's.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace plelab {

struct JinjaNone {};
struct JinjaValue;
using JinjaList = std::vector<JinjaValue>;
using JinjaMap = std::map<std::string, JinjaValue>;

struct JinjaValue {
  // std::monostate is a value that is undefined.
  std::variant<std::monostate, JinjaNone, bool, int64_t, std::string, JinjaList, JinjaMap> data;

  template <class T>
  const T* As() const {
    return std::get_if<T>(&data);
  }
};

// A template uses something that lies outside the part of Jinja that is read here, or that Jinja itself
// refuses.
class JinjaUnsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A template called raise_exception(message).
class JinjaRaised : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Python's bool(value), and value == other.
bool IsTrue(const JinjaValue& value);
bool AreEqual(const JinjaValue& a, const JinjaValue& b);
// Python's str(value), as {{ value }} shows it: None, True, 12; nothing for an undefined value.  Throws
// JinjaUnsupported for lists and maps.
std::string TextOf(const JinjaValue& value);
// value[key] and value.key: an item of a map, or of a list by its index (from the end where negative);
// undefined where there is none.  Throws JinjaUnsupported for an item of an undefined value.
JinjaValue ItemOf(const JinjaValue& value, const JinjaValue& key);
// Python's len(value); throws JinjaUnsupported for values without a length.  Texts are counted in characters.
int64_t LengthOf(const JinjaValue& value);
// Python's text.strip(), lstrip() and rstrip(), which take away Unicode's white space too.
std::string_view Stripped(std::string_view text, bool left = true, bool right = true);

}  // namespace plelab
