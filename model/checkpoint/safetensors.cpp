#include "model/checkpoint/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "model/base/error.h"
#include "model/base/json_object.h"

namespace plelab {
namespace {

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

TensorInfo ReadEntry(const JsonObject& header, const std::string& name, int64_t data_bytes) {
  const JsonObject entry = header.Object(name);
  TensorInfo tensor;
  tensor.name = name;
  tensor.file = header.origin();
  try {
    tensor.dtype = ParseSafetensorsDType(entry.String("dtype"));
  } catch (const UserError& error) {
    throw UserError("{}: tensor '{}': {}", tensor.file, name, error.what());
  }
  tensor.shape = entry.Integers("shape", 0, kMaxInt64);
  const std::vector<int64_t> range = entry.Integers("data_offsets", 0, kMaxInt64);
  if (range.size() != 2 || range[0] > range[1] || range[1] > data_bytes) {
    throw UserError(
        "{}: tensor '{}': expected data_offsets [begin, end] with begin ≤ end ≤ {}, found [{}]; is the "
        "download complete?",
        tensor.file, name, data_bytes, Join(range, ", "));
  }
  tensor.offset_bytes = range[0];
  tensor.size_bytes = range[1] - range[0];
  int64_t expected = 0;
  if (!SizeInBytes(tensor, expected) || expected != tensor.size_bytes) {
    throw UserError("{}: tensor '{}': expected {} × [{}] to fill its data_offsets, found {} bytes there",
                    tensor.file, name, SafetensorsName(tensor.dtype), Join(tensor.shape, ", "),
                    tensor.size_bytes);
  }
  return tensor;
}

// The tensors must lie end to end over the whole data section: every byte belongs to exactly one of them.
void RequireNoGaps(const std::vector<TensorInfo>& tensors, const std::string& path, int64_t data_bytes) {
  int64_t end = 0;
  for (const TensorInfo& tensor : tensors) {
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

}  // namespace

SafetensorsHeader ReadSafetensorsHeader(const FileDescriptor& file) {
  SafetensorsHeader header;
  header.text = ReadHeaderText(file);
  const JsonObject json = JsonObject::Parse(header.text, file.path());
  const int64_t data_start = kLengthBytes + static_cast<int64_t>(header.text.size());
  const int64_t data_bytes = file.size_bytes() - data_start;
  for (const std::string& name : json.Keys()) {
    if (name != "__metadata__") header.tensors.push_back(ReadEntry(json, name, data_bytes));
  }
  std::sort(header.tensors.begin(), header.tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return std::pair(a.offset_bytes, a.size_bytes) < std::pair(b.offset_bytes, b.size_bytes);
  });
  RequireNoGaps(header.tensors, file.path(), data_bytes);
  for (TensorInfo& tensor : header.tensors) tensor.offset_bytes += data_start;
  if (json.Has("__metadata__")) {
    const JsonObject metadata = json.Object("__metadata__");
    for (const std::string& key : metadata.Keys()) header.metadata[key] = metadata.String(key);
  }
  return header;
}

std::string MakeSafetensorsHeader(std::vector<TensorInfo>& tensors,
                                  const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json json;
  if (!metadata.empty()) json["__metadata__"] = metadata;
  int64_t end = 0;
  for (TensorInfo& tensor : tensors) {
    if (!SizeInBytes(tensor, tensor.size_bytes)) throw UserError("tensor '{}' is too large", tensor.name);
    tensor.offset_bytes = end;
    end += tensor.size_bytes;
    json[tensor.name] = {{"dtype", SafetensorsName(tensor.dtype)},
                         {"shape", tensor.shape},
                         {"data_offsets", {tensor.offset_bytes, end}}};
  }
  std::string text = json.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  std::string bytes(kLengthBytes, '\0');
  std::memcpy(bytes.data(), &length, kLengthBytes);
  for (TensorInfo& tensor : tensors) tensor.offset_bytes += kLengthBytes + static_cast<int64_t>(length);
  return bytes + text;
}

}  // namespace plelab
