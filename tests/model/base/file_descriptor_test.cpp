#include "model/base/file_descriptor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/temp_file.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace file_descriptor_test {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::string_view kText = "per-layer embeddings";

// A system call that gives at most `most` bytes at once.
auto ReadAtMost(size_t most) {
  return [most](void* to, size_t size, int64_t at) -> ssize_t {
    const std::string_view rest = kText.substr(std::min<size_t>(at, kText.size()));
    const size_t n = std::min({most, size, rest.size()});
    std::memcpy(to, rest.data(), n);
    return static_cast<ssize_t>(n);
  };
}

TEST(ReadFully, GoesOnAfterShortReads) {
  std::string out(9, '?');
  const auto result = ReadFully(4, std::as_writable_bytes(std::span(out)), ReadAtMost(2));
  EXPECT_EQ(result.found, 9);
  EXPECT_EQ(result.error, 0);
  EXPECT_EQ(out, kText.substr(4, 9));
}

TEST(ReadFully, GoesOnAfterAnInterruption) {
  std::string out(kText.size(), '?');
  int calls = 0;
  const auto result =
      ReadFully(0, std::as_writable_bytes(std::span(out)), [&](void* to, size_t size, int64_t at) {
        if (++calls % 2 == 1) {
          errno = EINTR;
          return ssize_t{-1};
        }
        return ReadAtMost(7)(to, size, at);
      });
  EXPECT_EQ(result.found, std::ssize(kText));
  EXPECT_EQ(out, kText);
}

TEST(ReadFully, StopsAtTheEndOfTheFile) {
  std::string out(50, '?');
  const auto result = ReadFully(10, std::as_writable_bytes(std::span(out)), ReadAtMost(3));
  EXPECT_EQ(result.found, std::ssize(kText) - 10);
  EXPECT_EQ(result.error, 0);
}

TEST(ReadFully, StopsAtAnErrorAndKeepsIt) {
  std::string out(kText.size(), '?');
  int calls = 0;
  const auto result =
      ReadFully(0, std::as_writable_bytes(std::span(out)), [&](void* to, size_t size, int64_t at) {
        if (++calls == 1) return ReadAtMost(5)(to, size, at);
        errno = EIO;
        return ssize_t{-1};
      });
  EXPECT_EQ(result.found, 5);
  EXPECT_EQ(result.error, EIO);
}

TEST(FileDescriptor, ReadsARangeOrNamesFileOffsetExpectedAndFound) {
  const TempFile temp{std::as_bytes(std::span(kText))};
  const FileDescriptor file(temp.path(), ReadAhead::kOff);
  EXPECT_EQ(file.size_bytes(), std::ssize(kText));
  std::string out(9, '?');
  file.Read(4, std::as_writable_bytes(std::span(out)));
  EXPECT_EQ(out, kText.substr(4, 9));
  const int64_t offset = std::ssize(kText) - 2;
  try {
    file.Read(offset, std::as_writable_bytes(std::span(out)));
    FAIL() << "read beyond the end";
  } catch (const ReadError& error) {
    EXPECT_EQ(error.failed_at(), std::ssize(kText));
    EXPECT_THAT(error.what(), ::testing::HasSubstr(temp.path()));
    EXPECT_THAT(error.what(), ::testing::HasSubstr(Format("offset {}: expected 9 bytes, found 2", offset)));
  }
}

// A folder, a FIFO, a socket and a device, by their paths.
class SpecialFiles : public ::testing::Test {
 protected:
  SpecialFiles() {
    ::mkfifo((folder_ / "fifo").c_str(), 0600);
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    // The build folder's path may be longer than a socket's may be.
    const std::string name = Format("/tmp/plelab-test-{}", ::getpid());
    std::strncpy(address.sun_path, name.c_str(), sizeof address.sun_path - 1);
    socket_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    kinds_ = {{folder_.path(), "a folder"},
              {folder_ / "fifo", "a FIFO (named pipe)"},
              {name, "a socket"},
              {"/dev/zero", "a device"}};
  }
  ~SpecialFiles() override {
    ::close(socket_);
    ::unlink(kinds_.at(2).first.c_str());
  }

  const testing::TemporaryFolder folder_;
  int socket_ = -1;
  std::vector<std::pair<std::string, std::string>> kinds_;  // (path, what it is)
};

TEST_F(SpecialFiles, AreNamedAndNeverOpened) {
  for (const auto& [path, kind] : kinds_) {
    EXPECT_EQ(SpecialFileKind(path), kind);
    EXPECT_THAT([&] { RefuseSpecialInput(path); },
                ThrowsMessage<UserError>(HasSubstr(path + ": expected a regular file, found " + kind)));
    EXPECT_THAT([&] { RefuseSpecialOutput(path); },
                ThrowsMessage<UserError>(HasSubstr(path + ": is " + kind)));
    EXPECT_THAT([&] { FileDescriptor(path, ReadAhead::kOn); },
                ThrowsMessage<UserError>(HasSubstr("found " + kind)));
  }
}

TEST_F(SpecialFiles, ALinkIsWhatItLeadsTo) {
  std::filesystem::create_symlink(folder_ / "fifo", folder_ / "link");
  EXPECT_EQ(SpecialFileKind(folder_ / "link"), "a FIFO (named pipe)");
}

TEST_F(SpecialFiles, FilesAndNothingAreNotSpecial) {
  testing::WriteText(folder_ / "file", "text");
  for (const std::string& path : {folder_ / "file", folder_ / "nothing"}) {
    EXPECT_EQ(SpecialFileKind(path), "");
    EXPECT_NO_THROW(RefuseSpecialInput(path));
    EXPECT_NO_THROW(RefuseSpecialOutput(path));
  }
}

// Pages of the file that the page cache holds.
int64_t CachedPages(const std::string& path, size_t bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  void* const map = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  std::vector<unsigned char> held(bytes / ::sysconf(_SC_PAGESIZE));
  ::mincore(map, bytes, held.data());
  ::munmap(map, bytes);
  return std::ranges::count_if(held, [](unsigned char page) { return (page & 1) != 0; });
}

// How many pages one read of one page brings in, of a file of which none was cached.
int64_t PagesOfARead(const std::string& path, ReadAhead read_ahead) {
  constexpr size_t kBytes = size_t{1} << 22;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  EXPECT_EQ(::write(fd, std::string(kBytes, 'x').data(), kBytes), static_cast<ssize_t>(kBytes));
  ::fsync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
  const int64_t before = CachedPages(path, kBytes);
  std::vector<std::byte> out(page);
  FileDescriptor(path, read_ahead).Read(0, out);
  return CachedPages(path, kBytes) - before;
}

TEST(FileDescriptor, WithoutReadAheadOnePageBringsNoOther) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/file";
  if (PagesOfARead(path, ReadAhead::kOn) <= 1) GTEST_SKIP() << "the kernel reads nothing ahead here";
  EXPECT_EQ(PagesOfARead(path, ReadAhead::kOff), 1);
}

}  // namespace file_descriptor_test
}  // namespace plelab
