#include "model/base/dtype.h"

#include <array>
#include <string>

#include "model/base/error.h"

namespace plelab {
namespace {

struct Row {
  DType dtype;
  int64_t bytes;
  std::string_view name;
  std::string_view safetensors;
};

// In the order of the enum.
constexpr std::array<Row, 8> kRows = {{
    {DType::kFloat32, 4, "float32", "F32"},
    {DType::kBFloat16, 2, "bfloat16", "BF16"},
    {DType::kFloat16, 2, "float16", "F16"},
    {DType::kInt8, 1, "int8", "I8"},
    {DType::kUInt8, 1, "uint8", "U8"},
    {DType::kInt32, 4, "int32", "I32"},
    {DType::kInt64, 8, "int64", "I64"},
    {DType::kBool, 1, "bool", "BOOL"},
}};

const Row& RowOf(DType dtype) { return kRows[static_cast<size_t>(dtype)]; }

DType Parse(std::string_view text, std::string_view Row::*spelling) {
  std::string known;
  for (const Row& row : kRows) {
    if (row.*spelling == text) return row.dtype;
    known += (known.empty() ? "" : ", ") + std::string(row.*spelling);
  }
  throw UserError("unknown dtype '{}'; known: {}", text, known);
}

}  // namespace

bool IsFloat(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kBFloat16 || dtype == DType::kFloat16;
}

int64_t SizeOf(DType dtype) { return RowOf(dtype).bytes; }
std::string_view Name(DType dtype) { return RowOf(dtype).name; }
std::string_view SafetensorsName(DType dtype) { return RowOf(dtype).safetensors; }
DType ParseDType(std::string_view name) { return Parse(name, &Row::name); }
DType ParseSafetensorsDType(std::string_view name) { return Parse(name, &Row::safetensors); }

}  // namespace plelab
