# The dependencies of plestore and its tests when they are built for another machine. All are taken as headers and sources from
# this machine's Debian packages, because the packages' libraries are compiled for this machine.
find_package(Threads REQUIRED)

# The headers of fmt, nlohmann-json and CLI11, through a folder of their own: /usr/include itself would bring in this machine's C library.
find_path(PLELAB_FMT_HEADERS fmt/format.h NO_CMAKE_FIND_ROOT_PATH REQUIRED)
find_path(PLELAB_JSON_HEADERS nlohmann/json.hpp NO_CMAKE_FIND_ROOT_PATH REQUIRED)
find_path(PLELAB_CLI11_HEADERS CLI/CLI.hpp NO_CMAKE_FIND_ROOT_PATH REQUIRED)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/cross-include)
file(CREATE_LINK ${PLELAB_FMT_HEADERS}/fmt ${PROJECT_BINARY_DIR}/cross-include/fmt SYMBOLIC)
file(CREATE_LINK ${PLELAB_JSON_HEADERS}/nlohmann ${PROJECT_BINARY_DIR}/cross-include/nlohmann SYMBOLIC)
file(CREATE_LINK ${PLELAB_CLI11_HEADERS}/CLI ${PROJECT_BINARY_DIR}/cross-include/CLI SYMBOLIC)
foreach(library fmt::fmt-header-only nlohmann_json::nlohmann_json CLI11::CLI11)
  add_library(${library} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${library} INTERFACE ${PROJECT_BINARY_DIR}/cross-include)
endforeach()
target_compile_definitions(fmt::fmt-header-only INTERFACE FMT_HEADER_ONLY=1)

# Eigen is headers only, in a folder of its own.
find_path(PLELAB_EIGEN_HEADERS Eigen/Eigenvalues PATH_SUFFIXES eigen3 NO_CMAKE_FIND_ROOT_PATH REQUIRED)
add_library(Eigen3::Eigen INTERFACE IMPORTED GLOBAL)
target_include_directories(Eigen3::Eigen SYSTEM INTERFACE ${PLELAB_EIGEN_HEADERS})

set(PLELAB_GOOGLETEST_SOURCE /usr/src/googletest CACHE PATH "Debian's googletest, as sources")
set(INSTALL_GTEST OFF)
add_subdirectory(${PLELAB_GOOGLETEST_SOURCE} ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
foreach(library gtest gtest_main gmock)
  if(NOT TARGET GTest::${library})
    add_library(GTest::${library} ALIAS ${library})
  endif()
endforeach()
