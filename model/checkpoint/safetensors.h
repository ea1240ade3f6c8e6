// The safetensors format: 8 bytes with the length of the header (little-endian), a JSON header, then the
// bytes of all tensors without gaps.  Reference: https://github.com/huggingface/safetensors#format
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/base/dtype.h"
#include "model/base/file_descriptor.h"

namespace plelab {

struct TensorInfo {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<int64_t> shape;
  std::string file;          // the shard that holds it
  int64_t offset_bytes = 0;  // from the start of that file
  int64_t size_bytes = 0;
};

// A tensor in a format that no DType stands for: its place was checked, its size was not.
struct ForeignTensor {
  std::string name;
  std::string format;  // as the file spells it: "F8_E4M3"
};
// "'a' (F8_E4M3), 'b' (F4)", the first twenty of them in full.
std::string ListOf(const std::vector<ForeignTensor>& tensors);

struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;              // in the order of their bytes
  std::vector<ForeignTensor> foreign;           // by name
  std::map<std::string, std::string> metadata;  // `__metadata__`
  std::string text;                             // the JSON itself
};

enum class ForeignFormats { kRefuse, kList };

// Reads the header only, in time that is linear in its tensors (but for sorting them), and trusts nothing in
// it.  Throws UserError naming file, tensor, expected and found when the file is truncated, the header is
// longer than the file or is not JSON, a name is repeated, offsets are negative, overflow, overlap, leave a
// gap or do not end at the end of the file, or a size is not dtype × shape; with kRefuse also for foreign
// tensors, all of them at once.
SafetensorsHeader ReadSafetensorsHeader(const FileDescriptor& file,
                                        ForeignFormats foreign = ForeignFormats::kRefuse);

// For writing.  Lays `tensors`, whose name, dtype and shape are given, one after another and fills in their
// offset_bytes and size_bytes.  Returns the first bytes of the file: the length and the header, which is
// padded with spaces so that the first tensor begins at a multiple of `alignment`, itself a multiple of 8.
std::string MakeSafetensorsHeader(std::vector<TensorInfo>& tensors,
                                  const std::map<std::string, std::string>& metadata, int64_t alignment = 8);

}  // namespace plelab
