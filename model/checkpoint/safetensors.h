// The safetensors format: 8 bytes of header length (little-endian), a JSON header, the tensors' bytes without
// gaps. Reference: https://github.com/huggingface/safetensors#format
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

struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;              // in the order of their bytes
  std::map<std::string, std::string> metadata;  // `__metadata__`
  std::string text;                             // the JSON itself
};

// Reads the header only, and trusts nothing in it.  Throws UserError naming file, tensor, expected and found:
// truncated, a header longer than the file, not JSON, a repeated name, a dtype that this project does not
// read, offsets that are negative, overflow, overlap, leave a gap or end beside the file's end, a size that
// is not dtype × shape.
SafetensorsHeader ReadSafetensorsHeader(const FileDescriptor& file);

// For writing: lays `tensors` (name, dtype and shape given) one after another, fills in their offset_bytes
// and size_bytes, and returns the file's first bytes: length and header, padded with spaces to 8 bytes.
std::string MakeSafetensorsHeader(std::vector<TensorInfo>& tensors,
                                  const std::map<std::string, std::string>& metadata);

}  // namespace plelab
