#include "harness/cold/cold_reads.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "harness/cold/device_cold.h"
#include "harness/cold/unread_file.h"
#include "harness/storage/storage.h"
#include "harness/support/timer.h"
#include "harness/support/units.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// So many windows of the kernel's read-ahead fit into a table of which the ends do not matter.
constexpr int64_t kWindowsOfATable = 16;
// Where the kernel does not say; the largest that is common.
constexpr int64_t kUnknownReadAheadBytes = int64_t{8} << 20;

std::string OptionOf(const PleOptions& options, std::string_view key) {
  for (const auto& [name, value] : DescribePleOptions(options)) {
    if (name == key) return value;
  }
  return "";
}

PleOptions Bottom(PleOptions options) {
  while (!OptionOf(options, "over.strategy").empty()) options = PleOptions(PleOptionsBelow(options));
  options.transform = {};
  return options;
}

// Reads rows of a file one at a time as a variant would.
class RowProbe {
 public:
  RowProbe(const PleOptions& options, PleTable table) : table_(std::move(table)) {
    source_ = MakePleSource(options, table_);
  }
  // The first row that begins at or behind `offset`, in the middle of a page or not as the variant's rows do.
  int64_t RowFrom(int64_t offset) const {
    const int64_t stride = table_.part_stride();
    return (offset - table_.offset_bytes + stride - 1) / stride;
  }
  double ReadNs(int64_t row) {
    const PleStats before = source_->stats();
    source_->Begin(std::span(&row, 1))->Layer(0);
    const PleStats read = source_->stats() - before;
    return static_cast<double>(read.read_ns) / static_cast<double>(std::max<int64_t>(read.read_calls, 1));
  }

 private:
  PleTable table_;
  std::unique_ptr<PleSource> source_;
};

// The file as if it were a table of the variant's rows, whose rows begin as deep in their pages.
PleTable AsTable(const UnreadFile& file, const PleTable& like) {
  PleTable table = like;
  table.path = file.path();
  table.offset_bytes = like.offset_bytes % ::sysconf(_SC_PAGESIZE);
  table.folded = nullptr;
  table.layout.place_of_row = nullptr;
  const int64_t rows = (file.size_bytes() - table.offset_bytes) / table.part_stride();
  table.geometry.vocab = std::min<int64_t>(rows, std::numeric_limits<int32_t>::max());
  return table;
}

std::vector<double> TableReadsNs(const PleTable& table, uint64_t seed) {
  try {
    return DirectReadsNs(RangeOf(table), table.part_bytes(), kReferenceReads, seed);
  } catch (const RunError&) {
    return {};
  }
}

// Reads each of the windows at `offsets` once, but for those that somebody else just read.
std::vector<double> ReadWindows(const UnreadFile& file, const ColdCheck& check, const RowReading& reading,
                                std::span<const int64_t> offsets, int64_t gap_ns) {
  RowProbe probe(reading.options, AsTable(file, check.table()));
  const int64_t window = UnreadFile::WindowBytes(reading.window_bytes);
  const int64_t before = (window - 2 * reading.row_bytes) / 2;  // the kernel reads around the row
  std::vector<double> ns;
  for (const int64_t offset : offsets) {
    if (CachedBytes({file.path(), offset, window}) > 0) continue;
    for (const Timer timer; timer.ns() < gap_ns;) continue;
    ns.push_back(probe.ReadNs(probe.RowFrom(offset + before)));
  }
  return ns;
}

std::vector<double> ReadUnread(const ColdCheck& check, const RowReading& reading, int64_t gap_ns,
                               uint64_t seed) {
  if (!reading.why_not.empty()) throw RunError("{}", reading.why_not);
  UnreadFile file(check.section().reference);
  const std::vector<double> ns =
      ReadWindows(file, check, reading,
                  file.Take(kReferenceReads, UnreadFile::WindowBytes(reading.window_bytes), seed), gap_ns);
  EvictFromPageCache({file.path(), 0, file.size_bytes()});
  if (std::ssize(ns) == kReferenceReads) return ns;
  throw RunError(
      "{}: {} reads of bytes that were never read are needed, {} were left; write another with "
      "scripts/cold_reference.sh",
      file.path(), kReferenceReads, ns.size());
}

std::vector<double> UnreadReadsNs(const ColdCheck& check, const RowReading& reading, int64_t gap_ns,
                                  uint64_t seed, std::string& notice) {
  try {
    return ReadUnread(check, reading, gap_ns, seed);
  } catch (const std::runtime_error& error) {
    notice = Format("device_cold is unknown: {}", error.what());
    return {};
  }
}

// A read that goes on by itself is known to be over only when somebody asks.
bool HidesEndsOfReads(const PleOptions& bottom) {
  return OptionOf(bottom, "backend") == "io_uring" && OptionOf(bottom, "prefetch") == "true";
}

}  // namespace

int64_t ReadAheadBytesOf(const std::string& path) {
  const double bytes = ReadAheadBytes(path);
  return std::isnan(bytes) ? kUnknownReadAheadBytes : static_cast<int64_t>(bytes);
}

bool ReadsAhead(const PleOptions& options) {
  const PleOptions bottom = Bottom(options);
  const std::string backend = OptionOf(bottom, "backend");
  return (backend == "mmap" || backend == "pread") && OptionOf(bottom, "advice") != "random";
}

RowReading ReadingOf(const ColdCheck& check) {
  RowReading reading;
  reading.options = Bottom(check.options());
  reading.row_bytes = check.table().part_stride();
  // A random read of a few pages moves these pages alone; a fault of a mapping brings what is around it.
  const bool around = ReadsAhead(reading.options) && OptionOf(reading.options, "backend") == "mmap";
  const int64_t ahead = around ? ReadAheadBytesOf(check.section().reference) : 0;
  if (check.table().stored_bytes() < kWindowsOfATable * ahead) {
    reading.why_not = Format(
        "a mapping of {} reads {} around each fault: use backend=mmap with another advice or read-ahead",
        check.table().path, ReadableBytes(ReadAheadBytesOf(check.section().reference)));
  } else if (check.table().parts() > 1) {
    reading.why_not = Format("a row of {} lies in {} places", check.table().path, check.table().parts());
  } else if (HidesEndsOfReads(reading.options)) {
    reading.why_not = "nobody sees when a read of io_uring ends while the model computes: use prefetch=false";
  }
  reading.window_bytes = 2 * (reading.row_bytes + ::sysconf(_SC_PAGESIZE)) + ahead;
  for (const auto& [key, value] : DescribePleOptions(reading.options))
    reading.text += Format("{}={},", key, value);
  reading.text +=
      Format("{} bytes at {}", reading.row_bytes, check.table().offset_bytes % ::sysconf(_SC_PAGESIZE));
  return reading;
}

void TakeColdReads(std::span<ColdCheck* const> checks, int64_t gap_ns, uint64_t seed, std::string& notice) {
  std::map<std::tuple<std::string, int64_t, int64_t>, std::vector<double>> direct;
  std::map<std::pair<std::string, std::string>, std::vector<double>> unread;
  for (ColdCheck* check : checks) {
    if (!check->asked().guest) continue;
    ColdReads reads;
    const PleTable& table = check->table();
    const auto [own, is_new] = direct.try_emplace({table.path, table.offset_bytes, table.part_bytes()});
    if (is_new) own->second = TableReadsNs(table, seed);
    reads.direct_ns = own->second;
    if (check->asked().device && !check->section().reference.empty()) {
      const RowReading reading = ReadingOf(*check);
      const auto [alike, first] = unread.try_emplace({check->section().reference, reading.text});
      if (first) alike->second = UnreadReadsNs(*check, reading, gap_ns, seed, notice);
      reads.unread_ns = alike->second;
    }
    check->Keep(std::move(reads));
  }
}

}  // namespace plelab
