# Two ctest tests, labelled aarch64, that build plestore, plelab-replay and their tests for 64-bit Arm and run them under qemu-user.
find_program(PLELAB_AARCH64_CXX aarch64-linux-gnu-g++)
find_program(PLELAB_QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
if(NOT PLELAB_AARCH64_CXX OR NOT PLELAB_QEMU_AARCH64 OR NOT EXISTS /usr/src/googletest/CMakeLists.txt)
  message(STATUS "No aarch64 test of plestore; for it install g++-aarch64-linux-gnu, qemu-user and googletest")
  return()
endif()

# All tests of a binary run in one process, because starting qemu a thousand times would take longer than the tests.
foreach(part plestore replay)
  add_test(NAME ${part}_on_aarch64
           COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/aarch64
                   --build-generator ${CMAKE_GENERATOR} --build-noclean --build-target ${part}_tests
                   --build-options -DPLELAB_PLESTORE_ONLY=ON -DCMAKE_BUILD_TYPE=Release
                                   -DCMAKE_TOOLCHAIN_FILE=${PROJECT_SOURCE_DIR}/cmake/aarch64-toolchain.cmake
                   --test-command ${PLELAB_QEMU_AARCH64} -L /usr/aarch64-linux-gnu
                                  ${PROJECT_BINARY_DIR}/aarch64/tests/${part}_tests --gtest_brief=1)
  # They share a build folder.
  set_tests_properties(${part}_on_aarch64 PROPERTIES LABELS aarch64 TIMEOUT 3600 PROCESSORS 2 RESOURCE_LOCK aarch64_build)
endforeach()
