#include "model/ple/formats/row_format.h"

#include <utility>

#include "model/base/error.h"
#include "model/ple/formats/codebook_codec.h"
#include "model/ple/formats/integer_codec.h"
#include "model/ple/formats/narrow_codec.h"

namespace plelab {
namespace {

constexpr std::pair<RowForm, std::string_view> kForms[] = {
    {RowForm::kFloat32, "float32"}, {RowForm::kBFloat16, "bfloat16"}, {RowForm::kFloat16, "float16"},
    {RowForm::kInt8, "int8"},       {RowForm::kInt4, "int4"},         {RowForm::kCodebook, "codebook"}};

std::shared_ptr<const RowCodec> MakeNarrow(const PleGeometry& geometry, DType stored) {
  if (stored == geometry.dtype) return nullptr;
  return std::make_shared<NarrowCodec>(geometry.dim, stored, geometry.dtype);
}

}  // namespace

std::string_view Name(RowForm form) {
  for (const auto& [known, name] : kForms) {
    if (known == form) return name;
  }
  throw RunError("a form of rows without a name");
}

RowForm ParseRowForm(std::string_view text) {
  std::string names;
  for (const auto& [form, name] : kForms) {
    if (name == text) return form;
    names += Format("{}{}", names.empty() ? "" : ", ", name);
  }
  throw UserError("unknown form of rows '{}'; known: {}", text, names);
}

std::shared_ptr<const RowCodec> MakeCodec(const RowFormat& format, const PleGeometry& geometry,
                                          std::shared_ptr<const Codebooks> books) {
  switch (format.form) {
    case RowForm::kFloat32:
      return MakeNarrow(geometry, DType::kFloat32);
    case RowForm::kBFloat16:
      return MakeNarrow(geometry, DType::kBFloat16);
    case RowForm::kFloat16:
      return MakeNarrow(geometry, DType::kFloat16);
    case RowForm::kInt8:
      return std::make_shared<IntegerCodec>(geometry.dim, geometry.dtype, 8, format.group);
    case RowForm::kInt4:
      return std::make_shared<IntegerCodec>(geometry.dim, geometry.dtype, 4, format.group);
    case RowForm::kCodebook:
      return std::make_shared<CodebookCodec>(std::move(books), geometry.dim, geometry.dtype);
  }
  throw RunError("no such form of rows");
}

}  // namespace plelab
