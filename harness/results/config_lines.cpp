#include "harness/results/config_lines.h"

#include <algorithm>

#include "harness/config/yaml_tree.h"
#include "model/base/format.h"

namespace plelab {
namespace {

std::string ListText(const YamlNode& list) {
  std::vector<std::string> items;
  for (const YamlNode& item : list.items) items.push_back(item.scalar);
  return Format("[{}]", Join(items, ", "));
}

void AddLines(const YamlNode& node, const std::string& key, ConfigLines& lines) {
  for (const YamlEntry& entry : node.entries) {
    AddLines(entry.value, key.empty() ? entry.key : key + "." + entry.key, lines);
  }
  if (node.is_map()) return;
  if (!node.is_list() || std::ranges::all_of(node.items, &YamlNode::is_scalar)) {
    lines.emplace_back(key, node.is_list() ? ListText(node) : node.scalar);
    return;
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    const YamlNode* name = node.items[i].Find("name");
    AddLines(node.items[i], Format("{}[{}]", key, name != nullptr ? name->scalar : std::to_string(i)), lines);
  }
}

}  // namespace

ConfigLines LinesOfConfig(const std::string& yaml, const std::string& origin) {
  ConfigLines lines;
  AddLines(ParseYaml(yaml, origin), "", lines);
  return lines;
}

std::string ValueOf(const ConfigLines& lines, const std::string& key, const std::string& missing) {
  const auto found = std::ranges::find(lines, key, &ConfigLines::value_type::first);
  return found == lines.end() ? missing : found->second;
}

}  // namespace plelab
