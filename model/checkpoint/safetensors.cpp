#include "model/checkpoint/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "model/base/error.h"
#include "model/base/json_object.h"

namespace plelab {
namespace {

constexpr char kMetadata[] = "__metadata__";
constexpr int64_t kLengthBytes = 8;
constexpr uint64_t kLongestHeader = 100'000'000;  // the format's own limit
constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

std::string ReadHeaderText(const FileDescriptor& file) {
  if (file.size_bytes() < kLengthBytes) {
    throw UserError("{}: expected a safetensors file, found {} bytes; is the download complete?", file.path(),
                    file.size_bytes());
  }
  uint64_t length = 0;
  file.Read(0, std::as_writable_bytes(std::span(&length, 1)));
  const auto rest = static_cast<uint64_t>(file.size_bytes() - kLengthBytes);
  if (length > rest) {
    throw UserError(
        "{}: the header is said to be {} bytes long, but only {} follow; is the download complete?",
        file.path(), length, rest);
  }
  if (length > kLongestHeader) {
    throw UserError("{}: expected a header of at most {} bytes, found {}", file.path(), kLongestHeader,
                    length);
  }
  std::string text(length, '\0');
  file.Read(kLengthBytes, std::as_writable_bytes(std::span(text.data(), text.size())));
  return text;
}

// The size of dtype × shape in bytes.  Returns false on overflow.
bool SizeInBytes(const TensorInfo& tensor, int64_t& bytes) {
  bytes = SizeOf(tensor.dtype);
  for (const int64_t size : tensor.shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) return false;
  }
  return true;
}

struct Entry {
  TensorInfo info;
  std::optional<std::string> foreign_format = std::nullopt;  // unless `info.dtype` says it
};

Entry ReadEntry(const JsonObject& header, const std::string& name, int64_t data_bytes) {
  const JsonObject json = header.Object(name);
  Entry entry;
  TensorInfo& tensor = entry.info;
  tensor.name = name;
  tensor.file = header.origin();
  const std::string format = json.String("dtype");
  try {
    tensor.dtype = ParseSafetensorsDType(format);
  } catch (const UserError&) {
    entry.foreign_format = format;
  }
  tensor.shape = json.Integers("shape", 0, kMaxInt64);
  const std::vector<int64_t> range = json.Integers("data_offsets", 0, kMaxInt64);
  if (range.size() != 2 || range[0] > range[1] || range[1] > data_bytes) {
    throw UserError(
        "{}: tensor '{}': expected data_offsets [begin, end] with begin ≤ end ≤ {}, found [{}]; is the "
        "download complete?",
        tensor.file, name, data_bytes, Join(range, ", "));
  }
  tensor.offset_bytes = range[0];
  tensor.size_bytes = range[1] - range[0];
  int64_t expected = 0;
  if (entry.foreign_format) return entry;
  if (!SizeInBytes(tensor, expected) || expected != tensor.size_bytes) {
    throw UserError("{}: tensor '{}': expected {} × [{}] to fill its data_offsets, found {} bytes there",
                    tensor.file, name, SafetensorsName(tensor.dtype), Join(tensor.shape, ", "),
                    tensor.size_bytes);
  }
  return entry;
}

// The tensors must lie end to end over the whole data section: every byte belongs to exactly one of them.
void RequireNoGaps(const std::vector<Entry>& entries, const std::string& path, int64_t data_bytes) {
  int64_t end = 0;
  for (const auto& [tensor, foreign_format] : entries) {
    if (tensor.offset_bytes != end) {
      throw UserError("{}: tensor '{}': expected to begin at {} where the one before it ends, found {} ({})",
                      path, tensor.name, end, tensor.offset_bytes,
                      tensor.offset_bytes < end ? "they overlap" : "a gap");
    }
    end += tensor.size_bytes;
  }
  if (end != data_bytes) {
    throw UserError("{}: expected tensors to fill the file's {} bytes of data, found {} bytes of tensors",
                    path, data_bytes, end);
  }
}

// Returns what the header says of each tensor, in the order of their bytes.
std::vector<Entry> ReadEntries(const JsonObject& json, int64_t data_bytes) {
  std::vector<Entry> entries;
  for (const std::string& name : json.Keys()) {
    if (name != kMetadata) entries.push_back(ReadEntry(json, name, data_bytes));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.info.offset_bytes, a.info.size_bytes) <
           std::pair(b.info.offset_bytes, b.info.size_bytes);
  });
  RequireNoGaps(entries, json.origin(), data_bytes);
  return entries;
}

}  // namespace

std::string ListOf(const std::vector<ForeignTensor>& tensors) {
  constexpr size_t kShown = 20;
  std::vector<std::string> shown;
  for (const ForeignTensor& tensor : tensors) {
    if (shown.size() < kShown) shown.push_back(Format("'{}' ({})", tensor.name, tensor.format));
  }
  return Join(shown, ", ") +
         (tensors.size() > kShown ? Format(" and {} more", tensors.size() - kShown) : std::string());
}

SafetensorsHeader ReadSafetensorsHeader(const FileDescriptor& file, ForeignFormats foreign) {
  SafetensorsHeader header;
  header.text = ReadHeaderText(file);
  const JsonObject json = JsonObject::Parse(header.text, file.path());
  const int64_t data_start = kLengthBytes + static_cast<int64_t>(header.text.size());
  const int64_t data_bytes = file.size_bytes() - data_start;
  for (Entry& entry : ReadEntries(json, data_bytes)) {
    entry.info.offset_bytes += data_start;
    if (entry.foreign_format) {
      header.foreign.push_back({entry.info.name, *entry.foreign_format});
    } else {
      header.tensors.push_back(std::move(entry.info));
    }
  }
  if (!header.foreign.empty() && foreign == ForeignFormats::kRefuse) {
    throw UserError("{}: {} tensors are in formats that are not read here: {}", file.path(),
                    header.foreign.size(), ListOf(header.foreign));
  }
  if (json.Has(kMetadata)) {
    const JsonObject metadata = json.Object(kMetadata);
    for (const std::string& key : metadata.Keys()) header.metadata[key] = metadata.String(key);
  }
  return header;
}

std::string MakeSafetensorsHeader(std::vector<TensorInfo>& tensors,
                                  const std::map<std::string, std::string>& metadata, int64_t alignment) {
  // Written member by member, because an ordered_json looks through all of its members to add one.
  using Json = nlohmann::ordered_json;
  std::vector<std::string> members;
  if (!metadata.empty()) members.push_back(Format("\"{}\":{}", kMetadata, Json(metadata).dump()));
  int64_t end = 0;
  for (TensorInfo& tensor : tensors) {
    if (!SizeInBytes(tensor, tensor.size_bytes)) throw UserError("tensor '{}' is too large", tensor.name);
    tensor.offset_bytes = end;
    end += tensor.size_bytes;
    const Json entry = {{"dtype", SafetensorsName(tensor.dtype)},
                        {"shape", tensor.shape},
                        {"data_offsets", {tensor.offset_bytes, end}}};
    members.push_back(Json(tensor.name).dump() + ":" + entry.dump());
  }
  std::string text = Format("{{{}}}", Join(members, ","));
  const auto unit = static_cast<size_t>(alignment);
  text.resize((kLengthBytes + text.size() + unit - 1) / unit * unit - kLengthBytes, ' ');
  const uint64_t length = text.size();
  std::string bytes(kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, kLengthBytes);
  for (TensorInfo& tensor : tensors) tensor.offset_bytes += kLengthBytes + static_cast<int64_t>(length);
  return bytes + text;
}

}  // namespace plelab
