// A YAML document as a plain tree in which every key and value knows its place.  Only yaml_tree.cpp uses
// yaml-cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plelab {

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  std::string place;  // "configs/x.yaml:14:5" (counted from 1), or "--set model.threads=2"
  std::string scalar;
  bool quoted = false;  // a quoted scalar is text, whatever it looks like
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // in the order of the file; keys are unique

  static YamlNode Scalar(std::string text, std::string place = "");
  static YamlNode List(std::vector<YamlNode> items, std::string place = "");
  static YamlNode Map(std::string place = "");

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // Returns nullptr when this is not a map or has no such key.
  const YamlNode* Find(std::string_view key) const;
  YamlNode* Find(std::string_view key);
  const YamlEntry* FindEntry(std::string_view key) const;
  // Sets or replaces a key of a map and returns the stored value.
  YamlNode& Set(std::string_view key, YamlNode value, std::string key_place = "");
  void Erase(std::string_view key);
  // Describes the node for errors: "a map", "a list", "nothing", "'abc'".
  std::string Describe() const;
};

struct YamlEntry {
  std::string key;
  std::string place;  // of the key
  YamlNode value;
};

// Parses a single document.  Throws UserError with the place for invalid YAML, a repeated key, a key that is
// not plain text, a second document, and aliases that expand without bound.
YamlNode ParseYaml(const std::string& text, const std::string& origin);
// Prints the tree as YAML, with one key of a map per line and lists of scalars on one line.  ParseYaml reads
// it back.
std::string PrintYaml(const YamlNode& node);

}  // namespace plelab
