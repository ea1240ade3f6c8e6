#include "model/media/audio_file.h"

#include <sndfile.h>
#include <soxr.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <vector>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/media/audio_container.h"

namespace plelab {
namespace {

constexpr int64_t kLeastRate = 1'000, kMostRate = 768'000;  // Hz
constexpr int64_t kMostChannels = 64;
constexpr int64_t kBlockFrames = 4096;

// libsndfile reads through C callbacks, which must not throw.
struct Stream {
  const FileDescriptor& file;
  const OpenEnd& end;
  int64_t position = 0;
};

sf_count_t Length(void* user) { return static_cast<Stream*>(user)->file.size_bytes(); }
sf_count_t Tell(void* user) { return static_cast<Stream*>(user)->position; }
sf_count_t Refuse(const void*, sf_count_t, void*) { return 0; }

sf_count_t Seek(sf_count_t offset, int whence, void* user) {
  auto& stream = *static_cast<Stream*>(user);
  const int64_t base = whence == SEEK_SET   ? 0
                       : whence == SEEK_CUR ? stream.position
                                            : stream.file.size_bytes();
  if (offset < -base || offset > stream.file.size_bytes() - base) return -1;
  return stream.position = base + offset;
}

// Puts those bytes of the patch that belong at [position, position + size) of the file there.
void Patch(const OpenEnd& end, int64_t position, std::span<std::byte> bytes) {
  for (int64_t i = 0; i < std::ssize(end.patch); ++i) {
    const int64_t at = end.patch_at + i - position;
    if (at >= 0 && at < std::ssize(bytes)) bytes[static_cast<size_t>(at)] = end.patch[static_cast<size_t>(i)];
  }
}

sf_count_t Read(void* out, sf_count_t count, void* user) {
  auto& stream = *static_cast<Stream*>(user);
  count = std::clamp<int64_t>(stream.file.size_bytes() - stream.position, 0, count);
  const std::span<std::byte> bytes(static_cast<std::byte*>(out), static_cast<size_t>(count));
  try {
    stream.file.Read(stream.position, bytes);
  } catch (const std::exception&) {
    return 0;  // reported as a file that ends early
  }
  Patch(stream.end, stream.position, bytes);
  stream.position += count;
  return count;
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using Sound = std::unique_ptr<SNDFILE, Close>;

Sound Open(Stream& stream, SF_INFO& info) {
  SF_VIRTUAL_IO io = {Length, Seek, Read, Refuse, Tell};
  Sound sound(sf_open_virtual(&io, SFM_READ, &info, &stream));
  const std::string& path = stream.file.path();
  if (!sound) throw UserError("{}: damaged or not supported: {}", path, FirstLine(sf_strerror(nullptr)));
  if (info.samplerate < kLeastRate || info.samplerate > kMostRate) {
    throw UserError("{}: {} samples per second; expected {} to {}", path, info.samplerate, kLeastRate,
                    kMostRate);
  }
  if (info.channels < 1 || info.channels > kMostChannels) {
    throw UserError("{}: {} channels; expected 1 to {}", path, info.channels, kMostChannels);
  }
  return sound;
}

void AppendMeans(const float* frames, int64_t count, int64_t channels, std::vector<float>& mono) {
  for (int64_t i = 0; i < count; ++i, frames += channels) {
    double sum = 0;
    for (int64_t c = 0; c < channels; ++c) sum += frames[c];
    mono.push_back(static_cast<float>(sum / static_cast<double>(channels)));
  }
}

// The mean over channels of at most `wanted` frames.
std::vector<float> ReadMono(SNDFILE* sound, int64_t channels, int64_t wanted, const std::string& path) {
  std::vector<float> block(static_cast<size_t>(kBlockFrames * channels)), mono;
  while (static_cast<int64_t>(mono.size()) < wanted) {
    const int64_t frames = std::min(kBlockFrames, wanted - static_cast<int64_t>(mono.size()));
    const int64_t got = sf_readf_float(sound, block.data(), frames);
    if (sf_error(sound) != SF_ERR_NO_ERROR) {
      throw UserError("{}: damaged after {} samples: {}", path, mono.size(), FirstLine(sf_strerror(sound)));
    }
    if (got <= 0) break;
    AppendMeans(block.data(), got, channels, mono);
  }
  return mono;
}

void CheckFinite(const std::vector<float>& samples, const std::string& path) {
  const auto bad = std::find_if(samples.begin(), samples.end(), [](float x) { return !std::isfinite(x); });
  if (bad == samples.end()) return;
  throw UserError("{}: sample {} is {}; expected finite samples", path, bad - samples.begin(), *bad);
}

// Whether the header tells the number of samples.  For OGG it is libsndfile's guess, and its pages were
// checked instead; a FLAC from a pipe has none.
bool IsCounted(const SF_INFO& info, AudioContainer container) {
  return container != AudioContainer::kOgg && info.frames > 0 && info.frames < SF_COUNT_MAX;
}

[[noreturn]] void TooLong(const AudioTarget& target, const std::string& path) {
  throw UserError("{}: longer than {:g} s, the most that the audio encoder takes; cut it, or pass --truncate",
                  path, static_cast<double>(target.max_samples) / static_cast<double>(target.sampling_rate));
}

void CheckLength(int64_t found, int64_t wanted, const SF_INFO& info, AudioContainer container,
                 const std::string& path) {
  if (IsCounted(info, container) && found < wanted && found < info.frames) {
    throw UserError("{}: truncated: the header says {} samples, the file holds {}", path, info.frames, found);
  }
  if (found == 0) throw UserError("{}: holds no samples; expected a recording", path);
}

}  // namespace

torch::Tensor ReadAudio(const std::string& path, const AudioTarget& target) {
  const FileDescriptor file(path, ReadAhead::kOff);
  const AudioContainer container = DetectContainer(file);
  const OpenEnd end = CheckComplete(file, container);
  Stream stream{file, end};
  SF_INFO info = {};
  const Sound sound = Open(stream, info);
  const int64_t rate = info.samplerate;
  const int64_t longest = target.max_samples * rate / target.sampling_rate;
  if (!target.truncate && IsCounted(info, container) && info.frames > longest) TooLong(target, path);
  // Reads a tenth of a second more than is kept, so that the resampler does not ring at the cut.
  const int64_t wanted = longest + (target.truncate ? rate / 10 : 1);
  std::vector<float> mono = ReadMono(sound.get(), info.channels, wanted, path);
  const auto found = static_cast<int64_t>(mono.size());
  CheckLength(found, wanted, info, container, path);
  if (found > longest && !target.truncate) TooLong(target, path);
  CheckFinite(mono, path);
  const auto resampled =
      Resample(torch::from_blob(mono.data(), {found}, torch::kFloat32), rate, target.sampling_rate);
  return resampled.narrow(0, 0, std::min(resampled.numel(), target.max_samples)).clone();
}

std::string AudioNote(const std::string& path) {
  const FileDescriptor file(path, ReadAhead::kOff);
  return CheckComplete(file, DetectContainer(file)).note;
}

torch::Tensor Resample(const torch::Tensor& samples, int64_t from, int64_t to) {
  if (from == to) return samples;
  constexpr int64_t kSpare = 16;  // soxr rounds the length
  const auto input = samples.contiguous();
  const auto output = torch::empty({input.numel() * to / from + kSpare}, torch::kFloat32);
  const soxr_io_spec_t format = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  const soxr_runtime_spec_t one_thread = soxr_runtime_spec(1);
  size_t done = 0;
  const soxr_error_t error = soxr_oneshot(
      static_cast<double>(from), static_cast<double>(to), /*num_channels=*/1, input.const_data_ptr<float>(),
      static_cast<size_t>(input.numel()), nullptr, output.data_ptr<float>(),
      static_cast<size_t>(output.numel()), &done, &format, &quality, &one_thread);
  if (error != nullptr)
    throw RunError("resampling from {} to {} Hz failed: {}", from, to, soxr_strerror(error));
  return output.narrow(0, 0, static_cast<int64_t>(done));
}

}  // namespace plelab
