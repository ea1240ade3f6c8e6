#include "harness/cold/cold_plan.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <map>

#include "harness/cold/cold_reads.h"
#include "harness/cold/device_cold.h"
#include "harness/cold/unread_file.h"
#include "harness/support/message.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// What the run needs of one reference file.
struct ReferenceUse {
  std::string place;                            // in the config, of the first variant that names it
  std::map<std::string, int64_t> window_bytes;  // by who shares the reads
};

std::string PlaceOf(const RunPlan& plan, const VariantPlan& variant) {
  for (const std::string& section :
       {Format("variants[{}].page_cache", variant.name()), std::string("page_cache")}) {
    const auto found = plan.config.places.find(section + ".reference");
    if (found != plan.config.places.end()) return found->second;
  }
  return plan.config.name;
}

void RequireSameFileSystem(const ColdCheck& check, const UnreadFile& file, const std::string& place) {
  struct stat status = {};
  const std::string& table = check.table().path;
  if (table.empty() || ::stat(table.c_str(), &status) != 0) return;  // it is yet to be made
  if (status.st_dev == file.device()) return;
  throw UserError(
      "{}: {}: expected a file on the file system of {}, whose reads are compared with its own; write one "
      "there",
      place, file.path(), table);
}

// Variants that read alike share their reads, unless each has a process of its own.
std::map<std::string, ReferenceUse> UsesOf(const RunPlan& plan) {
  std::map<std::string, ReferenceUse> uses;
  for (const VariantPlan& variant : plan.variants) {
    const ColdCheck check(variant);
    const std::string& path = check.section().reference;
    if (!check.asked().device || path.empty()) continue;
    ReferenceUse& use = uses[path];
    if (use.place.empty()) use.place = PlaceOf(plan, variant);
    const RowReading reading = ReadingOf(check);
    if (!reading.why_not.empty()) continue;  // a notice will say so
    const bool alone = plan.config.design.isolate == Isolate::kProcess;
    // Each group is timed by itself.
    use.window_bytes[Format("{} {}", alone ? variant.name() : std::to_string(variant.group), reading.text)] =
        UnreadFile::WindowBytes(reading.window_bytes);
  }
  return uses;
}

void RequireEnough(const UnreadFile& file, const ReferenceUse& use, int64_t reps) {
  int64_t places = 0;
  bool fits = true;
  for (const auto& [who, window] : use.window_bytes) {
    places += reps * kReferenceReads * (window / kPlaceBytes);
    fits = fits && file.Left(window) >= reps * kReferenceReads;
  }
  const int64_t left = file.Left(kPlaceBytes);
  if (fits && places <= left) return;
  throw UserError(
      "{}: {}: {} repetitions read {} of its places of {} KiB, and {} were never read (those in the page "
      "cache "
      "count as read); write another, larger one with scripts/cold_reference.sh{}",
      use.place, file.path(), reps, places, kPlaceBytes / 1024, left,
      places > left ? "" : ", whose unread places lie side by side");
}

}  // namespace

void CheckColdReferences(const RunPlan& plan, int64_t reps) {
  for (const auto& [path, use] : UsesOf(plan)) {
    try {
      const UnreadFile file(path);
      const std::string folder = std::filesystem::path(path).parent_path().string();
      if (::access(folder.empty() ? "." : folder.c_str(), W_OK) != 0) {
        throw UserError("{}: its folder cannot be written, and what is read of it is noted there", path);
      }
    } catch (const UserError& error) {
      throw UserError("{}: 'reference' in 'page_cache': {}", use.place, error.what());
    }
    const UnreadFile file(path);
    for (const VariantPlan& variant : plan.variants) {
      const ColdCheck check(variant);
      if (check.asked().device && check.section().reference == path)
        RequireSameFileSystem(check, file, use.place);
    }
    RequireEnough(file, use, reps);
    if (file.written_in_this_boot()) {
      std::cerr
          << Printable(Format(
                 "{} was written in this boot: where the device or a host still holds it, device_cold says "
                 "less (results/README.md)",
                 path))
          << "\n";
    }
  }
}

std::string DescribeColdReferences(const RunPlan& plan) {
  std::string text;
  for (const auto& [path, use] : UsesOf(plan)) text += Format("{}: {}\n", path, UnreadFile(path).Describe());
  return text;
}

}  // namespace plelab
