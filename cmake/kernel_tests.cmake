# kernel_tests: the kernels and their tests for a machine that has no LibTorch here. Only Highway's headers are used, which are
# the same for every machine: the kernels are compiled for the one instruction set that the compiler is told. Their loops over
# threads are LibTorch's, so here they are serial.
find_path(PLELAB_HIGHWAY_HEADERS hwy/highway.h PATHS /usr/include NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
if(NOT PLELAB_HIGHWAY_HEADERS)
  message(STATUS "Highway not found: kernel_tests is not built")
  return()
endif()
# A folder with nothing else, because this machine's own headers are not the other's.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/highway)
file(CREATE_LINK ${PLELAB_HIGHWAY_HEADERS}/hwy ${PROJECT_BINARY_DIR}/highway/hwy SYMBOLIC)

file(GLOB KERNEL_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/model/kernels/*.cpp
     ${PROJECT_SOURCE_DIR}/model/kernels/products/*.cpp ${PROJECT_SOURCE_DIR}/model/kernels/tiles/*.cpp)
list(FILTER KERNEL_SOURCES EXCLUDE REGEX "/parallel\\.cpp$")
add_library(kernels_alone STATIC ${KERNEL_SOURCES} model/kernels/serial_loops.cpp)
target_link_libraries(kernels_alone PUBLIC plestore)
target_include_directories(kernels_alone SYSTEM PUBLIC ${PROJECT_BINARY_DIR}/highway)
target_compile_definitions(kernels_alone PUBLIC HWY_COMPILE_ONLY_STATIC)

file(GLOB KERNEL_TESTS CONFIGURE_DEPENDS model/kernels/*_test.cpp model/kernels/products/*_test.cpp
     model/kernels/tiles/*_test.cpp)
list(FILTER KERNEL_TESTS EXCLUDE REGEX "/parallel_test\\.cpp$")
plelab_test_binary(kernel_tests SOURCES ${KERNEL_TESTS} LIBRARIES kernels_alone)
