#include "experiments/replay/measure/stand_in.h"

#include <algorithm>
#include <cmath>

#include "harness/support/statistics.h"
#include "harness/support/timer.h"

namespace plelab {
namespace {

constexpr int64_t kWordsAtOnce = 64;    // 512 bytes, in eight sums that do not wait for each other
constexpr double kFirstBytesPerNs = 4;  // of a thread: what the first round assumes
constexpr double kCalibrateSeconds = 1.2, kRoundSeconds = 0.12;
constexpr int kLeastRounds = 3;
constexpr double kCloseEnough = 0.01;  // of the wanted time

uint64_t SumOf(const uint64_t* words, int64_t count) {
  uint64_t sums[8] = {};
  for (int64_t i = 0; i + 8 <= count; i += 8) {
    for (int lane = 0; lane < 8; ++lane) sums[lane] += words[i + lane];
  }
  uint64_t sum = 0;
  for (const uint64_t lane : sums) sum += lane;
  return sum;
}

int64_t RoundToRun(double words) {
  return std::max<int64_t>(std::llround(words / kWordsAtOnce), 1) * kWordsAtOnce;
}

}  // namespace

StandIn::StandIn(int64_t threads, int64_t layers, int64_t buffer_bytes)
    : layers_(layers),
      team_(threads),
      buffer_(buffer_bytes, PageSize::kHuge),
      words_per_thread_(buffer_bytes / threads / 8 / kWordsAtOnce * kWordsAtOnce),
      places_(threads),
      read_share_([this](int64_t thread) { ReadShare(thread); }) {
  // Pages that were never written are all the same page of zeros, which stays in the cache.
  auto* words = reinterpret_cast<uint64_t*>(buffer_.data());
  std::fill_n(words, words_per_thread_ * threads, uint64_t{1});
}

void StandIn::ReadShare(int64_t thread) {
  Place& place = places_[thread];
  const auto* part = reinterpret_cast<const uint64_t*>(buffer_.data()) + thread * words_per_thread_;
  for (int64_t left = words_per_layer_; left > 0;) {
    const int64_t run = std::min(left, words_per_thread_ - place.word);
    place.sum += SumOf(part + place.word, run);
    place.word = (place.word + run) % words_per_thread_;
    left -= run;
  }
}

void StandIn::Layer() { team_.Run(read_share_); }

void StandIn::WakeUp() {
  team_.Run([](int64_t) {});
}

double StandIn::QuietStepNs() {
  std::vector<double> layers_ns;
  const Timer round;
  while (std::ssize(layers_ns) < 2 * layers_ ||
         (layers_ns.size() < 3000 && round.seconds() < kRoundSeconds)) {
    const Timer timer;
    Layer();
    layers_ns.push_back(static_cast<double>(timer.ns()));
  }
  return Quantile(layers_ns, 0.25) * static_cast<double>(layers_);
}

double StandIn::Calibrate(double step_ns) {
  const Timer timer;
  words_per_layer_ = RoundToRun(step_ns / static_cast<double>(layers_) * kFirstBytesPerNs / 8);
  double found = QuietStepNs();
  for (int round = 1; round < kLeastRounds || timer.seconds() < kCalibrateSeconds; ++round) {
    if (std::fabs(found / step_ns - 1) < kCloseEnough) break;
    // A step that is far too short says more of the threads' meetings than of the memory.
    const double factor = std::clamp(step_ns / found, 0.2, 8.0);
    const int64_t before = words_per_layer_;
    words_per_layer_ = RoundToRun(static_cast<double>(before) * factor);
    if (words_per_layer_ == before) break;  // no nearer
    found = QuietStepNs();
  }
  return found;
}

}  // namespace plelab
