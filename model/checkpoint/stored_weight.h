// Weights that `plelab pack --weights-dtype` quantised, as a checkpoint's files name them.
//
// In place of the tensor NAME there are NAME.int8 and NAME.scales, or NAME.int4_gN and NAME.scales, where N
// values share a scale.  Codes and scales are those of model/kernels/matrix.h: int8 [rows, columns] with
// float32 scales [rows]; uint8 [rows, columns / 2] with float16 scales [rows, columns / N].  Rows are the
// published tensor's, or its columns where a decode step reads few of them (down_proj of sparse layers).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/checkpoint/safetensors.h"

namespace plelab {

struct CodeFormat {
  int bits = 8;       // 8 or 4
  int64_t group = 0;  // of 4 bits: values that share a scale; 32 or 128
};
// "int8", "int4_g32".
std::string Name(const CodeFormat& format);

// The names of the tensors that stand for the weight of this published name.
std::string CodesName(const std::string& weight, const CodeFormat& format);
std::string ScalesName(const std::string& weight);

// The tensors that hold the codes and scales of `rows` rows of `columns` values; name, dtype and shape only.
struct CodeTensors {
  TensorInfo codes, scales;
};
CodeTensors CodeTensorsOf(const std::string& name, const CodeFormat& format, int64_t rows, int64_t columns);

// What a stored tensor's name says.
struct CodeName {
  std::string weight;  // NAME
  // Nothing for scales.
  std::optional<CodeFormat> format;
};
// Returns nothing for a tensor that is stored as published.
std::optional<CodeName> ParseCodeName(std::string_view tensor);

}  // namespace plelab
