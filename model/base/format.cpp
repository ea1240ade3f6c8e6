#include "model/base/format.h"

namespace plelab {

std::string VFormat(fmt::string_view text, fmt::format_args args) { return fmt::vformat(text, args); }

}  // namespace plelab
