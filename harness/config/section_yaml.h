// Turns the sections of a config into a YAML tree: every key with its value, in the order of the field list.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/config/config_fields.h"
#include "harness/config/yaml_tree.h"
#include "model/base/format.h"
#include "model/base/layer_set.h"

namespace plelab {

inline YamlNode ToYaml(int64_t value) { return YamlNode::Scalar(Format("{}", value)); }
// The shortest text that reads back as the same number.
inline YamlNode ToYaml(double value) { return YamlNode::Scalar(Format("{}", value)); }
inline YamlNode ToYaml(bool value) { return YamlNode::Scalar(value ? "true" : "false"); }
inline YamlNode ToYaml(const std::string& value) { return YamlNode::Scalar(value); }
inline YamlNode ToYaml(const std::vector<std::string>& values) {
  YamlNode list = YamlNode::List({});
  for (const std::string& value : values) list.items.push_back(ToYaml(value));
  return list;
}
inline YamlNode ToYaml(const std::vector<int64_t>& layers) { return YamlNode::Scalar(FormatLayers(layers)); }
inline YamlNode ToYaml(const FfnWidth& width) {
  return width.units > 0 ? ToYaml(width.units) : ToYaml(width.share);
}
inline YamlNode ToYaml(const std::vector<FfnWidth>& widths) {
  if (widths.size() == 1) return ToYaml(widths.front());
  YamlNode list = YamlNode::List({});
  for (const FfnWidth& width : widths) list.items.push_back(ToYaml(width));
  return list;
}

inline YamlNode ToYaml(ByteCount value) {
  constexpr int64_t kMiB = int64_t{1} << 20;
  const bool whole = value.bytes % kMiB == 0;
  return YamlNode::Scalar(whole ? Format("{}MiB", value.bytes / kMiB) : Format("{}B", value.bytes));
}
inline YamlNode ToYaml(Duration value) {
  const bool whole = value.ns % 1000 == 0;
  return YamlNode::Scalar(whole ? Format("{}us", value.ns / 1000) : Format("{}ns", value.ns));
}
template <ConfigEnum E>
YamlNode ToYaml(E value) {
  return YamlNode::Scalar(std::string(Word(value)));
}
template <ConfigSection S>
YamlNode ToYaml(S section) {
  YamlNode map = YamlNode::Map();
  VisitFields(section, [&](std::string_view key, auto& field, auto&&...) { map.Set(key, ToYaml(field)); });
  return map;
}

// The entries of a section's map whose values differ from those of `base`, the same section with other
// values.
YamlNode Differences(const YamlNode& map, const YamlNode& base);

}  // namespace plelab
