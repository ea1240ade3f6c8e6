# A ctest test that installs the project into the build folder, builds tests/package/ against it and runs it.
set(PLELAB_INSTALLED ${PROJECT_BINARY_DIR}/installed)
add_test(NAME package_install
         COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${PLELAB_INSTALLED})
add_test(NAME package
         COMMAND ${CMAKE_CTEST_COMMAND} --build-and-test ${CMAKE_CURRENT_SOURCE_DIR}/package ${PROJECT_BINARY_DIR}/package
                 --build-generator ${CMAKE_GENERATOR}
                 --build-options -DCMAKE_PREFIX_PATH=${PLELAB_INSTALLED} -DCMAKE_BUILD_TYPE=Debug
                                 -DCMAKE_CXX_COMPILER_LAUNCHER=${CCACHE_PROGRAM}
                 --test-command ${PROJECT_BINARY_DIR}/package/own_source ${PROJECT_SOURCE_DIR}/configs/models/small)
set_tests_properties(package_install PROPERTIES FIXTURES_SETUP installed)
set_tests_properties(package PROPERTIES FIXTURES_REQUIRED installed TIMEOUT 600 ENVIRONMENT OMP_WAIT_POLICY=PASSIVE)
