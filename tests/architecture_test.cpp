// The shape of the tree: which room may include which, how long a file may be, and where a library may be
// named.
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

// One row of the table of rooms in ARCHITECTURE.md.
struct Room {
  std::string folder;  // "model/base/"
  std::string torch;   // "no", "parallel" or "yes"
};

// In the order in which rooms may include each other.  ARCHITECTURE.md is the only list.
const std::vector<Room>& Rooms() {
  static const std::vector<Room> rooms = [] {
    static const std::regex kRow(R"(^\| `([a-z0-9_/]+/)` \| [^|]{10,} \| (no|parallel|yes) \|$)");
    std::vector<Room> found;
    for (const auto& line : LinesOf("ARCHITECTURE.md")) {
      std::smatch match;
      if (std::regex_match(line, match, kRow)) found.push_back({match[1], match[2]});
    }
    return found;
  }();
  return rooms;
}

// The position of the file's room in the list, or −1 for files outside all rooms (such as a library's
// header).
int RoomOf(const fs::path& file) {
  const std::string folder = file.parent_path().string() + "/";
  for (size_t i = 0; i < Rooms().size(); ++i) {
    if (Rooms()[i].folder == folder) return static_cast<int>(i);
  }
  return -1;
}

const std::vector<std::string> kCode = {"model", "harness", "experiments"};

TEST(Architecture, EveryFolderOfSourcesIsARoomAndEveryRoomAFolder) {
  ASSERT_GT(Rooms().size(), 20u) << "the table of rooms in ARCHITECTURE.md was not found";
  std::set<int> seen;
  for (const auto& file : FilesBelow(kCode, {".h", ".cpp"})) {
    if (file == "experiments/main.cpp") continue;
    EXPECT_GE(RoomOf(file), 0) << file << " lies in no room of ARCHITECTURE.md";
    seen.insert(RoomOf(file));
  }
  for (size_t i = 0; i < Rooms().size(); ++i) {
    EXPECT_TRUE(seen.count(static_cast<int>(i))) << Rooms()[i].folder << " has no source";
  }
}

TEST(Architecture, NothingIncludesUpwards) {
  for (const auto& file : FilesBelow(kCode, {".h", ".cpp"})) {
    if (file == "experiments/main.cpp") continue;
    for (const auto& include : IncludesOf(file)) {
      EXPECT_LE(RoomOf(include), RoomOf(file)) << file << " includes " << include;
    }
  }
}

TEST(Architecture, ARoomHasFewSources) {
  std::map<std::string, int> sources;
  for (const auto& file : FilesBelow(kCode, {".h", ".cpp"})) ++sources[file.parent_path().string()];
  for (const auto& [folder, count] : sources) {
    EXPECT_LE(count, 25) << folder << ": a newcomer does not read such a list; make two rooms of it";
  }
}

TEST(Architecture, RoomsNameTorchAsTheListSays) {
  for (const auto& file : FilesBelow(kCode, {".h", ".cpp"})) {
    if (file == "experiments/main.cpp") continue;
    const std::string& torch = Rooms().at(static_cast<size_t>(RoomOf(file))).torch;
    if (torch == "yes") continue;
    for (const auto& include : IncludesOf(file)) {
      if (torch == "parallel" && include == "ATen/Parallel.h") continue;
      EXPECT_FALSE(std::regex_search(include, std::regex("torch/|^ATen|^c10")))
          << file << " includes " << include;
    }
  }
}

int PlaceOf(const std::string& folder) { return RoomOf(folder + "file"); }

// Prevents loosening of the list itself: plestore is also built for other machines, and the features of
// images and audio must not depend on how text is decoded.
TEST(Architecture, PlestoreNamesNoTorch) {
  for (const auto& room : Rooms()) {
    const bool plestore = PlaceOf(room.folder) <= PlaceOf("model/tokens/");
    if (plestore) {
      EXPECT_EQ(room.torch, "no") << room.folder;
    }
  }
  EXPECT_EQ(Rooms().at(static_cast<size_t>(PlaceOf("model/kernels/"))).torch, "parallel");
}

TEST(Architecture, TowersComeBeforeText) {
  for (const char* towers : {"model/vision/", "model/audio/", "model/media/"}) {
    EXPECT_LT(PlaceOf(towers), PlaceOf("model/text/"));
    EXPECT_LT(PlaceOf(towers), PlaceOf("model/text/decode/"));
  }
  EXPECT_LT(PlaceOf("harness/config/"), PlaceOf("harness/training/"));
}

TEST(Architecture, TestsMirrorTheTree) {
  for (const auto& file : FilesBelow({"tests/model", "tests/harness", "tests/experiments"}, {".cpp"})) {
    const fs::path mirrored = fs::relative(file, "tests");
    EXPECT_GE(RoomOf(mirrored), 0) << file << " mirrors no room";
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
  // Load addresses are removed, because they change from run to run and may spell c10.
  const std::string libraries =
      OutputOf("ldd " PLELAB_BINARY_DIR "/tests/plestore_tests 2>&1 | sed 's/(0x[0-9a-f]*)//'");
  ASSERT_NE(libraries.find("libc.so"), std::string::npos) << libraries;
  EXPECT_EQ(libraries.find("torch"), std::string::npos) << libraries;
  EXPECT_EQ(libraries.find("c10"), std::string::npos) << libraries;
}

TEST(Architecture, ModelKnowsNoClockAndNoHdf5) {
  for (const auto& file : FilesBelow({"model"}, {".h", ".cpp"})) {
    const bool plestore = file.string().rfind("model/ple/", 0) == 0;  // counts the time that its reads take
    const bool clock = file.string() == "model/devices/device_clock.cpp";
    for (const auto& include : IncludesOf(file)) {
      EXPECT_FALSE(include == "hdf5.h" || include.rfind("yaml-cpp", 0) == 0)
          << file << " includes " << include;
      if (!plestore) {
        EXPECT_NE(include, "chrono") << file;
      }
      if (!clock) {
        EXPECT_NE(include, "ctime") << file;
      }
    }
  }
}

TEST(Architecture, ThirdPartyLibrariesStayInFewSources) {
  static const std::map<std::string, std::set<std::string>> kHomes = {
      {"hdf5.h", {"harness/record/hdf5_file.cpp"}},
      {"sentencepiece_processor.h", {"model/tokens/tokenizer.cpp"}},
      {"png.h", {"model/media/image_png.cpp"}},
      {"jpeglib.h", {"model/media/image_jpeg.cpp"}},
      {"sndfile.h", {"model/media/audio_file.cpp"}},
      {"zlib.h", {"model/media/png_metadata.cpp"}},
      {"soxr.h", {"model/media/audio_file.cpp"}},
  };
  for (const auto& file : FilesBelow({"model", "harness", "experiments"}, {".h", ".cpp"})) {
    for (const auto& include : IncludesOf(file)) {
      if (auto home = kHomes.find(include); home != kHomes.end()) {
        EXPECT_TRUE(home->second.count(file.string())) << file << " includes " << include;
      }
      const bool header = file.extension() == ".h";
      const bool foreign =
          std::regex_search(include, std::regex("^(nlohmann|yaml-cpp|CLI/|hwy/|openssl|hdf5)"));
      const bool only_names =
          include == "nlohmann/json_fwd.hpp";  // declares types, and includes nothing of it
      if (header && foreign && !only_names) {
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
