// The forms in which rows of a packed table can be stored, by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/ple/formats/codebook.h"
#include "model/ple/ple_table.h"

namespace plelab {

enum class RowForm { kFloat32, kBFloat16, kFloat16, kInt8, kInt4, kCodebook };
std::string_view Name(RowForm form);  // "bfloat16", "int4", …
// Throws UserError naming the known forms.
RowForm ParseRowForm(std::string_view text);

struct RowFormat {
  RowForm form = RowForm::kBFloat16;
  int64_t group = 32;     // of int8 and int4: how many values share a scale
  int64_t entries = 256;  // of codebook
};

// The codec of rows of this geometry in this format; nullptr where they are stored as sources return them.
// books: of kCodebook.
std::shared_ptr<const RowCodec> MakeCodec(const RowFormat& format, const PleGeometry& geometry,
                                          std::shared_ptr<const Codebooks> books);

}  // namespace plelab
