// The configs/models/NAME.json of the source tree, as they were when this program was built.
#pragma once

#include <span>
#include <string_view>

namespace plelab {

struct EmbeddedShape {
  std::string_view name;  // "e2b", "e4b", "small", …
  std::string_view json;
};

// By name.  cmake/embed_shapes.cmake writes the definition.
std::span<const EmbeddedShape> EmbeddedShapes();

}  // namespace plelab
