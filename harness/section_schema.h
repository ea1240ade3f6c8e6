// The field list of a section as a JSON Schema (draft 7, which editors know best).
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/config_fields.h"

namespace plelab {

using Json = nlohmann::ordered_json;

inline Json Object(const std::string& description) {
  return {{"type", "object"},
          {"description", description},
          {"additionalProperties", false},
          {"properties", Json::object()}};
}

// A whole number where the bound is one: 1, not 1.0.
inline Json Bound(double bound) {
  return bound == std::floor(bound) ? Json(static_cast<int64_t>(bound)) : Json(bound);
}

inline void AddBounds(Json& schema, const Rule& rule) {
  if (!std::isinf(rule.min)) schema["minimum"] = Bound(rule.min);
  if (!std::isinf(rule.max)) schema["maximum"] = Bound(rule.max);
}

inline void Describe(Json& schema, int64_t value, const Rule& rule) {
  schema["type"] = "integer";
  AddBounds(schema, rule);
  schema["default"] = value;
}

inline void Describe(Json& schema, double value, const Rule& rule) {
  Json number{{"type", "number"}};
  AddBounds(number, rule);
  if (rule.share) {
    schema["anyOf"] = Json::array({number, {{"type", "string"}, {"pattern", "^[0-9.]+%$"}}});
  } else {
    schema.update(number);
  }
  schema["default"] = value;
}

inline void Describe(Json& schema, bool value, const Rule&) {
  schema["type"] = "boolean";
  schema["default"] = value;
}

inline void Describe(Json& schema, const std::string& value, const Rule& rule) {
  schema["type"] = "string";
  if (!rule.words.empty()) schema["enum"] = rule.words;
  if (rule.required) {
    schema["minLength"] = 1;
  } else {
    schema["default"] = value;
  }
}

inline void Describe(Json& schema, const std::vector<std::string>& value, const Rule&) {
  schema["type"] = "array";
  schema["items"] = {{"type", "string"}, {"minLength", 1}};
  schema["default"] = value;
}

template <ConfigEnum E>
void Describe(Json& schema, E value, const Rule&) {
  for (const auto& entry : EnumWords<E>::kWords) schema["enum"].push_back(entry.second);
  schema["default"] = Word(value);
}

template <ConfigSection S>
Json SectionSchema(S section, const std::string& help) {
  Json schema = Object(help);
  VisitFields(section,
              [&](const std::string& key, auto& field, const std::string& field_help, const Rule& rule) {
                Json& property = schema["properties"][key];
                if constexpr (ConfigSection<std::remove_reference_t<decltype(field)>>) {
                  property = SectionSchema(field, field_help);
                } else {
                  property["description"] = field_help;
                  Describe(property, field, rule);
                }
                if (rule.required) schema["required"].push_back(key);
              });
  return schema;
}

}  // namespace plelab
