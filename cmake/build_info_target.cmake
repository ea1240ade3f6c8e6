# The target plelab_build_info writes plelab_build_info.h, the commit that is being built, into PLELAB_BUILD_INFO_FOLDER.
set(PLELAB_BUILD_INFO_FOLDER ${PROJECT_BINARY_DIR}/build_info)
add_custom_target(plelab_build_info
                  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR}
                          -DOUTPUT=${PLELAB_BUILD_INFO_FOLDER}/plelab_build_info.h
                          -P ${PROJECT_SOURCE_DIR}/cmake/build_info.cmake
                  BYPRODUCTS ${PLELAB_BUILD_INFO_FOLDER}/plelab_build_info.h VERBATIM)
