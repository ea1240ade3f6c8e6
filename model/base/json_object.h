// JSON text from outside, read strictly.  The parser is nlohmann-json's; by itself it would keep the last of
// two equal keys, follow any nesting until the stack is used up, accept 1.5 or true as an integer, and know
// no file name.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace plelab {

// Arrays and objects inside each other.  What this project reads has fewer than ten levels.
inline constexpr int kMaxJsonDepth = 64;

// Parses any JSON value, in time that grows with the length of the text (and its logarithm).  `origin` is the
// name of the text in error messages, usually its path.  Throws UserError when the text is not valid JSON in
// UTF-8, when an object repeats a key, and when values are nested deeper than kMaxJsonDepth, which would
// overflow the stack of whoever walks them.  Every JSON text of this project is parsed here but
// tokenizer.json and tokenizer_config.json, which model/vocabulary/tokenizer_json reads by the same rules
// without a tree of half a million strings.
nlohmann::json ParseJson(const std::string& text, const std::string& origin);
// The same with the keys of objects in their order.  Looking for a key takes time proportional to their
// number.
nlohmann::ordered_json ParseOrderedJson(const std::string& text, const std::string& origin);

// A JSON object whose getters name the file and the key when a value is missing or of the wrong type.
class JsonObject {
 public:
  // Throws UserError as ParseJson does, and when the text is not an object.
  static JsonObject Parse(const std::string& text, const std::string& origin);

  const std::string& origin() const { return origin_; }
  bool Has(const std::string& key) const;
  bool IsNull(const std::string& key) const;  // false where the key is absent
  bool IsArray(const std::string& key) const;
  std::vector<std::string> Keys() const;

  // The getters throw UserError: "config.json: 'text_config.hidden_size' is missing; expected …" or "…:
  // expected …, found …".
  int64_t Integer(const std::string& key, int64_t low = 1,
                  int64_t high = std::numeric_limits<int32_t>::max()) const;
  double Number(const std::string& key) const;  // any finite number
  bool Boolean(const std::string& key) const;
  std::string String(const std::string& key) const;
  JsonObject Object(const std::string& key) const;
  std::vector<int64_t> Integers(const std::string& key, int64_t low = 1,
                                int64_t high = std::numeric_limits<int32_t>::max()) const;
  std::vector<double> Numbers(const std::string& key) const;
  std::vector<std::string> Strings(const std::string& key) const;
  std::vector<std::vector<int64_t>> IntegerRows(const std::string& key) const;
  // A key of this object in the form that error messages use: "text_config.hidden_size".
  std::string Path(const std::string& key) const { return prefix_ + key; }

 private:
  struct Node;
  JsonObject(std::shared_ptr<const Node> node, std::string origin, std::string prefix)
      : node_(std::move(node)), origin_(std::move(origin)), prefix_(std::move(prefix)) {}

  std::shared_ptr<const Node> node_;
  std::string origin_, prefix_;
};

}  // namespace plelab
