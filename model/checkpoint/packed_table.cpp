#include "model/checkpoint/packed_table.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <span>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"
#include "model/base/sha256.h"
#include "model/checkpoint/block_hashes.h"
#include "model/ple/formats/codebook.h"
#include "model/ple/formats/codebook_codec.h"
#include "model/ple/formats/row_values.h"

namespace plelab {
namespace {

constexpr char kDescription[] = "plelab_packed", kDescriptionHash[] = "plelab_packed_sha256";
constexpr int64_t kVersion = 1;
constexpr int64_t kMostGroup = int64_t{1} << 20;
constexpr int64_t kMostPadding = int64_t{1} << 20;

std::string_view NameOf(PackedKind kind) { return kind == PackedKind::kRows ? "rows" : "folded"; }
std::string_view NameOf(TableOrder order) {
  return order == TableOrder::kTokenMajor ? "token_major" : "layer_major";
}

std::string DescriptionJson(const PackedDescription& d) {
  const nlohmann::ordered_json json = {{"version", kVersion},
                                       {"kind", NameOf(d.kind)},
                                       {"vocab", d.geometry.vocab},
                                       {"layers", d.geometry.layers},
                                       {"dim", d.geometry.dim},
                                       {"dtype", Name(d.geometry.dtype)},
                                       {"form", Name(d.format.form)},
                                       {"group", d.format.group},
                                       {"entries", d.format.entries},
                                       {"layout", NameOf(d.order)},
                                       {"part_alignment", d.part_alignment},
                                       {"reordered", d.is_reordered},
                                       {"made_from", d.made_from}};
  return json.dump();
}

// The value of which `key` has the name.
template <class T>
T OneOf(const JsonObject& json, const std::string& key, std::initializer_list<T> values) {
  const std::string name = json.String(key);
  for (const T value : values) {
    if (NameOf(value) == name) return value;
  }
  throw UserError("{}: '{}': unknown '{}'; was the table packed by a newer version?", json.origin(), key,
                  name);
}

PackedDescription ParseDescription(const std::string& text, const std::string& path) {
  const JsonObject json = JsonObject::Parse(text, path);
  json.Integer("version", kVersion, kVersion);
  PackedDescription d;
  d.kind = OneOf(json, "kind", {PackedKind::kRows, PackedKind::kFolded});
  d.geometry = {json.Integer("vocab"), json.Integer("layers"), json.Integer("dim"),
                ParseDType(json.String("dtype"))};
  d.format = {ParseRowForm(json.String("form")), json.Integer("group", 1, kMostGroup),
              json.Integer("entries", 1, CodebookCodec::kMostEntries)};
  d.order = OneOf(json, "layout", {TableOrder::kTokenMajor, TableOrder::kLayerMajor});
  d.part_alignment = json.Integer("part_alignment", 1, kMostPadding);
  d.is_reordered = json.Boolean("reordered");
  d.made_from = json.String("made_from");
  return d;
}

// The description, after its hash was checked.
PackedDescription DescriptionIn(const SafetensorsHeader& header, const std::string& path) {
  const auto text = header.metadata.find(kDescription), hash = header.metadata.find(kDescriptionHash);
  if (text == header.metadata.end() || hash == header.metadata.end()) {
    throw UserError("{}: expected a table that 'plelab pack' wrote, found another safetensors file", path);
  }
  if (Sha256Hex(text->second) != hash->second) {
    throw UserError("{}: the description of the packed table is damaged; pack it again", path);
  }
  return ParseDescription(text->second, path);
}

template <class T>
std::vector<T> ReadTensor(const FileDescriptor& file, const TensorInfo& info) {
  std::vector<T> values(static_cast<size_t>(info.size_bytes) / sizeof(T));
  file.Read(info.offset_bytes, std::as_writable_bytes(std::span(values)));
  return values;
}

std::shared_ptr<const std::vector<int32_t>> ReadOrder(const FileDescriptor& file, const TensorInfo& info) {
  auto order = std::make_shared<std::vector<int32_t>>(ReadTensor<int32_t>(file, info));
  std::vector<bool> is_taken(order->size());
  for (const int32_t place : *order) {
    if (place < 0 || place >= std::ssize(*order) || is_taken[place]) {
      throw UserError("{}: 'place_of_row' is not an order of the table's {} rows; pack it again", file.path(),
                      order->size());
    }
    is_taken[place] = true;
  }
  return order;
}

std::shared_ptr<const Codebooks> ReadBooks(const FileDescriptor& file, const TensorInfo& info,
                                           const PackedDescription& d) {
  const std::vector<std::byte> bytes = ReadTensor<std::byte>(file, info);
  std::vector<float> entry(static_cast<size_t>(d.geometry.dim));
  std::vector<std::vector<float>> books;
  const std::byte* from = bytes.data();
  const int64_t entry_bytes = d.geometry.layer_bytes();
  for (int64_t layer = 0; layer < d.geometry.layers; ++layer) {
    std::vector<float>& book = books.emplace_back(d.geometry.dim * d.format.entries);
    for (int64_t k = 0; k < d.format.entries; ++k, from += entry_bytes) {
      LoadValues(d.geometry.dtype, {from, static_cast<size_t>(entry_bytes)}, entry);
      for (int64_t i = 0; i < d.geometry.dim; ++i) book[i * d.format.entries + k] = entry[i];
    }
  }
  return std::make_shared<const Codebooks>(d.geometry.dim, std::move(books));
}

// Each part has blocks of its own, so that a layer-major table can be hashed as it is written.
void CheckHashes(const FileDescriptor& file, const PleTable& table, const TensorInfo& hashes,
                 TableCheck check) {
  const int64_t part = table.geometry.vocab * table.part_stride();
  const int64_t blocks = BlocksToLookAt(check, table.parts());
  for (int64_t i = 0; i < table.parts(); ++i) {
    const int64_t at = hashes.offset_bytes + i * HashedBlocks(part) * kBlockHashBytes;
    if (HashesAreRight(file, table.offset_bytes + i * part, part, at, blocks)) continue;
    throw UserError("{}: rows of the packed table are damaged; pack it again", file.path());
  }
}

// Sizes follow from the description, so that it is compared with what they should be before anything of these
// sizes is allocated.
void RequireShape(const PackedDescription& d, const PleGeometry& expected, const std::string& path) {
  const PleGeometry& g = d.geometry;
  const bool same_dtype = d.kind == PackedKind::kFolded ? g.dtype == DType::kFloat32 : IsFloat(g.dtype);
  if (g.vocab == expected.vocab && g.layers == expected.layers && g.dim == expected.dim && same_dtype) return;
  throw UserError("{}: expected a table [{}, {} x {}] as config.json says, found [{}, {} x {}] in {}", path,
                  expected.vocab, expected.layers, expected.dim, g.vocab, g.layers, g.dim, Name(g.dtype));
}

}  // namespace

std::string PackedFileName(PackedKind kind) {
  return kind == PackedKind::kRows ? "ple_packed.safetensors" : "ple_folded.safetensors";
}

PleTable ShapeOf(const PackedDescription& d) {
  PleTable table{.path = "", .geometry = d.geometry};
  table.layout = {d.order, d.part_alignment};
  // Books decide no size but their own.
  const auto books = std::make_shared<const Codebooks>(
      d.geometry.dim, std::vector<std::vector<float>>(
                          d.format.form == RowForm::kCodebook ? 1 : 0,
                          std::vector<float>(static_cast<size_t>(d.geometry.dim * d.format.entries))));
  table.codec = MakeCodec(d.format, d.geometry, books);
  return table;
}

std::vector<TensorInfo> PackedTensors(const PackedDescription& d, const std::string& path) {
  const PleTable shape = ShapeOf(d);
  const int64_t blocks = shape.parts() * HashedBlocks(d.geometry.vocab * shape.part_stride());
  std::vector<TensorInfo> tensors = {{"rows", DType::kUInt8, {shape.stored_bytes()}, path},
                                     {"sha256", DType::kUInt8, {blocks, kBlockHashBytes}, path}};
  if (d.is_reordered) tensors.push_back({"place_of_row", DType::kInt32, {d.geometry.vocab}, path});
  if (d.format.form == RowForm::kCodebook) {
    tensors.push_back(
        {"codebooks", d.geometry.dtype, {d.geometry.layers, d.format.entries, d.geometry.dim}, path});
  }
  return tensors;
}

std::map<std::string, std::string> PackedMetadata(const PackedDescription& d) {
  const std::string json = DescriptionJson(d);
  return {{kDescription, json}, {kDescriptionHash, Sha256Hex(json)}, {"weights", d.weights}};
}

bool IsPackedTable(const std::string& path) {
  constexpr int64_t kHeaderBytes = 64 * 1024;
  if (!std::filesystem::is_regular_file(path)) return false;
  const FileDescriptor file(path, ReadAhead::kOff);
  std::string begin(static_cast<size_t>(std::min(kHeaderBytes, file.size_bytes())), '\0');
  file.Read(0, std::as_writable_bytes(std::span(begin)));
  return begin.find(kDescription) != std::string::npos;
}

PleTable OpenPackedTable(const std::string& path, PackedKind kind, const std::string& made_from,
                         const PleGeometry& expected, TableCheck check) {
  const FileDescriptor file(path, ReadAhead::kOff);
  const SafetensorsHeader header = ReadSafetensorsHeader(file);
  const PackedDescription d = DescriptionIn(header, path);
  if (d.kind != kind)
    throw UserError("{}: expected a table of {}, found one of {}", path, NameOf(kind), NameOf(d.kind));
  if (d.made_from != made_from) {
    throw UserError(
        "{}: the table was packed from other weights than this checkpoint's (expected {}, found {})", path,
        made_from.substr(0, 12), d.made_from.substr(0, 12));
  }
  RequireShape(d, expected, path);
  const auto same = [](const TensorInfo& a, const TensorInfo& b) {
    return a.name == b.name && a.dtype == b.dtype && a.shape == b.shape;
  };
  if (!std::ranges::equal(header.tensors, PackedTensors(d, path), same)) {
    throw UserError("{}: the tensors are not those of its description; pack it again", path);
  }
  PleTable table = ShapeOf(d);
  table.path = path;
  table.offset_bytes = header.tensors[0].offset_bytes;
  CheckHashes(file, table, header.tensors[1], check);
  for (const TensorInfo& info : std::span(header.tensors).subspan(2)) {
    if (info.name == "place_of_row") table.layout.place_of_row = ReadOrder(file, info);
    if (info.name == "codebooks") table.codec = MakeCodec(d.format, d.geometry, ReadBooks(file, info, d));
  }
  return table;
}

}  // namespace plelab
