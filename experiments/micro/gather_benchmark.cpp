// The central interface itself: rows of a table of E2B's shape from Begin to the last layer, by backend,
// batch, queue depth, layout, format and cache; and the packing of a table.  Random rows of 8,192; direct and
// io_uring read the device each time, while pread and mmap find their pages in the page cache after the first
// pass.
//   TMPDIR=/on/the/disk build/plelab_micro --benchmark_filter='Gather|Pack'
// PLELAB_MICRO_FILE=FILE takes the rows of any file in place of those that this program writes, so that a
// large one, and other programs, can be measured on the same bytes; its page cache is dropped before each
// benchmark.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "experiments/micro/zipf_rows.h"
#include "model/base/file_descriptor.h"
#include "model/base/format.h"
#include "model/base/output_file.h"
#include "model/base/random_bits.h"
#include "model/io/uring_file.h"
#include "model/packing/pack_table.h"
#include "model/ple/formats/row_values.h"
#include "model/ple/strategies/factory.h"

namespace plelab::micro {
namespace {

namespace fs = std::filesystem;

constexpr PleGeometry kE2b{.vocab = 8192, .layers = 30, .dim = 256, .dtype = DType::kBFloat16};

// The files of this program's tables, removed when it ends.
class Tables {
 public:
  Tables() : folder_(fs::temp_directory_path() / Format("plelab-micro-{}", ::getpid())) {
    fs::create_directories(folder_);
    if (const char* file = std::getenv("PLELAB_MICRO_FILE")) {
      published_ = {file, 0, kE2b};
      published_.geometry.vocab = static_cast<int64_t>(fs::file_size(file)) / kE2b.row_bytes();
    } else {
      published_ = {(folder_ / "published").string(), 0, kE2b};
      Write(published_);
    }
  }
  ~Tables() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  const PleTable& Published() const { return published_; }
  // Packs the published table where nobody did so yet.
  const PleTable& Packed(RowForm form, TableOrder order) {
    const auto [found, is_new] = packed_.try_emplace({form, order});
    if (is_new) {
      const std::string path = (folder_ / Format("{}-{}", Name(form), static_cast<int>(order))).string();
      PackTable({published_}, DescriptionOf(form, order), {}, path, nullptr);
      found->second = OpenPackedTable(path, PackedKind::kRows, "benchmark", published_.geometry);
    }
    return found->second;
  }
  static PackedDescription DescriptionOf(RowForm form, TableOrder order) {
    return {.geometry = kE2b,
            .format = {.form = form},
            .order = order,
            .made_from = "benchmark",
            .weights = "random"};
  }
  std::string Scratch() const { return (folder_ / "scratch").string(); }

 private:
  static void Write(const PleTable& table) {
    OutputFile file(table.path);
    std::vector<float> values(static_cast<size_t>(kE2b.layers * kE2b.dim));
    std::vector<std::byte> row(static_cast<size_t>(kE2b.row_bytes()));
    for (int64_t r = 0; r < kE2b.vocab; ++r) {
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(MixBits(static_cast<uint64_t>(r) << 20 ^ i) % 2001) / 1000 - 1;
      }
      StoreValues(kE2b.dtype, values, row);
      file.Write(r * kE2b.row_bytes(), row);
    }
    file.Commit();
  }

  fs::path folder_;
  PleTable published_;
  std::map<std::pair<RowForm, TableOrder>, PleTable> packed_;
};

Tables& AllTables() {
  static Tables tables;
  return tables;
}

void DropPageCache(const std::string& path) {
  const FileDescriptor file(path, ReadAhead::kOn);
  ::fsync(file.get());
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
}

// File pages that count as this process's memory, in MiB.
double FileRssMib() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("RssFile:")) return std::stod(line.substr(8)) / 1024;
  }
  return 0;
}

constexpr uint64_t kRowsPerSample = 2048;  // of the mapping's size

void ReadRows(benchmark::State& state, const PleTable& table, const std::string& spec, bool zipf) {
  DropPageCache(table.path);
  const auto source = MakePleSource(ParsePleSpec(spec), table);
  const int64_t vocab = table.geometry.vocab;
  const double rss_before = FileRssMib();
  double rss_most = 0;
  std::vector<int64_t> ids(static_cast<size_t>(state.range(0)));
  const uint64_t sampled_each = std::max<uint64_t>(kRowsPerSample, ids.size());
  uint64_t drawn = 0;
  std::chrono::nanoseconds until_first{0};
  for (auto _ : state) {
    if (drawn % sampled_each == 0) {
      state.PauseTiming();
      rss_most = std::max(rss_most, FileRssMib() - rss_before);
      state.ResumeTiming();
    }
    for (int64_t& id : ids) {
      const uint64_t i = drawn++;
      id = zipf ? ZipfRow(i, vocab) : static_cast<int64_t>(MixBits(i) % static_cast<uint64_t>(vocab));
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto request = source->Begin(ids);
    benchmark::DoNotOptimize(request->Layer(0).data());
    until_first += std::chrono::steady_clock::now() - begin;
    for (int64_t layer = 1; layer < kE2b.layers; ++layer)
      benchmark::DoNotOptimize(request->Layer(layer).data());
  }
  state.counters["until_first_layer_us"] = std::chrono::duration<double, std::micro>(until_first).count() /
                                           static_cast<double>(state.iterations());
  const PleStats stats = source->stats();
  state.counters["mapped_most_MiB"] = rss_most;
  state.counters["rows"] =
      benchmark::Counter(static_cast<double>(stats.lookups), benchmark::Counter::kIsRate);
  state.counters["bytes_asked"] = benchmark::Counter(
      static_cast<double>(stats.bytes_asked), benchmark::Counter::kIsRate, benchmark::Counter::kIs1024);
  state.counters["hits"] = static_cast<double>(stats.hits) / static_cast<double>(stats.lookups);
}

void Register(const std::string& name, const std::string& spec, RowForm form, TableOrder order,
              bool zipf = false) {
  benchmark::RegisterBenchmark(
      ("Gather/" + name).c_str(),
      [=](benchmark::State& state) {
        const bool published = form == RowForm::kBFloat16 && order == TableOrder::kTokenMajor;
        ReadRows(state, published ? AllTables().Published() : AllTables().Packed(form, order), spec, zipf);
      })
      ->ArgName("batch")
      ->Arg(1)
      ->Arg(16)
      ->Arg(512)
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

void PackInto(benchmark::State& state, RowForm form, TableOrder order) {
  for (auto _ : state) {
    PackTable({AllTables().Published()}, Tables::DescriptionOf(form, order), {}, AllTables().Scratch(),
              nullptr);
  }
  state.SetBytesProcessed(state.iterations() * kE2b.table_bytes());
}

const bool kRegistered = [] {
  constexpr auto kToken = TableOrder::kTokenMajor, kLayer = TableOrder::kLayerMajor;
  std::vector<std::string> disks = {"pread",
                                    "pread,advice=random,prefetch=false",
                                    "mmap,advice=random",
                                    "mmap,advice=random,mapped=64MiB",
                                    "direct",
                                    "direct,prefetch=false"};
  if (WhyNoUring().empty())
    disks.insert(disks.end(), {"io_uring,queue_depth=1", "io_uring,queue_depth=32", "io_uring,queue_depth=64",
                               "io_uring,registered=false", "io_uring,polling=sqpoll"});
  Register("resident", "resident", RowForm::kBFloat16, kToken);
  for (const std::string& disk : disks) {
    Register("disk,backend=" + disk, "disk,backend=" + disk, RowForm::kBFloat16, kToken);
  }
  for (const RowForm form : {RowForm::kInt8, RowForm::kInt4}) {
    Register(Format("resident/{}", Name(form)), "resident", form, kToken);
    Register(Format("disk,backend=direct/{}", Name(form)), "disk,backend=direct", form, kToken);
  }
  Register("disk,backend=direct/layer_major", "disk,backend=direct", RowForm::kBFloat16, kLayer);
  for (const char* capacity : {"1%", "10%"}) {
    const std::string spec = Format("cached,capacity={},over.backend=direct", capacity);
    Register(spec + "/zipf", spec, RowForm::kBFloat16, kToken, true);
    Register(spec + "/int4/zipf", spec, RowForm::kInt4, kToken, true);
  }
  for (const RowForm form : {RowForm::kBFloat16, RowForm::kInt8, RowForm::kInt4}) {
    for (const TableOrder order : {kToken, kLayer}) {
      const std::string name =
          Format("Pack/{}/{}", Name(form), order == kToken ? "token_major" : "layer_major");
      benchmark::RegisterBenchmark(name.c_str(), PackInto, form, order)
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime();
    }
  }
  return true;
}();

}  // namespace
}  // namespace plelab::micro
