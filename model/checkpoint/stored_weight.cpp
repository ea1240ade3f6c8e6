#include "model/checkpoint/stored_weight.h"

#include "model/base/format.h"

namespace plelab {
namespace {

constexpr CodeFormat kFormats[] = {{8, 0}, {4, 32}, {4, 128}};
constexpr std::string_view kScales = ".scales";

}  // namespace

std::string Name(const CodeFormat& format) {
  return format.bits == 8 ? "int8" : Format("int4_g{}", format.group);
}

std::string CodesName(const std::string& weight, const CodeFormat& format) {
  return weight + "." + Name(format);
}
std::string ScalesName(const std::string& weight) { return weight + std::string(kScales); }

CodeTensors CodeTensorsOf(const std::string& name, const CodeFormat& format, int64_t rows, int64_t columns) {
  CodeTensors tensors;
  tensors.codes.name = CodesName(name, format);
  tensors.scales.name = ScalesName(name);
  if (format.bits == 8) {
    tensors.codes.dtype = DType::kInt8;
    tensors.codes.shape = {rows, columns};
    tensors.scales.dtype = DType::kFloat32;
    tensors.scales.shape = {rows};
  } else {
    tensors.codes.dtype = DType::kUInt8;
    tensors.codes.shape = {rows, columns / 2};
    tensors.scales.dtype = DType::kFloat16;
    tensors.scales.shape = {rows, columns / format.group};
  }
  return tensors;
}

std::optional<CodeName> ParseCodeName(std::string_view tensor) {
  const auto weight_before = [&](std::string_view end) {
    return std::string(tensor.substr(0, tensor.size() - end.size()));
  };
  if (tensor.ends_with(kScales)) return CodeName{weight_before(kScales), std::nullopt};
  for (const CodeFormat& format : kFormats) {
    const std::string end = CodesName("", format);
    if (tensor.ends_with(end)) return CodeName{weight_before(end), format};
  }
  return std::nullopt;
}

}  // namespace plelab
