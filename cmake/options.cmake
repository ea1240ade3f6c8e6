# Compiler settings for every target of the project, but not for its dependencies.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # ccache must be told to tolerate the precompiled header, which depends on more than the sources.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      ${CCACHE_PROGRAM})
endif()

add_library(plelab_options INTERFACE)
# -fPIC for programs too, which CMake would build with -fPIE, because a precompiled header needs equal flags.
set(PLELAB_FLAGS -Wall -Wextra -Werror -Winvalid-pch -fno-math-errno -fPIC)
# g++ 12 derives these after inlining, from std::string's short form among others, and then depends on the length of the
# folder's name: a build of the same sources elsewhere must not fail by them.
include(CheckCXXCompilerFlag)
foreach(warning array-bounds restrict stringop-overflow stringop-overread maybe-uninitialized)
  check_cxx_compiler_flag(-W${warning} PLELAB_HAS_${warning})
  if(PLELAB_HAS_${warning})
    list(APPEND PLELAB_FLAGS -Wno-error=${warning})
  endif()
endforeach()
if(CCACHE_PROGRAM)
  list(APPEND PLELAB_FLAGS -fpch-preprocess)
endif()
# These flags are for the project's own sources; whoever uses the installed libraries chooses flags of their own.
target_compile_options(plelab_options INTERFACE "$<BUILD_INTERFACE:${PLELAB_FLAGS}>")
target_compile_features(plelab_options INTERFACE cxx_std_20)
target_include_directories(plelab_options INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                    $<INSTALL_INTERFACE:include/plelab>)
if(PLELAB_SANITIZE)
  # Instrumentation confuses g++'s analysis, which then reports std::regex as uninitialised. The release build keeps
  # the warning.
  target_compile_options(plelab_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                                  -fno-omit-frame-pointer -Wno-maybe-uninitialized)
  target_link_options(plelab_options INTERFACE -fsanitize=address,undefined)
endif()

if(PLELAB_TSAN)
  target_compile_options(plelab_options INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(plelab_options INTERFACE -fsanitize=thread)
endif()

# The sources of a room are compiled together (a unity build): loading the precompiled header and instantiating what
# every source of a room needs takes longer than the sources themselves.  -DPLELAB_UNITY=OFF compiles each on its own,
# which suits work on a single file.
option(PLELAB_UNITY "Compile the sources of each room together" ON)
function(plelab_unity target)
  if(NOT PLELAB_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # A class hides members of an anonymous namespace: g++ takes every file of a unity build but one for a header.
  target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  foreach(source ${sources})
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE room)
    cmake_path(GET room PARENT_PATH room)
    string(REPLACE "/" "_" room "${room}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP "${room}")
  endforeach()
endfunction()
