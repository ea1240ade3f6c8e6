// A JSON object read strictly: every getter names the file and the key when a value is missing or of the
// wrong type.  nlohmann-json parses; its own conversions would take 1.5 or true for an integer, keep the last
// of two equal keys and know no file.
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
  // `origin` is what errors call the text, usually its path.
  // Throws UserError when it is not JSON (UTF-8 included), not an object, or an object in it repeats a key.
  static JsonObject Parse(const std::string& text, const std::string& origin);

  const std::string& origin() const { return origin_; }
  bool Has(const std::string& key) const;
  bool IsNull(const std::string& key) const;  // false where the key is absent
  bool IsArray(const std::string& key) const;
  std::vector<std::string> Keys() const;

  // All throw UserError: "config.json: 'text_config.hidden_size' is missing; expected …" or "…: expected …,
  // found …".
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
  // "text_config.hidden_size": a key of this object as errors write it.
  std::string Path(const std::string& key) const { return prefix_ + key; }

 private:
  struct Node;
  JsonObject(std::shared_ptr<const Node> node, std::string origin, std::string prefix)
      : node_(std::move(node)), origin_(std::move(origin)), prefix_(std::move(prefix)) {}

  std::shared_ptr<const Node> node_;
  std::string origin_, prefix_;
};

}  // namespace plelab
