# plelab_sentencepiece: sentencepiece's processor as a static library whose symbols stay inside the program.
#
# Debian's shared library exports `FLAGS_minloglevel`, and so does LibTorch's libc10.  They are objects of different types,
# but the loader binds both libraries to one of them, and each start of a program would overwrite c10's flags.  Hidden in
# a static library the two stay apart.  scripts/setup.sh unpacks the sources, which are those of the release on PyPI.
set(PLELAB_SENTENCEPIECE_VERSION 0.2.1)
set(PLELAB_SENTENCEPIECE_SOURCE ${PROJECT_SOURCE_DIR}/.venv/src/sentencepiece-${PLELAB_SENTENCEPIECE_VERSION}/sentencepiece
    CACHE PATH "The folder of sentencepiece ${PLELAB_SENTENCEPIECE_VERSION}'s sources that holds src/ and third_party/")
if(NOT EXISTS ${PLELAB_SENTENCEPIECE_SOURCE}/src/sentencepiece_processor.h)
  message(FATAL_ERROR "no sources of sentencepiece ${PLELAB_SENTENCEPIECE_VERSION} in ${PLELAB_SENTENCEPIECE_SOURCE}; run "
                      "scripts/setup.sh, or name their folder with -DPLELAB_SENTENCEPIECE_SOURCE=…")
endif()

set(SENTENCEPIECE_GENERATED ${PROJECT_BINARY_DIR}/sentencepiece)
set(SENTENCEPIECE_THIRD_PARTY ${PLELAB_SENTENCEPIECE_SOURCE}/third_party)
file(WRITE ${SENTENCEPIECE_GENERATED}/private/config.h.new
     "#define VERSION \"${PLELAB_SENTENCEPIECE_VERSION}\"\n#define PACKAGE \"sentencepiece\"\n"
     "#define PACKAGE_STRING \"sentencepiece\"\n#define INSTALL_DATADIR \"\"\n")
configure_file(${SENTENCEPIECE_GENERATED}/private/config.h.new ${SENTENCEPIECE_GENERATED}/private/config.h COPYONLY)
# Only the public header: its neighbours have names such as common.h.
configure_file(${PLELAB_SENTENCEPIECE_SOURCE}/src/sentencepiece_processor.h
               ${SENTENCEPIECE_GENERATED}/include/sentencepiece_processor.h COPYONLY)

# What encodes and decodes; the trainer is left out.
set(SENTENCEPIECE_NAMES bpe_model char_model error filesystem model_factory model_interface normalizer
    sentencepiece_processor unigram_model util word_model builtin_pb/sentencepiece.pb builtin_pb/sentencepiece_model.pb)
list(TRANSFORM SENTENCEPIECE_NAMES PREPEND ${PLELAB_SENTENCEPIECE_SOURCE}/src/)
list(TRANSFORM SENTENCEPIECE_NAMES APPEND .cc)
file(GLOB PROTOBUF_LITE_SOURCES ${SENTENCEPIECE_THIRD_PARTY}/protobuf-lite/*.cc)

add_library(plelab_sentencepiece STATIC ${SENTENCEPIECE_NAMES} ${PROTOBUF_LITE_SOURCES}
                                        ${SENTENCEPIECE_THIRD_PARTY}/absl/flags/flag.cc)
set_target_properties(plelab_sentencepiece PROPERTIES CXX_STANDARD 17 CXX_VISIBILITY_PRESET hidden
                                                      VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
target_compile_definitions(plelab_sentencepiece PRIVATE HAVE_PTHREAD=1 _USE_INTERNAL_STRING_VIEW)
target_compile_options(plelab_sentencepiece PRIVATE -w)  # not this project's sources
target_include_directories(plelab_sentencepiece
  PRIVATE ${SENTENCEPIECE_GENERATED}/private ${PLELAB_SENTENCEPIECE_SOURCE} ${PLELAB_SENTENCEPIECE_SOURCE}/src
          ${PLELAB_SENTENCEPIECE_SOURCE}/src/builtin_pb ${SENTENCEPIECE_THIRD_PARTY}
          ${SENTENCEPIECE_THIRD_PARTY}/protobuf-lite)
target_include_directories(plelab_sentencepiece SYSTEM INTERFACE
                           "$<BUILD_INTERFACE:${SENTENCEPIECE_GENERATED}/include>")
target_link_libraries(plelab_sentencepiece PUBLIC Threads::Threads)
