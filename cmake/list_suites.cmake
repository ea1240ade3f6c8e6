# Runs after BINARY is built and writes LIST, which adds a ctest entry for each suite, to be run in FOLDER.
execute_process(COMMAND ${BINARY} --gtest_list_tests WORKING_DIRECTORY ${FOLDER}
                OUTPUT_VARIABLE output RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${BINARY} --gtest_list_tests failed: ${failed}")
endif()
get_filename_component(name ${BINARY} NAME)
string(REGEX MATCHALL "(^|\n)[A-Za-z0-9_/]+\\." suites "${output}")
set(text "")
foreach(suite ${suites})
  string(STRIP "${suite}" suite)
  string(REGEX REPLACE "\\.$" "" stem "${suite}")
  string(APPEND text "add_test(${name}.${stem} \"${BINARY}\" --gtest_filter=${suite}* --gtest_brief=1)\n"
                     "set_tests_properties(${name}.${stem} PROPERTIES WORKING_DIRECTORY \"${FOLDER}\" ${PROPERTIES})\n")
endforeach()
file(WRITE ${LIST} "${text}")
