#include "harness/schema/config_schema.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/config/config_fields.h"
#include "harness/config/section_yaml.h"
#include "harness/training/training_fields.h"

namespace plelab {
namespace {

using Json = nlohmann::ordered_json;

Json Object(const std::string& description) {
  return {{"type", "object"},
          {"description", description},
          {"additionalProperties", false},
          {"properties", Json::object()}};
}

// A whole number when the bound is one: 1 instead of 1.0.
Json Bound(double bound) {
  return bound == std::floor(bound) ? Json(static_cast<int64_t>(bound)) : Json(bound);
}

void AddBounds(Json& schema, const Rule& rule) {
  if (!std::isinf(rule.min)) schema["minimum"] = Bound(rule.min);
  if (!std::isinf(rule.max)) schema["maximum"] = Bound(rule.max);
}

void Describe(Json& schema, int64_t value, const Rule& rule) {
  schema["type"] = "integer";
  AddBounds(schema, rule);
  schema["default"] = value;
}

void Describe(Json& schema, double value, const Rule& rule) {
  Json number{{"type", "number"}};
  AddBounds(number, rule);
  if (rule.share) {
    schema["anyOf"] = Json::array({number, {{"type", "string"}, {"pattern", "^[0-9.]+%$"}}});
  } else {
    schema.update(number);
  }
  schema["default"] = value;
}

void Describe(Json& schema, bool value, const Rule&) {
  schema["type"] = "boolean";
  schema["default"] = value;
}

void Describe(Json& schema, const std::string& value, const Rule& rule) {
  schema["type"] = "string";
  if (!rule.words.empty()) schema["enum"] = rule.words;
  if (rule.required) {
    schema["minLength"] = 1;
  } else {
    schema["default"] = value;
  }
}

void Describe(Json& schema, const std::vector<std::string>& value, const Rule&) {
  schema["type"] = "array";
  schema["items"] = {{"type", "string"}, {"minLength", 1}};
  schema["default"] = value;
}

// One value, a list of values, or nothing when a sweep gives the value.
Json OneOrMore(const Json& type) {
  return {{{"type", type}},
          {{"type", "array"}, {"minItems", 1}, {"items", {{"type", type}}}},
          {{"type", "null"}}};
}
void Describe(Json& schema, const std::vector<int64_t>&, const Rule&) {
  schema["anyOf"] = OneOrMore(Json::array({"integer", "string"}));
}
void Describe(Json& schema, const std::vector<FfnWidth>&, const Rule&) {
  schema["anyOf"] = OneOrMore(Json::array({"number", "string"}));
}

void Describe(Json& schema, const ByteCount& value, const Rule&) {
  schema["type"] = "string";
  schema["pattern"] = "^([0-9.]+ ?([kKMGT]?B|[KMGT]iB)|0)$";
  schema["default"] = ToYaml(value).scalar;
}

void Describe(Json& schema, const Duration& value, const Rule&) {
  schema["type"] = Json::array({"string", "integer"});
  schema["pattern"] = "^([0-9.]+ ?(ns|us|ms|s|min)|0)$";
  schema["default"] = ToYaml(value).scalar;
}

// YAML reads true and false as booleans.
Json WordValue(std::string_view word) {
  return word == "true" || word == "false" ? Json(word == "true") : Json(word);
}

template <ConfigEnum E>
void Describe(Json& schema, E value, const Rule&) {
  for (const auto& entry : EnumWords<E>::kWords) schema["enum"].push_back(WordValue(entry.second));
  schema["default"] = WordValue(Word(value));
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

// Words as strings; true and false as YAML booleans.
Json PleValues(const PleOptionInfo& option) {
  if (option.values.empty()) return {{"type", Json::array({"string", "number"})}};
  if (option.values.front() == "true" || option.values.front() == "false") return {{"type", "boolean"}};
  return {{"enum", option.values}};
}

// `ple:`, in which `over` (the source below a cache) is the same map again.
Json PleSchema() {
  Json schema = Object("how the PLE table is held");
  schema["required"] = Json::array({"strategy"});
  for (const PleOptionInfo& option : KnownPleOptions()) {
    Json& property = schema["properties"][std::string(option.key)];
    property["description"] = option.help;
    if (option.key == "over") {
      property["anyOf"] = Json::array({{{"$ref", "#/definitions/over"}}, {{"type", "string"}}});
    } else {
      property.update(PleValues(option));
    }
  }
  schema["patternProperties"] = {{"^over\\.", {{"type", Json::array({"string", "number", "boolean"})}}}};
  return schema;
}

Json VariantSchema() {
  Json schema = Object("one way to hold the table");
  schema["required"] = Json::array({"name", "ple"});
  schema["properties"]["name"] = {{"type", "string"}, {"pattern", "^[A-Za-z0-9][A-Za-z0-9_.,=@%+-]*$"}};
  schema["properties"]["ple"] = {{"$ref", "#/definitions/ple"}};
  const Json model = SectionSchema(ModelSection(), "");
  Json own_model = Object("this variant's own threads, dtype, kv_dtype and pin");
  for (const std::string_view key : kVariantModelKeys) {
    own_model["properties"][std::string(key)] = model["properties"][std::string(key)];
  }
  schema["properties"]["model"] = own_model;
  schema["properties"]["workload"] = SectionSchema(WorkloadSection(), "this variant's own keys of workload");
  schema["properties"]["page_cache"] =
      SectionSchema(PageCacheSection(), "this variant's own keys of page_cache");
  schema["properties"]["group"] = {
      {"type", "string"},
      {"description",
       "variants of different groups never take turns with each other; a group is compared "
       "with its own first exact variant, or else with a copy of the config's first one"}};
  schema["properties"]["own_table"] = SectionSchema(DesignSection(), "")["properties"]["own_table"];
  schema["properties"]["layers"] = SectionSchema(
      LayerEdit(), "which layers run, and how much of each; if left out, all of them unchanged");
  return schema;
}

Json AxesSchema(const std::string& help) {
  Json schema = Object(help);
  schema.erase("properties");
  schema["minProperties"] = 1;
  schema["patternProperties"] = {
      {"^(model|workload|page_cache|ple|layers)\\.", {{"type", "array"}, {"minItems", 1}}}};
  return schema;
}

void AddListSections(Json& properties) {
  const Json text{{"type", "string"}, {"minLength", 1}};
  properties["shapes"] = {
      {"description", "shapes (e2b, e4b, small) or checkpoints whose parameters are counted"},
      {"type", "array"},
      {"minItems", 1},
      {"uniqueItems", true},
      {"items", text}};
  properties["variants"] = {{"description", "what is compared; the first exact one is the baseline"},
                            {"type", "array"},
                            {"minItems", 1},
                            {"items", VariantSchema()}};
  properties["sweep"] =
      AxesSchema("every combination of these values, for every variant: {model.threads: [1, 2]}");
  properties["zip"] = AxesSchema("lists of one length, taken in lockstep");
  properties["exclude"] = {
      {"description", "combinations that are left out: [{name: disk, model.threads: 1}]"},
      {"type", "array"},
      {"items", {{"type", "object"}, {"minProperties", 1}}}};
}

// Which sections the named experiment requires and which it may have.
Json SectionsOf(const ExperimentInfo& info) {
  Json allowed{{"experiment", true}};
  for (const auto& section : info.required) allowed[std::string(section)] = true;
  for (const auto& section : info.optional) allowed[std::string(section)] = true;
  if (allowed.contains("variants") && !info.edits_layers)
    allowed["variants"] = {{"items", {{"properties", {{"layers", false}}}}}};
  return {
      {"if",
       {{"required", Json::array({"experiment"})}, {"properties", {{"experiment", {{"const", info.name}}}}}}},
      {"then", {{"required", info.required}, {"properties", allowed}, {"additionalProperties", false}}}};
}

}  // namespace

std::string ExperimentJsonSchema() {
  Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "PLE Lab experiment"}};
  schema.update(Object("One file is the whole run; every key that is left out has the default given here."));
  schema["required"] = Json::array({"experiment"});
  Json& properties = schema["properties"];
  properties["experiment"]["description"] = "the question that is asked";
  for (const ExperimentInfo& info : KnownExperiments()) {
    properties["experiment"]["enum"].push_back(info.name);
    schema["allOf"].push_back(SectionsOf(info));
  }
  ExperimentConfig defaults;
  VisitSections(defaults, [&](const std::string& key, auto& section, const std::string& help) {
    properties[key] = SectionSchema(section, help);
  });
  AddListSections(properties);
  Json over = PleSchema();
  over["description"] = "the source below a cache; disk with its defaults if left out";
  over.erase("required");
  schema["definitions"] = {{"ple", PleSchema()}, {"over", over}};
  return schema.dump(2) + "\n";
}

std::string TrainingJsonSchema() {
  Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "PLE Lab training run"}};
  schema.update(
      Object("One file is one training run; every key that is left out has the default given here."));
  TrainingConfig defaults;
  VisitSections(defaults, [&](const std::string& key, auto& section, const std::string& help) {
    schema["properties"][key] = SectionSchema(section, help);
    if (IsRequiredSection(key)) schema["required"].push_back(key);
  });
  return schema.dump(2) + "\n";
}

}  // namespace plelab
