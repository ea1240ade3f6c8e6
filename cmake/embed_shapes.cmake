# Writes a .cpp that holds the text of each configs/models/NAME.json, so that an installed program knows the shapes that ship.
# Configuring runs again where one of them changes, comes or goes.
file(GLOB shape_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/configs/models/*.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${shape_files})
set(PLELAB_SHAPES "")
foreach(shape_file ${shape_files})
  get_filename_component(shape_name ${shape_file} NAME_WE)
  file(READ ${shape_file} shape_text)
  string(APPEND PLELAB_SHAPES "    {\"${shape_name}\", R\"json(${shape_text})json\"},\n")
endforeach()
set(PLELAB_EMBEDDED_SHAPES ${PROJECT_BINARY_DIR}/embedded_shapes.cpp)
file(CONFIGURE OUTPUT ${PLELAB_EMBEDDED_SHAPES} @ONLY CONTENT [[
#include "model/checkpoint/embedded_shapes.h"

namespace plelab {
namespace {

constexpr EmbeddedShape kShapes[] = {
@PLELAB_SHAPES@};

}  // namespace

std::span<const EmbeddedShape> EmbeddedShapes() { return kShapes; }

}  // namespace plelab
]])
