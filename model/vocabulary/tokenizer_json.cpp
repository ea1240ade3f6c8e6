#include "model/vocabulary/tokenizer_json.h"

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <unordered_map>
#include <utility>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kMaxPieceBytes = 1024;
constexpr char kWhatToDo[] = "use the tokenizer.model that this vocabulary was made from";

// Strings one behind the other, each by its place, because the memory moves as it grows.
struct Strings {
  std::string text;
  std::vector<std::pair<size_t, size_t>> places;  // offset, size

  void Add(const std::string& string) {
    places.emplace_back(text.size(), string.size());
    text += string;
  }
  std::string_view operator[](size_t i) const {
    return std::string_view(text).substr(places[i].first, places[i].second);
  }
};

// Reads the file without making a tree of its half a million pieces and merges: those go to lists, everything
// else to `root`.
class Reader : public json::json_sax_t {
 public:
  Reader(std::string path, bool only_added) : path_(std::move(path)), only_added_(only_added) {}

  json root;
  Strings pieces, merges;  // two strings for each merge
  std::vector<int64_t> piece_ids;

  bool null() override { return Value(nullptr); }
  bool boolean(bool value) override { return Value(value); }
  bool number_integer(number_integer_t value) override { return Number(value); }
  bool number_unsigned(number_unsigned_t value) override {
    return Number(value > (uint64_t{1} << 62) ? -1 : static_cast<int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return Value(value); }
  bool binary(binary_t&) override { return false; }
  bool string(string_t& value) override {
    if (list_ != List::kMerges) return Value(std::move(value));
    if (depth_ == 3) return SpacedMerge(value);
    merges.Add(value);
    return true;
  }
  bool start_object(size_t) override {
    Enter();
    if (depth_ == 3 && InModel("vocab")) return StartList(List::kPieces);
    if (list_ != List::kNone) Wrong();
    return Push(json::object());
  }
  bool start_array(size_t) override {
    Enter();
    if (depth_ == 3 && InModel("merges")) return StartList(List::kMerges);
    if (list_ != List::kNone && (list_ != List::kMerges || depth_ != 4)) Wrong();
    if (list_ == List::kNone) return Push(json::array());
    pair_begin_ = merges.places.size();
    return true;
  }
  bool key(string_t& value) override {
    if (list_ == List::kPieces) {
      pieces.Add(value);
      return true;
    }
    if (stack_.back()->contains(value)) {
      throw UserError("{}: key '{}' is given twice; keep one", path_, value);
    }
    if (only_added_ && depth_ == 1 && value == "model" && root.contains("added_tokens")) return false;
    key_ = std::move(value);
    return true;
  }
  bool end_object() override { return Leave(); }
  bool end_array() override {
    if (list_ == List::kMerges && depth_ == 4) {
      if (merges.places.size() - pair_begin_ != 2) Wrong();
      --depth_;
      return true;
    }
    return Leave();
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    throw UserError("{}: not valid JSON at byte {}; is the file complete?", path_, position);
  }

 private:
  enum class List { kNone, kPieces, kMerges };

  [[noreturn]] void Wrong() const {
    throw UserError("{}: 'model.{}' is not a list that a BPE vocabulary has; expected {}", path_,
                    list_ == List::kPieces ? "vocab" : "merges",
                    list_ == List::kPieces ? "pieces with their ids" : "pairs of pieces");
  }
  void Enter() {
    if (++depth_ <= kMaxJsonDepth) return;
    throw UserError("{}: nests deeper than {} levels; is this a tokenizer's file?", path_, kMaxJsonDepth);
  }
  bool InModel(const char* list) const {
    return stack_.size() == 2 && model_ == stack_.back() && key_ == list;
  }
  bool StartList(List list) {
    Place(nullptr);  // so that a second one is noticed
    list_ = list;
    return true;
  }
  bool Push(json value) {
    json& placed = Place(std::move(value));
    if (stack_.size() == 1 && key_ == "model") model_ = &placed;
    stack_.push_back(&placed);
    return true;
  }
  // Objects on the stack do not move while a nested value is read.
  json& Place(json value) {
    if (stack_.empty()) return root = std::move(value);
    json& parent = *stack_.back();
    if (parent.is_object()) return parent[key_] = std::move(value);
    parent.push_back(std::move(value));
    return parent.back();
  }
  bool Value(json value) {
    if (list_ != List::kNone) Wrong();
    Place(std::move(value));
    return true;
  }
  bool Number(int64_t value) {
    if (list_ != List::kPieces) return Value(value);
    piece_ids.push_back(value);
    return true;
  }
  // "left right", as older versions of the library write a merge.
  bool SpacedMerge(const std::string& merge) {
    const size_t space = merge.find(' ');
    if (space == merge.npos || merge.find(' ', space + 1) != merge.npos) {
      throw UserError("{}: merge '{}' is not two pieces with one space between them", path_, merge);
    }
    merges.Add(merge.substr(0, space));
    merges.Add(merge.substr(space + 1));
    return true;
  }
  bool Leave() {
    --depth_;
    if (list_ != List::kNone) {
      list_ = List::kNone;
    } else {
      stack_.pop_back();
    }
    return true;
  }

  std::string path_;
  bool only_added_;
  int depth_ = 0;
  std::string key_;
  std::vector<json*> stack_;
  const json* model_ = nullptr;
  List list_ = List::kNone;
  size_t pair_begin_ = 0;  // where the strings of the merge that is being read begin
};

Reader Read(const std::string& text, const std::string& path, bool only_added) {
  Reader reader(path, only_added);
  json::sax_parse(text, &reader);
  if (!reader.root.is_object()) throw UserError("{}: expected a JSON object", path);
  return reader;
}

// A setting by name, in the few words that an error has room for.
std::string Shown(const json& value) {
  if (value.is_object() && value.contains("type") && value["type"] != "Sequence") return Shown(value["type"]);
  const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

[[noreturn]] void Refuse(const std::string& path, const std::string& what, const json& found,
                         const std::string& expected) {
  throw UserError("{}: {} is {}, which a sentencepiece model cannot express; expected {}; {}", path, what,
                  Shown(found), expected, kWhatToDo);
}

json Member(const json& object, const char* key) {
  return object.is_object() && object.contains(key) ? object[key] : json();
}

bool ReplacesSpaces(const json& normalizer) {
  if (Member(normalizer, "type") == "Sequence") {
    const json parts = Member(normalizer, "normalizers");
    return parts.is_array() && parts.size() == 1 && ReplacesSpaces(parts[0]);
  }
  return Member(normalizer, "type") == "Replace" && Member(normalizer, "content") == "▁" &&
         Member(normalizer, "pattern") == json{{"String", " "}};
}

// Once spaces are ▁, a split at spaces finds none.
bool SplitsNothing(const json& pre_tokenizer) {
  return pre_tokenizer.is_null() || (Member(pre_tokenizer, "type") == "Split" &&
                                     Member(pre_tokenizer, "pattern") == json{{"String", " "}});
}

void CheckSettings(const json& root, const std::string& path) {
  const json model = Member(root, "model");
  if (!model.is_object()) throw UserError("{}: has no 'model'; is this a tokenizer.json?", path);
  if (Member(model, "type") != "BPE") Refuse(path, "the model", Member(model, "type"), "BPE");
  if (const json found = Member(root, "pre_tokenizer"); !SplitsNothing(found))
    Refuse(path, "the pre-tokenizer", found, "none");
  if (const json found = Member(root, "normalizer"); !ReplacesSpaces(found))
    Refuse(path, "the normalizer", found, "Replace of ' ' by '▁' alone");
  if (Member(model, "byte_fallback") != true)
    Refuse(path, "'model.byte_fallback'", Member(model, "byte_fallback"), "true");
  for (const char* off : {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "ignore_merges"}) {
    const json found = Member(model, off);
    if (found.is_null() || found == false || found == 0 || found == "") continue;
    Refuse(path, Format("'model.{}'", off), found, "none");
  }
}

// A key of `added_tokens_decoder` as a number; as text where it is none.
json WholeNumber(const std::string& key) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  return error == std::errc() && end == key.data() + key.size() ? json(number) : json(key);
}

int64_t IdOf(const json& token, const std::string& path) {
  const json id = Member(token, "id");
  if (id.is_number_integer() && id >= 0 && id <= INT32_MAX) return id.get<int64_t>();
  throw UserError("{}: an added token's 'id' is {}; expected an integer from 0 on", path, Shown(id));
}

AddedToken ReadAddedToken(const json& token, int64_t id, const std::string& path) {
  const json content = Member(token, "content");
  if (!content.is_string()) {
    throw UserError("{}: added token {}: 'content' is {}; expected its spelling", path, id, Shown(content));
  }
  const auto flag = [&](const char* key) { return Member(token, key) == true; };
  AddedToken added{
      content.get<std::string>(), id, flag("special"), flag("normalized"), flag("lstrip"), flag("rstrip")};
  if (flag("single_word")) {
    throw UserError("{}: added token '{}' is looked for as a single word, which is not supported; {}", path,
                    added.content, "set its 'single_word' to false");
  }
  return added;
}

std::vector<AddedToken> AddedTokensOf(const json& root, const std::string& path) {
  std::vector<AddedToken> added;
  const json list = Member(root, "added_tokens"), by_id = Member(root, "added_tokens_decoder");
  for (const json& token : list) {
    added.push_back(ReadAddedToken(token, IdOf(token, path), path));
    if (added.back().content.empty()) added.pop_back();
  }
  for (const auto& [key, token] : by_id.items()) {
    added.push_back(ReadAddedToken(token, IdOf({{"id", WholeNumber(key)}}, path), path));
    if (added.back().content.empty()) added.pop_back();
  }
  return added;
}

using Ids = std::unordered_map<std::string_view, int32_t>;

// Puts each piece at its id.
Ids PlacePieces(const Reader& reader, int64_t rows, const std::string& path, JsonVocabulary& vocabulary) {
  Ids ids;
  ids.reserve(reader.pieces.places.size());
  for (size_t i = 0; i < reader.piece_ids.size(); ++i) {
    const std::string_view piece = std::string_view(*vocabulary.text)
                                       .substr(reader.pieces.places[i].first, reader.pieces.places[i].second);
    const int64_t id = reader.piece_ids[i];
    if (id < 0 || id >= rows) {
      throw UserError(
          "{}: piece '{}' has id {}, but config.json's vocab_size is {}; is this another model's tokenizer?",
          path, piece, id, rows);
    }
    if (piece.size() > kMaxPieceBytes) {
      throw UserError("{}: piece {} has {} bytes; expected at most {}", path, id, piece.size(),
                      kMaxPieceBytes);
    }
    if (id >= std::ssize(vocabulary.pieces)) vocabulary.pieces.resize(static_cast<size_t>(id) + 1);
    if (!vocabulary.pieces[id].empty() || !ids.emplace(piece, static_cast<int32_t>(id)).second) {
      throw UserError("{}: piece '{}' and id {} are in 'model.vocab' more than once", path, piece, id);
    }
    vocabulary.pieces[id] = piece;
  }
  return ids;
}

void ResolveMerges(const Reader& reader, const Ids& ids, const std::string& path,
                   JsonVocabulary& vocabulary) {
  const auto id_of = [&](std::string_view piece) {
    if (const auto found = ids.find(piece); found != ids.end()) return found->second;
    throw UserError("{}: merge {} needs '{}', which is no piece of 'model.vocab'", path,
                    vocabulary.merges.size(), piece);
  };
  std::string result;
  for (size_t i = 0; i + 1 < reader.merges.places.size(); i += 2) {
    const std::string_view left = reader.merges[i], right = reader.merges[i + 1];
    result.assign(left) += right;
    vocabulary.merges.push_back({id_of(left), id_of(right), id_of(result)});
  }
}

}  // namespace

std::string ReadVocabularyFile(const std::string& path) {
  const FileDescriptor file(path, ReadAhead::kOn);
  std::string bytes(static_cast<size_t>(file.size_bytes()), '\0');
  file.Read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

JsonVocabulary ParseTokenizerJson(const std::string& text, const std::string& path, int64_t rows) {
  Reader reader = Read(text, path, /*only_added=*/false);
  CheckSettings(reader.root, path);
  JsonVocabulary vocabulary;
  vocabulary.text = std::make_unique<const std::string>(std::move(reader.pieces.text));
  if (reader.piece_ids.size() != reader.pieces.places.size() || reader.piece_ids.empty()) {
    throw UserError("{}: 'model.vocab' is empty or lacks ids; is the file complete?", path);
  }
  const Ids ids = PlacePieces(reader, rows, path, vocabulary);
  ResolveMerges(reader, ids, path, vocabulary);
  vocabulary.added = AddedTokensOf(reader.root, path);
  const json unknown = Member(Member(reader.root, "model"), "unk_token");
  const auto found = unknown.is_string() ? ids.find(unknown.get_ref<const std::string&>()) : ids.end();
  if (found == ids.end()) Refuse(path, "'model.unk_token'", unknown, "one of the pieces");
  vocabulary.unknown = found->second;
  return vocabulary;
}

std::vector<AddedToken> ReadAddedTokens(const std::string& folder) {
  std::vector<AddedToken> all;
  for (const char* name : {"tokenizer_config.json", "tokenizer.json"}) {
    const std::string path = (fs::path(folder) / name).string();
    if (!fs::exists(path)) continue;
    const Reader reader = Read(ReadVocabularyFile(path), path, /*only_added=*/true);
    for (AddedToken& token : AddedTokensOf(reader.root, path)) all.push_back(std::move(token));
  }
  return all;
}

}  // namespace plelab
