# plelab_embed(VARIABLE PATTERN … HEADER … TYPE … FUNCTION …): writes a .cpp that holds the text of each file of a pattern, so that a program needs no files,
# and sets VARIABLE to its path.  Configuring runs again where one of the files changes, comes or goes.
#   PATTERN   the files; each is named without its extension
#   HEADER    declares TYPE, a struct of a name and a text, and FUNCTION, which returns a span of them
function(plelab_embed variable)
  cmake_parse_arguments(ARG "" "PATTERN;HEADER;TYPE;FUNCTION" "" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${ARG_PATTERN})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(entries "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} text)
    string(APPEND entries "    {\"${name}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  get_filename_component(stem ${ARG_HEADER} NAME_WE)
  set(${variable} ${PROJECT_BINARY_DIR}/${stem}.cpp PARENT_SCOPE)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${stem}.cpp @ONLY CONTENT [[
#include "@ARG_HEADER@"

namespace plelab {
namespace {

constexpr @ARG_TYPE@ k@ARG_TYPE@s[] = {
@entries@};

}  // namespace

std::span<const @ARG_TYPE@> @ARG_FUNCTION@() { return k@ARG_TYPE@s; }

}  // namespace plelab
]])
endfunction()
