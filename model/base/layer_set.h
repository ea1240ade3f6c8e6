// Sets of layers as a user writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plelab {

// "5", "0-3" or "0-3+7+9-12" → ascending, none twice.  Throws UserError naming `key` and the form.
std::vector<int64_t> ParseLayers(std::string_view key, std::string_view text);
// The same in the order written; a layer may come twice: "0-2+4+3+5-9".
std::vector<int64_t> ParseLayerOrder(std::string_view key, std::string_view text);
// Either back in its shortest form; "" for none.
std::string FormatLayers(const std::vector<int64_t>& layers);

}  // namespace plelab
