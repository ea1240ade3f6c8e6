#include "harness/run/own_tables.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>

#include "harness/storage/page_cache.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/process.h"
#include "harness/support/progress.h"
#include "model/base/error.h"
#include "model/base/sha256.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOwner = "/run";  // in a run's folder: says whose copies these are, by its parts
constexpr size_t kHashDigits = 16;

// In a copy the rows keep their place within blocks, because it decides how many blocks a direct read moves.
// A hole lies before them, as the header and other tensors do in a published file: at the beginning of a
// mapping the kernel maps other pages around a fault than elsewhere.
constexpr int64_t kPlaceBytes = 4096, kHoleBytes = 64 * 1024;
int64_t OffsetInCopy(const PleTable& table) { return kHoleBytes + table.offset_bytes % kPlaceBytes; }

bool OnSameFileSystem(const std::string& a, const std::string& b) {
  struct stat of_a = {}, of_b = {};
  return ::stat(a.c_str(), &of_a) == 0 && ::stat(b.c_str(), &of_b) == 0 && of_a.st_dev == of_b.st_dev;
}

bool CanWrite(const std::string& folder) { return ::access(folder.c_str(), W_OK | X_OK) == 0; }

std::string ShortHash(const std::string& text) { return Sha256Hex(text).substr(0, kHashDigits); }

std::string Absolute(const std::string& path) { return fs::weakly_canonical(fs::absolute(path)).string(); }

// The folder of one run's copies of the table in `table_file`; empty where there is no place.
std::string RunFolder(const std::string& table_file, const std::string& parts_folder) {
  const std::string folder = OwnTablesFolder(table_file);
  return folder.empty() ? "" : folder + "/" + ShortHash(Absolute(parts_folder));
}

// Folder and file of the copy of a variant.
std::string CopyPath(const VariantPlan& variant, const std::string& parts_folder) {
  const std::string folder = RunFolder(TableRead(variant.table).path, parts_folder);
  return folder.empty() ? "" : folder + "/" + ShortHash(variant.name()) + ".rows";
}

bool IsComplete(const std::string& copy, const PleTable& table) {
  std::error_code error;
  const int64_t expected = OffsetInCopy(table) + table.stored_bytes();
  return fs::file_size(copy, error) == static_cast<uintmax_t>(expected) && !error;
}

// Copies the table's rows.  The copy gets its name when it is whole.
void Copy(const PleTable& table, const std::string& copy) {
  const int64_t bytes = table.stored_bytes();
  const std::string unfinished = copy + ".part";
  const ProcessResult result = RunProgram(
      {"dd", "if=" + table.path, "of=" + unfinished, "bs=1M", "iflag=skip_bytes,count_bytes,fullblock",
       "oflag=seek_bytes", Format("skip={}", table.offset_bytes), Format("seek={}", OffsetInCopy(table)),
       Format("count={}", bytes), "conv=fsync", "status=none"});
  ThrowIfInterrupted();
  if (!result.ok() || !IsComplete(unfinished, table))
    throw RunError("{}: the table cannot be copied for a variant (design.own_table): {}", unfinished,
                   result.Describe());
  EvictFromPageCache({unfinished, OffsetInCopy(table), bytes});
  fs::rename(unfinished, copy);
}

// Makes the run's folder and says in it whose it is.
void ClaimFolder(const std::string& folder, const std::string& parts_folder) {
  std::error_code error;
  // Another run that ends removes own_tables where it is empty, perhaps just now.
  for (int attempt = 0; attempt < 5 && !fs::is_directory(folder); ++attempt)
    fs::create_directories(folder, error);
  std::ofstream owner(folder + kOwner);
  owner << Absolute(parts_folder);
  if (!owner.flush()) throw RunError("{}: cannot be made for copies of the table", folder);
}

// Removes the folders of runs whose parts are gone: nobody can go on with them.
void RemoveAbandoned(const std::string& own_tables) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(own_tables, error)) {
    std::string parts;
    if (!std::getline(std::ifstream(entry.path().string() + kOwner), parts)) continue;
    if (!fs::exists(parts, error) && !error) fs::remove_all(entry.path(), error);
  }
}

// The variant whose copy `v` reads: a twin's is its baseline.
int64_t OwnerOf(const RunPlan& plan, int64_t v) {
  for (const VariantGroup& group : plan.groups) {
    if (group.control == v) return group.baseline;
  }
  return v;
}

void SayThatNoneIsMade(const std::string& table_file) {
  std::fputs(
      Format("note: no variant gets a copy of the table of its own (design.own_table): neither .work nor "
             "the folder of {} can take it on the same file system\n",
             Printable(table_file))
          .c_str(),
      stderr);
}

}  // namespace

bool WantsOwnTable(const VariantPlan& variant) {
  if (!variant.reads_file()) return false;
  const OwnTable own = variant.config.own_table;
  return own == OwnTable::kYes ||
         (own == OwnTable::kAuto && variant.footprint.file_bytes < kLargestAutoTableBytes);
}

int64_t OwnTableBytes(const RunPlan& plan) {
  int64_t bytes = 0;
  for (int64_t v = 0; v < std::ssize(plan.variants); ++v) {
    const VariantPlan& variant = plan.variants[v];
    if (RunsWorkload(plan.config) && OwnerOf(plan, v) == v && WantsOwnTable(variant))
      bytes += variant.footprint.file_bytes;
  }
  return bytes;
}

std::string OwnTablesFolder(const std::string& table_file) {
  std::error_code error;
  const fs::path file = fs::canonical(table_file, error);
  if (error) return "";
  const std::string work = ".work";
  const std::string nearest = fs::exists(work, error) ? work : ".";
  if (OnSameFileSystem(nearest, file.string()) && CanWrite(nearest)) return work + "/own_tables";
  const std::string beside = file.parent_path().string();
  return CanWrite(beside) ? beside + "/own_tables" : "";
}

OwnTables::OwnTables(const RunPlan& plan, const std::string& parts_folder, bool reuse) {
  if (OwnTableBytes(plan) == 0) return;
  Progress bar("a copy of the table for each variant", OwnTableBytes(plan));
  int64_t done = 0;
  bool said = false;
  for (int64_t v = 0; v < std::ssize(plan.variants); ++v) {
    const VariantPlan& variant = plan.variants[v];
    if (OwnerOf(plan, v) != v || !WantsOwnTable(variant)) continue;
    const PleTable& table = TableRead(variant.table);
    const std::string folder = RunFolder(table.path, parts_folder);
    if (folder.empty()) {
      if (!std::exchange(said, true)) SayThatNoneIsMade(table.path);
      continue;
    }
    if (std::ranges::find(folders_, folder) == folders_.end()) {
      RemoveAbandoned(OwnTablesFolder(table.path));
      if (!reuse) fs::remove_all(folder);
      folders_.push_back(folder);
      ClaimFolder(folder, parts_folder);
    }
    const std::string copy = CopyPath(variant, parts_folder);
    if (!IsComplete(copy, table)) Copy(table, copy);
    bar.Update(done += table.stored_bytes(), variant.name());
  }
  bar.Finish();
}

OwnTables::~OwnTables() {
  std::error_code ignored;
  for (const std::string& folder : folders_) {
    fs::remove_all(folder, ignored);
    fs::remove(fs::path(folder).parent_path(), ignored);  // own_tables, unless another run's are there
  }
}

std::vector<std::string> UseOwnTables(RunPlan& plan, const std::string& parts_folder) {
  std::vector<std::string> names;
  for (int64_t v = 0; v < std::ssize(plan.variants); ++v) {
    VariantPlan& variant = plan.variants[v];
    if (OwnerOf(plan, v) != v || !WantsOwnTable(variant)) continue;
    const PleTable& table = TableRead(variant.table);
    const std::string copy = CopyPath(variant, parts_folder);
    if (copy.empty() || !IsComplete(copy, table)) continue;
    PleTable own = table;
    own.path = copy;
    own.offset_bytes = OffsetInCopy(table);
    if (variant.table.folded) {
      variant.table.folded = std::make_shared<const PleTable>(own);
    } else {
      variant.table = own;
    }
    names.push_back(variant.name());
  }
  for (int64_t v = 0; v < std::ssize(plan.variants); ++v) {
    plan.variants[v].table = plan.variants[OwnerOf(plan, v)].table;
  }
  return names;
}

}  // namespace plelab
