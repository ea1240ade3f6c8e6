// Lists of layer numbers in the form that users write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plelab {

// Parses "5", "0-3" or "0-3+7+9-12".  The result ascends and repeats no layer.  Throws UserError naming `key`
// and the expected form.
std::vector<int64_t> ParseLayers(std::string_view key, std::string_view text);
// Parses the same form but keeps the order as written, in which a layer may come twice: "0-2+4+3+5-9".
std::vector<int64_t> ParseLayerOrder(std::string_view key, std::string_view text);
// Writes the layers in the shortest form that the functions above parse; "" for an empty list.
std::string FormatLayers(const std::vector<int64_t>& layers);

}  // namespace plelab
