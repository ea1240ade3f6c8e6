// A JSON object that is read strictly: every getter names the file and the key when a value is missing or of
// the wrong type.  The parser is nlohmann-json's; its own conversions would accept 1.5 or true as an integer,
// keep the last of two equal keys, and know no file name.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace plelab {

class JsonObject {
 public:
  // `origin` is the name of the text in error messages, usually its path.
  // Throws UserError when the text is not valid JSON in UTF-8, is not an object, or contains an object that
  // repeats a key.
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
