// sentencepiece and LibTorch's c10 each have a global FLAGS_minloglevel, of different types.  If the loader
// bound them together, each start of a program would overwrite c10's flags, and running out of memory would
// abort.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/tokens/tokenizer.h"

namespace plelab {
namespace library_flags_test {

using ::testing::HasSubstr;

// The library that the loader has bound a name to, or "".
std::string LibraryOf(const char* name) {
  Dl_info info{};
  void* const symbol = ::dlsym(RTLD_DEFAULT, name);
  return symbol != nullptr && ::dladdr(symbol, &info) != 0 ? info.dli_fname : "";
}

int FlagValue(const char* name) { return *static_cast<int*>(::dlsym(RTLD_DEFAULT, name)); }

TEST(LibraryFlags, C10sFlagsHaveTheirDefaults) {
  if (LibraryOf("FLAGS_minloglevel").empty()) GTEST_SKIP() << "this LibTorch logs through glog";
  for (const char* name : {"FLAGS_minloglevel", "FLAGS_v", "FLAGS_logtostderr"}) {
    EXPECT_THAT(LibraryOf(name), HasSubstr("libc10")) << name;
    EXPECT_EQ(FlagValue(name), 0) << name;
  }
  // The object behind FLAGS_minloglevel: what a larger one in its place would overwrite.
  EXPECT_THAT(LibraryOf("FLAGS_caffe2_use_fatal_for_enforce"), HasSubstr("libc10"));
  EXPECT_EQ(FlagValue("FLAGS_caffe2_use_fatal_for_enforce") & 0xFF, 0);
}

TEST(LibraryFlags, SentencepiecesOwnSymbolsStayInside) {
  Gemma3nConfig config;
  config.text.vocab_size = 8448;
  const Tokenizer tokenizer(PLELAB_SOURCE_DIR "/configs/models/small/tokenizer.model", config);
  EXPECT_EQ(tokenizer.vocab_size(), 8192);  // sentencepiece is in this program …
  EXPECT_EQ(LibraryOf("FLAGS_help"), "");   // … but none of its flags is visible
  EXPECT_EQ(LibraryOf("_ZN13sentencepiece22SentencePieceProcessorC1Ev"), "");
}

}  // namespace library_flags_test
}  // namespace plelab
