# plelab_discover_suites(BINARY PROPERTIES …) adds a ctest entry BINARY.SUITE for each GoogleTest suite of BINARY.
# CMake's own gtest_discover_tests adds one for each test: a thousand processes that spend most of their time loading
# LibTorch. The suites are listed once the binary is built; until then ctest only knows that it is missing.
set(PLELAB_LIST_SUITES ${CMAKE_CURRENT_LIST_DIR}/list_suites.cmake)

function(plelab_discover_suites binary)
  if(CMAKE_CROSSCOMPILING)
    return()  # cmake/aarch64_test.cmake runs such a binary as a whole
  endif()
  cmake_parse_arguments(ARG "" "" "PROPERTIES" ${ARGN})
  set(list ${CMAKE_CURRENT_BINARY_DIR}/${binary}_suites.cmake)
  # Threads that wait for each other sleep, because spinning threads starve each other on a busy machine.
  string(REPLACE ";" " " properties "TIMEOUT 1200 ENVIRONMENT OMP_WAIT_POLICY=PASSIVE ${ARG_PROPERTIES}")
  add_custom_command(TARGET ${binary} POST_BUILD VERBATIM
    BYPRODUCTS ${list}
    COMMAND ${CMAKE_COMMAND} -D BINARY=$<TARGET_FILE:${binary}> -D LIST=${list}
            -D FOLDER=${PROJECT_SOURCE_DIR} -D PROPERTIES=${properties} -P ${PLELAB_LIST_SUITES})
  set(include ${CMAKE_CURRENT_BINARY_DIR}/${binary}_include.cmake)
  file(WRITE ${include} "if(EXISTS \"${list}\")\n  include(\"${list}\")\nelse()\n"
                        "  add_test(${binary}_NOT_BUILT ${binary}_NOT_BUILT)\n"
                        "  set_tests_properties(${binary}_NOT_BUILT PROPERTIES ${properties})\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${include})
endfunction()
