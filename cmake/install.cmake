# cmake --install: the program, the model's two libraries with their headers, and what find_package(plelab) needs.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS plelab plelab-device plelab-replay RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS plelab_options plestore plelab_model plelab_sentencepiece EXPORT plelabTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY model DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/plelab FILES_MATCHING PATTERN "*.h")

set(PLELAB_CMAKE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/plelab)
install(EXPORT plelabTargets NAMESPACE plelab:: DESTINATION ${PLELAB_CMAKE_FOLDER})
configure_package_config_file(cmake/plelabConfig.cmake.in ${PROJECT_BINARY_DIR}/plelabConfig.cmake
                              INSTALL_DESTINATION ${PLELAB_CMAKE_FOLDER} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/plelabConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/plelabConfig.cmake ${PROJECT_BINARY_DIR}/plelabConfigVersion.cmake
        DESTINATION ${PLELAB_CMAKE_FOLDER})
