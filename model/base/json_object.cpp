#include "model/base/json_object.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "model/base/error.h"

namespace plelab {

using nlohmann::json;

struct JsonObject::Node {
  std::shared_ptr<const json> root;  // keeps `value` alive
  const json* value = nullptr;
};

namespace {

// The value that was found, as one line that is short enough for an error message.
std::string Shorten(const json& value) {
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

json ParseUnique(const std::string& text, const std::string& origin) {
  std::vector<std::set<std::string>> open;  // the keys seen so far in each object that is still open
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second) {
      throw UserError("{}: key '{}' is given twice; keep one", origin, parsed.get<std::string>());
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::exception& error) {
    throw UserError("{}: expected JSON, found something else: {}", origin, error.what());
  }
}

}  // namespace

JsonObject JsonObject::Parse(const std::string& text, const std::string& origin) {
  auto root = std::make_shared<const json>(ParseUnique(text, origin));
  if (!root->is_object()) throw UserError("{}: expected a JSON object, found {}", origin, root->type_name());
  auto node = std::make_shared<Node>();
  node->root = root;
  node->value = root.get();
  return JsonObject(node, origin, "");
}

bool JsonObject::Has(const std::string& key) const { return node_->value->contains(key); }
bool JsonObject::IsNull(const std::string& key) const { return Has(key) && node_->value->at(key).is_null(); }
bool JsonObject::IsArray(const std::string& key) const {
  return Has(key) && node_->value->at(key).is_array();
}

std::vector<std::string> JsonObject::Keys() const {
  std::vector<std::string> keys;
  for (const auto& item : node_->value->items()) keys.push_back(item.key());
  return keys;
}

namespace {

const json& Member(const json& object, const std::string& key, const std::string& origin,
                   const std::string& path, const std::string& expected) {
  const auto found = object.find(key);
  if (found == object.end()) throw UserError("{}: key '{}' is missing; expected {}", origin, path, expected);
  return *found;
}

[[noreturn]] void Wrong(const json& value, const std::string& origin, const std::string& path,
                        const std::string& expected) {
  throw UserError("{}: key '{}': expected {}, found {}", origin, path, expected, Shorten(value));
}

bool ReadInteger(const json& value, int64_t low, int64_t high, int64_t& out) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(high)) return false;
  out = value.get<int64_t>();
  return out >= low && out <= high;
}

}  // namespace

int64_t JsonObject::Integer(const std::string& key, int64_t low, int64_t high) const {
  const std::string expected = Format("an integer from {} to {}", low, high);
  const json& value = Member(*node_->value, key, origin_, Path(key), expected);
  int64_t out = 0;
  if (!ReadInteger(value, low, high, out)) Wrong(value, origin_, Path(key), expected);
  return out;
}

double JsonObject::Number(const std::string& key) const {
  const json& value = Member(*node_->value, key, origin_, Path(key), "a number");
  if (!value.is_number() || !std::isfinite(value.get<double>())) Wrong(value, origin_, Path(key), "a number");
  return value.get<double>();
}

bool JsonObject::Boolean(const std::string& key) const {
  const json& value = Member(*node_->value, key, origin_, Path(key), "true or false");
  if (!value.is_boolean()) Wrong(value, origin_, Path(key), "true or false");
  return value.get<bool>();
}

std::string JsonObject::String(const std::string& key) const {
  const json& value = Member(*node_->value, key, origin_, Path(key), "a string");
  if (!value.is_string()) Wrong(value, origin_, Path(key), "a string");
  return value.get<std::string>();
}

JsonObject JsonObject::Object(const std::string& key) const {
  const json& value = Member(*node_->value, key, origin_, Path(key), "an object");
  if (!value.is_object()) Wrong(value, origin_, Path(key), "an object");
  auto node = std::make_shared<Node>();
  node->root = node_->root;
  node->value = &value;
  return JsonObject(node, origin_, Path(key) + ".");
}

std::vector<int64_t> JsonObject::Integers(const std::string& key, int64_t low, int64_t high) const {
  const std::string expected = Format("a list of integers from {} to {}", low, high);
  const json& value = Member(*node_->value, key, origin_, Path(key), expected);
  if (!value.is_array()) Wrong(value, origin_, Path(key), expected);
  std::vector<int64_t> out(value.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (!ReadInteger(value[i], low, high, out[i])) Wrong(value[i], origin_, Path(key), expected);
  }
  return out;
}

std::vector<double> JsonObject::Numbers(const std::string& key) const {
  const json& value = Member(*node_->value, key, origin_, Path(key), "a list of numbers");
  if (!value.is_array()) Wrong(value, origin_, Path(key), "a list of numbers");
  std::vector<double> out;
  for (const json& item : value) {
    if (!item.is_number()) Wrong(item, origin_, Path(key), "a list of numbers");
    out.push_back(item.get<double>());
  }
  return out;
}

std::vector<std::string> JsonObject::Strings(const std::string& key) const {
  const json& value = Member(*node_->value, key, origin_, Path(key), "a list of strings");
  if (!value.is_array()) Wrong(value, origin_, Path(key), "a list of strings");
  std::vector<std::string> out;
  for (const json& item : value) {
    if (!item.is_string()) Wrong(item, origin_, Path(key), "a list of strings");
    out.push_back(item.get<std::string>());
  }
  return out;
}

std::vector<std::vector<int64_t>> JsonObject::IntegerRows(const std::string& key) const {
  const std::string expected = "a list of lists of integers from 1 to 2147483647";
  const json& value = Member(*node_->value, key, origin_, Path(key), expected);
  if (!value.is_array()) Wrong(value, origin_, Path(key), expected);
  std::vector<std::vector<int64_t>> rows;
  for (const json& row : value) {
    if (!row.is_array()) Wrong(row, origin_, Path(key), expected);
    rows.emplace_back(row.size());
    for (size_t i = 0; i < row.size(); ++i) {
      if (!ReadInteger(row[i], 1, std::numeric_limits<int32_t>::max(), rows.back()[i])) {
        Wrong(row[i], origin_, Path(key), expected);
      }
    }
  }
  return rows;
}

}  // namespace plelab
