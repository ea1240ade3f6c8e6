#include "experiments/replay/tables/geometries.h"

#include <algorithm>

#include "model/base/error.h"
#include "model/base/nearest_word.h"

namespace plelab {
namespace {

constexpr std::string_view kPublishedLayout =
    "config.json and the published tensors (embed_tokens_per_layer.weight)";
constexpr std::string_view kGemma4Assumed = "262,144 rows in bfloat16, as Gemma 3n has";
constexpr std::string_view kHashAssumed =
    "the hash functions: a mixing hash of the last two ids (half of the rows) and of the last three (the "
    "others)";

// A row has a slice of `dim` bfloat16 values for each layer of the model, and a token reads its own row.
ReplayGeometry TokenTable(std::string name, int64_t vocab, int64_t layers, int64_t dim,
                          std::string_view source, std::string_view assumed) {
  return {.name = std::move(name),
          .table = {.vocab = vocab, .layers = layers, .dim = dim, .dtype = DType::kBFloat16},
          .rows_of = RowsOf::kTokenId,
          .groups = {{.rows = vocab}},
          .model_layers = layers,
          .source = source,
          .assumed = assumed};
}

ReplayGeometry GemmaTable(std::string name, int64_t layers, std::string_view assumed) {
  return TokenTable(std::move(name), 262'144, layers, 256, kPublishedLayout, assumed);
}

// A row is one run of bytes that a single layer of the model uses.
ReplayGeometry HashedTable(std::string name, int64_t row_bytes, std::vector<RowGroup> groups,
                           int64_t model_layers, std::string_view source, std::string_view assumed) {
  int64_t rows = 0;
  for (RowGroup& group : groups) {
    group.first_row = rows;
    rows += group.rows;
  }
  return {.name = std::move(name),
          .table = {.vocab = rows, .layers = 1, .dim = row_bytes, .dtype = DType::kUInt8},
          .rows_of = RowsOf::kNgramHash,
          .groups = std::move(groups),
          .model_layers = model_layers,
          .source = source,
          .assumed = assumed};
}

std::vector<ReplayGeometry> AllGeometries() {
  static const std::string qwen_assumed =
      Format("{}; 48 layers in the model; rows needed at the end of the first one", kHashAssumed);
  static const std::string deepseek_assumed = Format(
      "48 rows for each token (2 tables × 24); {}; 61 layers in the model, of which the third and the "
      "sixteenth "
      "have a table; both tables in one file",
      kHashAssumed);
  return {
      GemmaTable("gemma3n_e2b", 30, ""),
      GemmaTable("gemma3n_e4b", 35, ""),
      GemmaTable("gemma4_e2b", 35, kGemma4Assumed),
      GemmaTable("gemma4_e4b", 42, kGemma4Assumed),
      HashedTable("qwen3_8_flash_next", 160, {{.rows = 320'001'536, .rows_per_token = 16}}, 48,
                  "the published table: rows of 160 values, here in fp8", qwen_assumed),
      HashedTable("deepseek_v4_1_flash", 264,
                  {{.rows = 384'006'168, .rows_per_token = 24, .needed_after_layer = 2},
                   {.rows = 384'016'682, .rows_per_token = 24, .needed_after_layer = 15}},
                  61, "the published tables (Engram): rows of 256 fp8 values and 8 bytes of scales",
                  deepseek_assumed),
      TokenTable("small", 8192, 10, 32, "configs/models/small, the model that ships", ""),
  };
}

}  // namespace

int64_t ReplayGeometry::rows_per_token() const {
  int64_t rows = 0;
  for (const RowGroup& group : groups) rows += group.rows_per_token;
  return rows;
}

std::span<const ReplayGeometry> KnownGeometries() {
  static const std::vector<ReplayGeometry> all = AllGeometries();
  return all;
}

const ReplayGeometry& GeometryNamed(std::string_view name) {
  std::vector<std::string_view> names;
  for (const ReplayGeometry& geometry : KnownGeometries()) {
    if (geometry.name == name) return geometry;
    names.push_back(geometry.name);
  }
  throw UserError("--geometry: unknown table '{}'; known: {}{}", name, Join(names, ", "),
                  DidYouMean(name, names));
}

ReplayGeometry CutTo(const ReplayGeometry& geometry, int64_t most_bytes) {
  ReplayGeometry cut = geometry;
  if (geometry.bytes() <= most_bytes) return cut;
  const double share = static_cast<double>(most_bytes) / static_cast<double>(geometry.bytes());
  cut.table.vocab = 0;
  for (RowGroup& group : cut.groups) {
    group.first_row = cut.table.vocab;
    group.rows = static_cast<int64_t>(static_cast<double>(group.rows) * share);
    cut.table.vocab += group.rows;
    if (group.rows > 0) continue;
    throw UserError("{}: a row takes {} bytes; expected room for one row of each table, found {} bytes",
                    geometry.name, geometry.table.row_bytes(), most_bytes);
  }
  return cut;
}

ReplayGeometry WithRowsPerToken(const ReplayGeometry& geometry, int64_t rows_per_token) {
  ReplayGeometry changed = geometry;
  const int64_t groups = std::ssize(changed.groups);
  if (rows_per_token < groups || rows_per_token % groups != 0) {
    throw UserError("--rows-per-token {}: {} has {} table{}; expected a multiple of {} that is above 0",
                    rows_per_token, geometry.name, groups, groups == 1 ? "" : "s", groups);
  }
  for (RowGroup& group : changed.groups) group.rows_per_token = rows_per_token / groups;
  return changed;
}

}  // namespace plelab
