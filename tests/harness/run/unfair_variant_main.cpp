// Runs a config in which one variant, disk_mmap, leaves dirty caches behind: after each of its turns it
// writes over 64 MiB of memory, in the time between its step and the next one's.  scripts/unfair_variant.sh
// shows that the run's own control catches it.
//
//   unfair_variant CONFIG.yaml RESULT.h5 KEY=VALUE…
#include <cstdio>
#include <exception>
#include <memory>

#include "harness/results/summary_table.h"
#include "harness/run/runner.h"
#include "harness/support/message.h"

namespace plelab {
namespace {

constexpr const char* kUnfair = "disk_mmap";
constexpr size_t kDirtyBytes = size_t{64} << 20;

// stats() is called once before and once after each timed step, so the write lies outside of the step's time.
class UnfairPle : public PleWrapper {
 public:
  using PleWrapper::PleWrapper;
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    stepped_ = true;
    return PleWrapper::Begin(ids);
  }
  PleStats stats() const override {
    if (stepped_) {
      for (size_t i = 0; i < kDirtyBytes; i += 64) ++dirty_[i];
    }
    stepped_ = false;
    return PleWrapper::stats();
  }

 private:
  mutable bool stepped_ = false;
  std::unique_ptr<char[]> dirty_ = std::make_unique<char[]>(kDirtyBytes);
};

RunResult RunUnfairly(const std::string& config, const std::string& out,
                      const std::vector<std::string>& overrides) {
  RunOptions options;
  options.out = out;
  options.config_path = config;
  options.command = "scripts/unfair_variant.sh";
  options.make_source = [](const VariantConfig& variant, const PleTable& table,
                           std::span<const int64_t> warm_ids) -> std::unique_ptr<PleSource> {
    auto source = DefaultSourceMaker()(variant, table, warm_ids);
    if (variant.name != kUnfair) return source;
    return std::make_unique<UnfairPle>(std::move(source));
  };
  return Run(ReadExperimentConfig(config, overrides), options);
}

}  // namespace
}  // namespace plelab

int main(int count, char** arguments) {
  if (count < 3) {
    std::fputs("usage: unfair_variant CONFIG.yaml RESULT.h5 KEY=VALUE...\n", stderr);
    return 2;
  }
  try {
    const plelab::RunResult result =
        plelab::RunUnfairly(arguments[1], arguments[2], {arguments + 3, arguments + count});
    std::fputs(plelab::SummaryTable(result.record).c_str(), stdout);
    const std::string control = plelab::MetaValue(result.record.meta, "control");
    std::printf("control: %s\n", control.c_str());
    return control == "failed" ? 0 : 1;
  } catch (const std::exception& error) {
    std::fputs((plelab::ErrorLine(error.what()) + "\n").c_str(), stderr);
    return 2;
  }
}
