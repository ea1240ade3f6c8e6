// The shape of the tree: who may include whom, how long a file may be, where a library may be named.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = PLELAB_SOURCE_DIR;

std::vector<fs::path> FilesBelow(const std::vector<std::string>& folders,
                                 const std::set<std::string>& endings) {
  std::vector<fs::path> files;
  for (const auto& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (entry.is_regular_file() && endings.count(entry.path().extension().string())) {
        files.push_back(fs::relative(entry.path(), kRoot));
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> LinesOf(const fs::path& file) {
  std::ifstream stream(kRoot / file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> IncludesOf(const fs::path& file) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<std::string> includes;
  for (const auto& line : LinesOf(file)) {
    std::smatch match;
    if (std::regex_search(line, match, kInclude)) includes.push_back(match[1]);
  }
  return includes;
}

// Later rooms may include earlier ones and themselves.  The longest prefix decides.
int RoomOf(const std::string& path) {
  static const std::vector<std::pair<std::string, int>> kRooms = {{"model/io/", 0},
                                                                  {"model/ple/", 1},
                                                                  {"model/config", 2},
                                                                  {"model/safetensors", 3},
                                                                  {"model/checkpoint", 4},
                                                                  {"model/weight", 5},
                                                                  {"model/", 6},
                                                                  {"model/gemma3n", 7},
                                                                  {"model/json_object", 2},
                                                                  {"model/sha256", 2},
                                                                  {"model/read_only_file", 2},
                                                                  {"model/arena", 2},
                                                                  {"model/torch_dtype", 2},
                                                                  {"model/tensor_spec", 3},
                                                                  {"harness/", 8},
                                                                  {"experiments/", 9},
                                                                  {"tests/", 10}};
  size_t longest = 0;
  int room = -1;
  for (const auto& [prefix, rank] : kRooms) {
    if (path.rfind(prefix, 0) == 0 && prefix.size() > longest) {
      longest = prefix.size();
      room = rank;
    }
  }
  return room;
}

TEST(Architecture, NothingIncludesUpwards) {
  for (const auto& file : FilesBelow({"model", "harness", "experiments"}, {".h", ".cpp"})) {
    for (const auto& include : IncludesOf(file)) {
      const int target = RoomOf(include);
      if (target < 0) continue;
      EXPECT_LE(target, RoomOf(file.string())) << file << " includes " << include;
    }
  }
}

TEST(Architecture, PlestoreNamesNoTorch) {
  for (const auto& file : FilesBelow({"model/io", "model/ple"}, {".h", ".cpp"})) {
    for (const auto& include : IncludesOf(file)) {
      EXPECT_FALSE(std::regex_search(include, std::regex("torch|ATen|c10")))
          << file << " includes " << include;
      const bool own = include.find('/') != std::string::npos && fs::exists(kRoot / include);
      if (own) {
        EXPECT_LE(RoomOf(include), 1) << file << " includes " << include;
      }
    }
  }
}

std::string OutputOf(const std::string& command) {
  std::string output;
  std::array<char, 4096> buffer;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return output;
  while (size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), n);
  pclose(pipe);
  return output;
}

TEST(Architecture, PlestoreLinksNoTorch) {
  // Without load addresses: they change from run to run, and may spell c10.
  const std::string libraries =
      OutputOf("ldd " PLELAB_BINARY_DIR "/tests/plestore_tests 2>&1 | sed 's/(0x[0-9a-f]*)//'");
  ASSERT_NE(libraries.find("libc.so"), std::string::npos) << libraries;
  EXPECT_EQ(libraries.find("torch"), std::string::npos) << libraries;
  EXPECT_EQ(libraries.find("c10"), std::string::npos) << libraries;
}

TEST(Architecture, ModelKnowsNoClockAndNoHdf5) {
  for (const auto& file : FilesBelow({"model"}, {".h", ".cpp"})) {
    const bool plestore = RoomOf(file.string()) <= 1;  // counts the time that its reads take
    for (const auto& include : IncludesOf(file)) {
      EXPECT_FALSE(include == "hdf5.h" || include.rfind("yaml-cpp", 0) == 0)
          << file << " includes " << include;
      if (!plestore) {
        EXPECT_NE(include, "chrono") << file;
      }
    }
  }
}

TEST(Architecture, ThirdPartyLibrariesStayInFewSources) {
  static const std::map<std::string, std::set<std::string>> kHomes = {
      {"hdf5.h", {"harness/hdf5_file.cpp"}},   {"sentencepiece_processor.h", {"model/tokenizer.cpp"}},
      {"png.h", {"model/image_png.cpp"}},      {"jpeglib.h", {"model/image_jpeg.cpp"}},
      {"sndfile.h", {"model/audio_file.cpp"}}, {"soxr.h", {"model/audio_resample.cpp"}},
  };
  for (const auto& file : FilesBelow({"model", "harness", "experiments"}, {".h", ".cpp"})) {
    for (const auto& include : IncludesOf(file)) {
      if (auto home = kHomes.find(include); home != kHomes.end()) {
        EXPECT_TRUE(home->second.count(file.string())) << file << " includes " << include;
      }
      const bool header = file.extension() == ".h";
      const bool foreign =
          std::regex_search(include, std::regex("^(nlohmann|yaml-cpp|CLI/|hwy/|openssl|hdf5)"));
      if (header && foreign) {
        EXPECT_NE(file.string().find("kernels/"), std::string::npos) << file << " includes " << include;
      }
    }
  }
}

TEST(Architecture, NoFileIsOver400Lines) {
  for (const auto& file : FilesBelow({"model", "harness", "experiments", "tests", "scripts"},
                                     {".h", ".cpp", ".py", ".sh", ".txt"})) {
    if (file.string().rfind("tests/data", 0) == 0) continue;
    EXPECT_LE(LinesOf(file).size(), 400u) << file;
  }
}

TEST(Architecture, SourcesAreClangFormatClean) {
  if (std::system("clang-format --version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "clang-format is not installed";
  std::ostringstream command;
  command << "cd '" << kRoot.string() << "' && clang-format --dry-run";
  for (const auto& file : FilesBelow({"model", "harness", "experiments", "tests"}, {".h", ".cpp"})) {
    command << " '" << file.string() << "'";
  }
  const std::string findings =
      OutputOf(command.str() + " 2>&1 | grep 'warning:' | cut -d: -f1 | sort | uniq -c");
  EXPECT_EQ(findings, "") << "run clang-format -i on these";
}

}  // namespace
