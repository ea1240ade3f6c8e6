#include "harness/training/token_split.h"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"

namespace plelab {
namespace {

static_assert(std::endian::native == std::endian::little, "the .bin files are little-endian");

constexpr int64_t kMaxIds = int64_t{1} << 40;

std::string ReadText(const std::string& path) {
  RefuseSpecialInput(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw UserError("{}: cannot be read; configs/corpus/README.md says how token files are made", path);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<uint16_t> ReadIds(const std::string& path, int64_t expected) {
  const std::string bytes = ReadText(path);
  if (static_cast<int64_t>(bytes.size()) != expected * 2) {
    throw UserError("{}: expected {} bytes, as meta.json says, found {}", path, expected * 2, bytes.size());
  }
  std::vector<uint16_t> ids(static_cast<size_t>(expected));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(ids.data()));
  return ids;
}

void CheckDocuments(const TokenSplit& split, const std::string& path, int64_t vocab_size) {
  const auto ids = std::ssize(split.ids);
  if (split.documents() == 0) throw UserError("{}: holds no document, as meta.json says", path);
  for (int64_t d = 0; d < split.documents(); ++d) {
    const int64_t begin = split.offsets[d], end = split.offsets[d + 1];
    if ((d == 0 && begin != 0) || begin >= end || end > ids) {
      throw UserError(
          "{}: meta.json says that document {} is ids {} to {} of {}; expected documents that follow each "
          "other "
          "from id 0 on",
          path, d, begin, end, ids);
    }
    if (split.ids[begin] != split.bos) {
      throw UserError("{}: document {} does not begin with bos where meta.json says, at id {}", path, d,
                      begin);
    }
  }
  const auto largest = std::max_element(split.ids.begin(), split.ids.end());
  if (largest == split.ids.end()) throw UserError("{}: holds no token", path);
  if (*largest < vocab_size) return;
  throw UserError("{}: id {} at position {}, expected below the model's vocabulary of {}", path, *largest,
                  largest - split.ids.begin(), vocab_size);
}

}  // namespace

TokenSplit ReadTokenSplit(const std::string& folder, const std::string& name, int64_t vocab_size) {
  const std::string meta_path = folder + "/meta.json", path = folder + "/" + name + ".bin";
  const JsonObject meta = JsonObject::Parse(ReadText(meta_path), meta_path);
  const JsonObject described = meta.Object("splits").Object(name);
  const JsonObject table = described.Object("documents_table");
  TokenSplit split;
  split.bos = static_cast<uint16_t>(meta.Integer("bos", 0, 0xffff));
  split.sha256 = described.String("sha256");
  split.ids = ReadIds(path, described.Integer("ids", 1, kMaxIds));
  split.offsets = table.Integers("offset", 0, kMaxIds);
  split.offsets.push_back(static_cast<int64_t>(split.ids.size()));
  split.bytes = table.Integers("bytes", 0, kMaxIds);
  split.domain = table.Integers("domain", 0, 1000);
  split.domains = table.Strings("domains");
  const size_t documents = split.bytes.size();
  if (split.offsets.size() != documents + 1 || split.domain.size() != documents ||
      std::ranges::any_of(split.domain, [&](int64_t d) { return d >= std::ssize(split.domains); })) {
    throw UserError("{}: the columns of documents_table of '{}' disagree", meta_path, name);
  }
  CheckDocuments(split, path, vocab_size);
  return split;
}

int64_t DocumentsUntil(const TokenSplit& split, int64_t tokens) {
  if (tokens == 0) return split.documents();
  const auto end = std::lower_bound(split.offsets.begin(), split.offsets.end(), tokens);
  return std::min<int64_t>(end - split.offsets.begin(), split.documents());
}

}  // namespace plelab
