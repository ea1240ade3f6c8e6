#include "harness/config/yaml_tree.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <utility>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int kMaxDepth = 32;          // an alias that contains itself never ends
constexpr int64_t kMaxNodes = 50'000;  // nor, in practice, does one that doubles at every level

std::string PlaceOf(const std::string& origin, const YAML::Mark& mark) {
  if (mark.is_null()) return origin;
  return Format("{}:{}:{}", origin, mark.line + 1, mark.column + 1);  // yaml-cpp counts from 0
}

// Copies yaml-cpp's nodes. yaml-cpp silently keeps repeated keys, so this looks for them.
class Converter {
 public:
  explicit Converter(const std::string& origin) : origin_(origin) {}

  YamlNode Convert(const YAML::Node& from, int depth) {
    YamlNode to;
    to.place = PlaceOf(origin_, from.Mark());
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes) {
      throw UserError("{}: nested deeper than {} levels, or more than {} values; does an alias hold itself?",
                      to.place, kMaxDepth, kMaxNodes);
    }
    switch (from.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        to.kind = YamlNode::Kind::kScalar;
        to.scalar = from.Scalar();
        to.quoted = from.Tag() == "!";
        break;
      case YAML::NodeType::Sequence:
        to.kind = YamlNode::Kind::kList;
        for (const YAML::Node& item : from) to.items.push_back(Convert(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        to.kind = YamlNode::Kind::kMap;
        for (const auto& entry : from) AddEntry(to, entry.first, entry.second, depth);
        break;
    }
    return to;
  }

 private:
  void AddEntry(YamlNode& map, const YAML::Node& key, const YAML::Node& value, int depth) {
    const std::string place = PlaceOf(origin_, key.Mark());
    if (!key.IsScalar()) throw UserError("{}: expected a key that is plain text", place);
    if (const YamlEntry* first = map.FindEntry(key.Scalar())) {
      throw UserError("{}: repeated key '{}', first at {}", place, key.Scalar(), first->place);
    }
    map.entries.push_back({key.Scalar(), place, Convert(value, depth + 1)});
  }

  const std::string& origin_;
  int64_t nodes_ = 0;
};

void Emit(YAML::Emitter& out, const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      out << YAML::Null;
      break;
    case YamlNode::Kind::kScalar:
      if (node.quoted) out << YAML::DoubleQuoted;
      out << node.scalar;
      break;
    case YamlNode::Kind::kList: {
      const bool one_line = std::ranges::all_of(node.items, &YamlNode::is_scalar);
      out << (one_line ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
      for (const YamlNode& item : node.items) Emit(out, item);
      out << YAML::EndSeq;
      break;
    }
    case YamlNode::Kind::kMap:
      out << YAML::BeginMap;
      for (const YamlEntry& entry : node.entries) {
        out << YAML::Key << entry.key << YAML::Value;
        Emit(out, entry.value);
      }
      out << YAML::EndMap;
      break;
  }
}

}  // namespace

YamlNode YamlNode::Scalar(std::string text, std::string place) {
  YamlNode node;
  node.kind = Kind::kScalar;
  node.scalar = std::move(text);
  node.place = std::move(place);
  return node;
}

YamlNode YamlNode::List(std::vector<YamlNode> items, std::string place) {
  YamlNode node;
  node.kind = Kind::kList;
  node.items = std::move(items);
  node.place = std::move(place);
  return node;
}

YamlNode YamlNode::Map(std::string place) {
  YamlNode node;
  node.kind = Kind::kMap;
  node.place = std::move(place);
  return node;
}

const YamlEntry* YamlNode::FindEntry(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &YamlEntry::key);
  return found == entries.end() ? nullptr : &*found;
}

const YamlNode* YamlNode::Find(std::string_view key) const {
  const YamlEntry* entry = FindEntry(key);
  return entry ? &entry->value : nullptr;
}

YamlNode* YamlNode::Find(std::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).Find(key));
}

YamlNode& YamlNode::Set(std::string_view key, YamlNode value, std::string key_place) {
  if (YamlNode* old = Find(key)) return *old = std::move(value);
  return entries.emplace_back(YamlEntry{std::string(key), std::move(key_place), std::move(value)}).value;
}

void YamlNode::Erase(std::string_view key) {
  std::erase_if(entries, [&](const YamlEntry& entry) { return entry.key == key; });
}

std::string YamlNode::Describe() const {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return Format("'{}'", scalar);
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
  }
  return "";
}

YamlNode ParseYaml(const std::string& text, const std::string& origin) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.empty()) return Converter(origin).Convert(YAML::Node(), 0);
    if (documents.size() > 1) {
      throw UserError("{}: expected one YAML document, found {}", PlaceOf(origin, documents[1].Mark()),
                      documents.size());
    }
    return Converter(origin).Convert(documents[0], 0);
  } catch (const YAML::DeepRecursion& error) {  // the parser's own limit, before Converter sees anything
    throw UserError("{}: nested deeper than {} levels", PlaceOf(origin, error.mark), kMaxDepth);
  } catch (const YAML::Exception& error) {
    throw UserError("{}: not YAML: {}", PlaceOf(origin, error.mark), error.msg);
  }
}

std::string PrintYaml(const YamlNode& node) {
  YAML::Emitter out;
  Emit(out, node);
  return std::string(out.c_str()) + "\n";
}

}  // namespace plelab
