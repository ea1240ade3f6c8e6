#include "model/tokens/shipped_template.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kKey[] = "chat_template";

std::string ReadTemplate(const fs::path& path) {
  RefuseSpecialInput(path.string());
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UserError("{}: cannot be read", path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

[[noreturn]] void RefuseNames(const std::string& place, std::vector<std::string> names) {
  std::ranges::sort(names);
  throw UserError(
      "{}: has the chat templates {}, and none named 'default'; render the prompt with "
      "scripts/render_chat.py "
      "--template NAME, and give it with --chat off --prompt-file FILE",
      place, Join(names, ", "));
}

// The entry `default` of a list of {name, template}, or of an object from names to templates.
const json& DefaultOf(const json& templates, const std::string& place) {
  std::vector<std::string> names;
  for (const auto& [key, entry] : templates.items()) {
    const bool named = templates.is_object() || (entry.is_object() && entry.contains("template") &&
                                                 entry.value("name", json()).is_string());
    if (!named) throw UserError("{}: expected a list of objects with 'name' and 'template'", place);
    const std::string name = templates.is_object() ? key : entry["name"].get<std::string>();
    if (name == "default") return templates.is_object() ? entry : entry["template"];
    names.push_back(name);
  }
  RefuseNames(place, names);
}

std::optional<ShippedTemplate> InJson(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  const json whole = ParseJson(ReadTemplate(path), path.string());
  if (!whole.is_object()) throw UserError("{}: expected a JSON object; is the file complete?", path.string());
  if (!whole.contains(kKey) || whole[kKey].is_null()) return std::nullopt;
  const std::string place = Format("{}: '{}'", path.string(), kKey);
  const json& found = whole[kKey];
  const json& text = found.is_structured() ? DefaultOf(found, place) : found;
  if (!text.is_string())
    throw UserError("{}: expected a template in Jinja, found {}", place, text.type_name());
  return ShippedTemplate{place, text.get<std::string>()};
}

std::optional<ShippedTemplate> InFile(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  return ShippedTemplate{path.string(), ReadTemplate(path)};
}

std::optional<ShippedTemplate> InFolder(const fs::path& folder) {
  if (auto found = InFile(folder / "default.jinja")) return found;
  if (!fs::is_directory(folder)) return std::nullopt;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".jinja") names.push_back(entry.path().stem().string());
  }
  if (!names.empty()) RefuseNames(folder.string(), names);
  return std::nullopt;
}

}  // namespace

std::optional<ShippedTemplate> FindChatTemplate(const std::string& checkpoint_directory) {
  const fs::path directory = checkpoint_directory;
  if (auto found = InJson(directory / "processor_config.json")) return found;
  if (auto found = InJson(directory / "chat_template.json")) return found;
  if (auto found = InFile(directory / "chat_template.jinja")) return found;
  if (auto found = InFolder(directory / "additional_chat_templates")) return found;
  return InJson(directory / "tokenizer_config.json");
}

}  // namespace plelab
