// Reads a YAML tree into the sections of a config by walking their field lists.  Every error has the place of
// its key.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/config_fields.h"
#include "harness/config/yaml_tree.h"

namespace plelab {

// A key as errors name it, such as "'threads' in 'model'".
struct FieldName {
  std::string_view key, section;
};

// These functions throw UserError, such as "PLACE: 'threads' in 'model': expected a whole number, found
// 'two'", for a wrong type, a value outside the rule's range, and an unknown word.
void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, int64_t& value);
void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, double& value);
void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, bool& value);
void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, std::string& value);
void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule,
               std::vector<std::string>& value);
// Layers in the order written, such as `0-2+4`, or a list of such items.
void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, std::vector<int64_t>& value);
// FFN widths, such as `50%`, `0.5` or `8192`, or a list of them.  Numbers up to 1 are shares, larger ones are
// units.
void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, std::vector<FfnWidth>& value);
void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, ByteCount& value);
void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, Duration& value);
// Returns the index of the word that the node holds.
size_t ReadWord(const YamlNode& node, const FieldName& name, const std::vector<std::string_view>& words);
// Throws UserError with `advice` when the node holds `word`, which is no longer known.
void RefuseWord(const YamlNode& node, const FieldName& name, std::string_view word, std::string_view advice);

// Throws UserError when `node` is not a map, or has a key that is not in `known`: "PLACE: unknown key
// 'capcity' in 'ple'; known: …".
void CheckKeys(const YamlNode& node, std::string_view section, const std::vector<std::string>& known);
// Throws UserError "PLACE: missing key 'checkpoint' in 'model'".
void RequireKey(const YamlNode& node, std::string_view section, std::string_view key);

// Maps "model.checkpoint" to "configs/x.yaml:5:15".
using Places = std::map<std::string, std::string>;

template <ConfigEnum E>
void ReadValue(const YamlNode& node, const FieldName& name, const Rule&, E& value) {
  std::vector<std::string_view> words;
  for (const auto& entry : EnumWords<E>::kWords) words.push_back(entry.second);
  if constexpr (requires { EnumWords<E>::kGone; }) {
    for (const auto& [word, advice] : EnumWords<E>::kGone) RefuseWord(node, name, word, advice);
  }
  value = EnumWords<E>::kWords[ReadWord(node, name, words)].first;
}

// Sets the fields of `section` that the map names and leaves the others unchanged; no key is required.
// Errors call the map `path`.
template <ConfigSection S>
void UpdateSection(const YamlNode& node, const std::string& path, S& section, Places& places) {
  CheckKeys(node, path, KeysOf<S>());
  VisitFields(section, [&](std::string_view key, auto& field, std::string_view, const Rule& rule) {
    const YamlNode* value = node.Find(key);
    if (!value) return;
    const std::string field_path = path + "." + std::string(key);
    if constexpr (ConfigSection<std::remove_reference_t<decltype(field)>>) {
      UpdateSection(*value, field_path, field, places);
    } else {
      ReadValue(*value, {key, path}, rule, field);
      places[field_path] = value->place;
    }
  });
}

// The same for a whole section, in which keys with Required() must be present.
template <ConfigSection S>
void ReadSection(const YamlNode& node, const std::string& path, S& section, Places& places) {
  CheckKeys(node, path, KeysOf<S>());
  VisitFields(section, [&](std::string_view key, auto&, std::string_view, const Rule& rule) {
    if (rule.required) RequireKey(node, path, key);
  });
  UpdateSection(node, path, section, places);
}

}  // namespace plelab
