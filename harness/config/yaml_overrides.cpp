#include "harness/config/yaml_overrides.h"

#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/error.h"

namespace plelab {
namespace {

struct Assignment {
  std::string place;  // "--set ASSIGNMENT", for errors
  std::string_view path, value;
};

// Splits at the first `=` outside brackets, because a variant's name may contain one.
Assignment Split(std::string_view text) {
  std::string place = Format("--set {}", text);
  bool in_brackets = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == ']') in_brackets = text[i] == '[';
    if (text[i] == '=' && !in_brackets && i > 0)
      return {std::move(place), text.substr(0, i), text.substr(i + 1)};
  }
  throw UserError("{}: expected KEY=VALUE, such as workload.decode_tokens=64", place);
}

void SetPlaces(YamlNode& node, const std::string& place) {
  node.place = place;
  for (YamlNode& item : node.items) SetPlaces(item, place);
  for (YamlEntry& entry : node.entries) {
    entry.place = place;
    SetPlaces(entry.value, place);
  }
}

YamlNode ParseValue(const Assignment& assignment) {
  YamlNode value = assignment.value.empty() ? YamlNode::Scalar("")
                                            : ParseYaml(std::string(assignment.value), assignment.place);
  SetPlaces(value, assignment.place);
  return value;
}

// Takes "variants[disk].ple" one step at a time.
class Path {
 public:
  explicit Path(const Assignment& assignment) : place_(assignment.place), rest_(assignment.path) {}

  bool at_end() const { return rest_.empty(); }
  bool at_item() const { return rest_.starts_with('['); }
  std::string_view rest() const { return rest_; }

  std::string_view TakeKey() {
    const std::string_view key = rest_.substr(0, rest_.find_first_of(".["));
    rest_.remove_prefix(key.size());
    SkipDot();
    if (key.empty()) throw UserError("{}: expected a key, found '{}'", place_, rest_);
    return key;
  }

  std::string_view TakeItem() {
    const size_t end = rest_.find(']');
    if (end == std::string_view::npos || end == 1) throw UserError("{}: expected [NUMBER] or [NAME]", place_);
    const std::string_view item = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    SkipDot();
    return item;
  }

  std::string_view TakeRest() { return std::exchange(rest_, {}); }

 private:
  void SkipDot() {
    if (!rest_.starts_with('.')) return;
    rest_.remove_prefix(1);
    if (rest_.empty()) throw UserError("{}: the key ends with a dot", place_);
  }
  const std::string& place_;
  std::string_view rest_;
};

YamlNode& FindItem(YamlNode& list, std::string_view item, std::string_view key, const std::string& place) {
  if (!list.is_list()) throw UserError("{}: '{}' is {}, not a list", place, key, list.Describe());
  size_t number = 0;
  const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), number);
  const bool is_number = error == std::errc() && end == item.data() + item.size();
  if (is_number && number < list.items.size()) return list.items[number];
  std::vector<std::string> names;
  for (YamlNode& candidate : list.items) {
    const YamlNode* name = candidate.Find("name");
    if (name && name->scalar == item) return candidate;
    if (name) names.push_back(name->scalar);
  }
  throw UserError("{}: '{}' has no entry '{}'; it has {}, numbered from 0{}{}", place, key, item,
                  list.items.size(), names.empty() ? "" : ": ", Join(names, ", "));
}

// True if the dotted rest is one key of this map instead of a path.  The axes of a sweep and the maps of
// `exclude` have such keys, and so does `over.backend` when the file has it or has `over: disk` beside it.
bool IsWholeKey(const YamlNode& map, std::string_view name, std::string_view rest) {
  if (name == "sweep" || name == "zip" || name == "exclude" || map.Find(rest)) return true;
  const YamlNode* child = map.Find(rest.substr(0, rest.find('.')));
  return child && child->is_scalar();
}

}  // namespace

void ApplyOverride(YamlNode& root, const std::string& text) {
  const Assignment assignment = Split(text);
  YamlNode value = ParseValue(assignment);
  Path path(assignment);
  YamlNode* node = &root;
  std::string_view name = "the file";
  while (true) {
    if (path.at_item()) {
      node = &FindItem(*node, path.TakeItem(), name, assignment.place);
      if (path.at_end()) break;
      continue;
    }
    if (!node->is_map())
      throw UserError("{}: '{}' is {}, not a map", assignment.place, name, node->Describe());
    const std::string_view key = IsWholeKey(*node, name, path.rest()) ? path.TakeRest() : path.TakeKey();
    if (path.at_end()) {
      if (value.kind == YamlNode::Kind::kNull) return node->Erase(key);
      node->Set(key, std::move(value), assignment.place);
      return;
    }
    YamlNode* child = node->Find(key);
    node = child ? child : &node->Set(key, YamlNode::Map(assignment.place), assignment.place);
    name = key;
  }
  *node = std::move(value);
}

}  // namespace plelab
