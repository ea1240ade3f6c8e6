# ctest tests, labelled aarch64, that build plestore, plelab-replay, the kernels and their tests for 64-bit Arm and run them under
# qemu-user.
find_program(PLELAB_AARCH64_CXX aarch64-linux-gnu-g++)
find_program(PLELAB_QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
if(NOT PLELAB_AARCH64_CXX OR NOT PLELAB_QEMU_AARCH64 OR NOT EXISTS /usr/src/googletest/CMakeLists.txt)
  message(STATUS "No aarch64 tests; for them install g++-aarch64-linux-gnu, qemu-user and googletest")
  return()
endif()

# One test binary on one of qemu's CPUs. All its tests run in one process, because starting qemu a thousand times would take longer
# than the tests.
function(plelab_aarch64_test name part cpu)
  add_test(NAME ${name}
           COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/aarch64
                   --build-generator ${CMAKE_GENERATOR} --build-noclean --build-target ${part}_tests
                   --build-options -DPLELAB_PLESTORE_ONLY=ON -DCMAKE_BUILD_TYPE=Release
                                   -DCMAKE_TOOLCHAIN_FILE=${PROJECT_SOURCE_DIR}/cmake/aarch64-toolchain.cmake
                   --test-command ${PLELAB_QEMU_AARCH64} -cpu ${cpu} -L /usr/aarch64-linux-gnu
                                  ${PROJECT_BINARY_DIR}/aarch64/tests/${part}_tests --gtest_brief=1)
  # They share a build folder.
  set_tests_properties(${name} PROPERTIES LABELS aarch64 TIMEOUT 3600 PROCESSORS 2 RESOURCE_LOCK aarch64_build)
endfunction()

plelab_aarch64_test(plestore_on_aarch64 plestore max)
plelab_aarch64_test(replay_on_aarch64 replay max)
if(EXISTS /usr/include/hwy/highway.h)
  plelab_aarch64_test(kernels_on_aarch64 kernel max)
  plelab_aarch64_test(kernels_on_aarch64_without_dot_products kernel cortex-a72)
endif()
