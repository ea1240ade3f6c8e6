#include "model/base/json_object.h"

#include <cmath>
#include <nlohmann/json.hpp>

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

// Receives the parser's events and builds the value, without recursion.  (nlohmann-json's own callback for
// parsed values looks through all members of an object each time that one of them ends.)
template <class Json>
class Builder {
 public:
  explicit Builder(const std::string& origin) : origin_(origin) {}
  Json Take() { return std::move(root_); }

  bool null() { return Put(nullptr); }
  bool boolean(bool value) { return Put(value); }
  bool number_integer(int64_t value) { return Put(value); }
  bool number_unsigned(uint64_t value) { return Put(value); }
  bool number_float(double value, const std::string&) { return Put(value); }
  bool string(std::string& value) { return Put(std::move(value)); }
  bool binary(typename Json::binary_t& value) { return Put(std::move(value)); }
  bool start_object(size_t) { return Open(Json::object()); }
  bool start_array(size_t) { return Open(Json::array()); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool key(std::string& name) {
    const auto [place, is_new] = open_.back()->emplace(name, nullptr);
    if (!is_new) throw UserError("{}: key '{}' is given twice; keep one", origin_, name);
    member_ = &*place;
    return true;
  }
  bool parse_error(size_t, const std::string&, const json::exception& error) {
    throw UserError("{}: expected JSON, found something else: {}", origin_, error.what());
  }

 private:
  // Gives the value its place: the root, the member whose key came last, or the end of an array.
  Json* Place(Json value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    return &(*member_ = std::move(value));
  }
  bool Put(Json value) { return Place(std::move(value)) != nullptr; }
  bool Open(Json value) {
    if (std::ssize(open_) == kMaxJsonDepth) {
      throw UserError("{}: expected JSON of at most {} levels, found values nested deeper", origin_,
                      kMaxJsonDepth);
    }
    open_.push_back(Place(std::move(value)));
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  const std::string& origin_;
  Json root_;
  Json* member_ = nullptr;
  // The arrays and objects that have not ended.  Only the last of them grows, so the pointers stay valid.
  std::vector<Json*> open_;
};

template <class Json>
Json ParseWith(const std::string& text, const std::string& origin) {
  Builder<Json> builder(origin);
  Json::sax_parse(text, &builder);  // throws through the builder
  return builder.Take();
}

}  // namespace

json ParseJson(const std::string& text, const std::string& origin) { return ParseWith<json>(text, origin); }
nlohmann::ordered_json ParseOrderedJson(const std::string& text, const std::string& origin) {
  return ParseWith<nlohmann::ordered_json>(text, origin);
}

JsonObject JsonObject::Parse(const std::string& text, const std::string& origin) {
  auto root = std::make_shared<const json>(ParseJson(text, origin));
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
