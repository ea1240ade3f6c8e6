#include "model/text/folded/folded_table.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "model/base/error.h"
#include "model/catalog/synth.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/golden.h"
#include "tests/support/multimodal_golden.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace folded_table_test {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A golden's checkpoint in a writable folder.
class FoldedTable : public ::testing::Test {
 protected:
  explicit FoldedTable(const std::string& name = "odd") : golden_(name) {
    fs::copy(golden_.checkpoint->directory(), folder_.path());
    checkpoint_ = Open();
  }

  std::shared_ptr<const Checkpoint> Open() const {
    return std::make_shared<const Checkpoint>(Checkpoint::Open(folder_.path()));
  }
  std::unique_ptr<PleSource> Source(const std::string& spec) const {
    const PleOptions options = ParsePleSpec(spec);
    return MakePleSource(options, TableFor(options, *checkpoint_));
  }
  // All logits of one pass, then those of single steps after half of it: [B, T + T/2, vocab].
  torch::Tensor Logits(Gemma3n& model, const std::string& spec) const {
    const auto source = Source(spec);
    const torch::Tensor& ids = golden_.ids();
    const int64_t batch = ids.size(0), tokens = ids.size(1), half = tokens / 2;
    const auto span = [](const torch::Tensor& t) {
      return std::span(t.const_data_ptr<int64_t>(), static_cast<size_t>(t.numel()));
    };
    std::vector<torch::Tensor> logits = {
        model.Forward(ids, nullptr, *source->Begin(span(ids)), LogitsWanted::kAll)};
    KvCache kv = model.MakeKvCache(batch, tokens);
    const torch::Tensor first = ids.narrow(1, 0, half).contiguous();
    model.Forward(first, &kv, *source->Begin(span(first)), LogitsWanted::kNone);
    for (int64_t t = half; t < tokens; ++t) {
      const torch::Tensor next = ids.select(1, t).contiguous();
      logits.push_back(model.DecodeStep(span(next), kv, *source->Begin(span(next))).unsqueeze(1));
    }
    return torch::cat(logits, 1);
  }
  fs::path file() const { return folder_ / "ple_folded.safetensors"; }

  TextGolden golden_;
  testing::TemporaryFolder folder_;
  std::shared_ptr<const Checkpoint> checkpoint_;
};

class FoldedGoldens : public FoldedTable, public ::testing::WithParamInterface<std::string> {
 protected:
  FoldedGoldens() : FoldedTable(GetParam()) {}
};

TEST_P(FoldedGoldens, LogitsAreTheResidentOnesUpToRounding) {
  Gemma3n model = Gemma3n::Load(checkpoint_, {.dtype = DType::kFloat32});
  const torch::Tensor resident = Logits(model, "resident");
  for (const std::string spec : {"folded", "folded,over=resident", "folded,over=cached,over.capacity=5%"}) {
    EXPECT_LE(MaxAbs(Logits(model, spec) - resident), LogitTolerance(resident)) << spec;
  }
  EXPECT_GT(MaxAbs(Logits(model, "dropped") - resident), 0.01 * MaxAbs(resident)) << "the table matters here";
}
INSTANTIATE_TEST_SUITE_P(Text, FoldedGoldens, ::testing::ValuesIn(TextGoldenNames()));

TEST_F(FoldedTable, IsMadeOnceAndAgainForOtherWeights) {
  EXPECT_FALSE(fs::exists(file()));
  TableFor(ParsePleSpec("disk"), *checkpoint_);
  EXPECT_FALSE(fs::exists(file())) << "nobody asked for it";
  TableFor(ParsePleSpec("folded"), *checkpoint_);
  const auto made = fs::last_write_time(file());
  int64_t done = 0;
  TableFor(ParsePleSpec("folded"), *checkpoint_, [&](int64_t bytes, int64_t) { done = bytes; });
  EXPECT_EQ(done, 0);
  EXPECT_EQ(fs::last_write_time(file()), made);

  const fs::path weights = folder_ / "model.safetensors";
  fs::last_write_time(weights, fs::last_write_time(weights) + std::chrono::seconds(2));
  int64_t total = 0;
  const PleTable table = TableFor(ParsePleSpec("folded"), *checkpoint_, [&](int64_t bytes, int64_t all) {
    done = bytes;
    total = all;
  });
  EXPECT_EQ(done, total);
  EXPECT_EQ(total, table.folded->geometry.table_bytes());
}

// Each of these is damage under a header that is right, and at a time that is right.
TEST_F(FoldedTable, ADamagedFileIsMadeAgain) {
  TableFor(ParsePleSpec("folded"), *checkpoint_);
  const std::string whole = testing::ReadText(file());
  const auto time = fs::last_write_time(file());
  std::string zeros = whole, flipped = whole, wrong_hash = whole;
  const size_t rows = whole.size() - 32;  // one block, and so one hash
  std::fill(zeros.begin() + static_cast<ptrdiff_t>(rows / 2), zeros.begin() + static_cast<ptrdiff_t>(rows),
            '\0');
  flipped[rows - 1] ^= 1;
  wrong_hash[rows + 5] ^= 1;
  for (const std::string& damaged : {whole.substr(0, whole.size() / 2), zeros, flipped, wrong_hash}) {
    testing::WriteText(file(), damaged);
    fs::last_write_time(file(), time);
    TableFor(ParsePleSpec("folded"), *checkpoint_);
    EXPECT_TRUE(testing::ReadText(file()) == whole);
  }
}

// Weights that were changed and put back with the old time.
TEST_F(FoldedTable, IsMadeAgainForOtherBytesOfTheSameTime) {
  TableFor(ParsePleSpec("folded"), *checkpoint_);
  const std::string before = testing::ReadText(file());
  const TensorInfo info = *checkpoint_->Find("model.embed_tokens_per_layer.weight");
  const auto time = fs::last_write_time(info.file);
  {
    std::fstream stream(info.file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(info.offset_bytes + 40);
    stream << "\x3f";
  }
  fs::last_write_time(info.file, time);
  checkpoint_ = Open();
  TableFor(ParsePleSpec("folded"), *checkpoint_);
  EXPECT_FALSE(testing::ReadText(file()) == before);
}

TEST_F(FoldedTable, TwoAtOnceMakeItOnce) {
  std::array<int64_t, 2> written{};
  std::vector<std::thread> threads;
  for (int64_t& bytes : written) {
    threads.emplace_back([this, &bytes] {
      TableFor(ParsePleSpec("folded"), *checkpoint_, [&](int64_t done, int64_t) { bytes = done; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::min(written[0], written[1]), 0);
  PleTable table = *TableFor(ParsePleSpec("folded,verify=full"), *checkpoint_).folded;
  EXPECT_EQ(std::max(written[0], written[1]), table.geometry.table_bytes());
}

TEST_F(FoldedTable, IsKeptWhereTheOptionsSay) {
  const testing::TemporaryFolder elsewhere;
  const std::string place = elsewhere / "deeper/folded.safetensors";
  const PleTable table = TableFor(ParsePleSpec("folded,file=" + place), *checkpoint_);
  EXPECT_EQ(table.folded->path, place);
  EXPECT_TRUE(fs::exists(place));
  EXPECT_FALSE(fs::exists(file()));
}

std::string ErrorOfFold(const std::string& spec, const Checkpoint& checkpoint) {
  try {
    TableFor(ParsePleSpec(spec), checkpoint);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(FoldedTable, ReplacesNothingElseThatTheOptionsName) {
  testing::WriteText(folder_ / "mine.txt", "mine");
  EXPECT_THAT(ErrorOfFold("folded,file=" + (folder_ / "mine.txt"), *checkpoint_),
              HasSubstr("is not a complete table of finished inputs"));
  EXPECT_EQ(testing::ReadText(folder_ / "mine.txt"), "mine");
  EXPECT_THAT(ErrorOfFold("folded,file=" + (folder_ / "mine.txt/x"), *checkpoint_), HasSubstr("file=PATH"));
}

// A snapshot as the Hub's cache keeps it: links to ../../blobs, in folders that cannot be written.
class HubSnapshot : public FoldedTable {
 protected:
  HubSnapshot() {
    fs::create_directories(blobs_);
    fs::create_directories(snapshot_);
    int64_t n = 0;
    for (const auto& entry : fs::directory_iterator(golden_.checkpoint->directory())) {
      const std::string blob = "b" + std::to_string(n++);
      fs::copy_file(entry.path(), blobs_ / blob);
      fs::create_symlink(fs::path("../../blobs") / blob, snapshot_ / entry.path().filename());
    }
    fs::permissions(folder_.path(), fs::perms(0755));
    for (const fs::path& folder : {snapshot_, blobs_}) fs::permissions(folder, fs::perms(0555));
    // Permissions bind everybody but root.
    if (::geteuid() == 0 && ::seteuid(65534) != 0) ADD_FAILURE() << "root cannot become nobody";
  }
  ~HubSnapshot() override {
    if (::getuid() == 0 && ::seteuid(0) != 0) ADD_FAILURE() << "root stays nobody";
    for (const fs::path& folder : {snapshot_, blobs_}) fs::permissions(folder, fs::perms(0755));
  }
  const fs::path cache_ = folder_ / "models--x--y", blobs_ = cache_ / "blobs",
                 snapshot_ = cache_ / "snapshots/0123abcd";
};

TEST_F(HubSnapshot, IsReadAndFoldedElsewhere) {
  if (::faccessat(AT_FDCWD, (snapshot_ / "config.json").c_str(), R_OK, AT_EACCESS) != 0) {
    GTEST_SKIP() << "the build folder cannot be read by nobody";
  }
  const Checkpoint checkpoint = Checkpoint::Open(snapshot_);
  EXPECT_NO_THROW(LoadTextWeights(checkpoint, {.dtype = DType::kFloat32}));
  EXPECT_THAT(ErrorOfFold("folded", checkpoint),
              AllOf(HasSubstr("cannot be written"), HasSubstr("--ple folded,file=PATH")));
}

TEST_F(FoldedTable, StandsInNobodysWayAsTheCheckpointIsOpenedAgain) {
  TableFor(ParsePleSpec("folded"), *checkpoint_);
  EXPECT_EQ(Open()->fingerprint(), checkpoint_->fingerprint());
  EXPECT_NO_THROW(Gemma3n::Load(Open(), {.dtype = DType::kFloat32}));
}

// A prompt with media falls back to the published rows, and its logits are the same bits; only text after it
// is folded.
TEST(FoldedMedia, APromptWithMediaFallsBack) {
  const MultimodalGolden golden;
  const Checkpoint& checkpoint = *golden.checkpoint();
  const PleOptions folded = ParsePleSpec("folded");
  const PleTable table = TableFor(folded, checkpoint);
  const Gemma3nConfig& config = checkpoint.config();
  EXPECT_LE(table.folded->geometry.vocab, config.vision->vocab_offset);
  EXPECT_LE(table.folded->geometry.vocab, config.special.audio);
  Gemma3n model = Gemma3n::Load(golden.checkpoint(), {.dtype = DType::kFloat32});
  const SoftTokens soft = model.Encode(golden.Media("mixed"));
  const torch::Tensor ids = golden.ids("mixed");
  const std::span<const int64_t> span(ids.const_data_ptr<int64_t>(), static_cast<size_t>(ids.numel()));
  const auto logits = [&](const PleOptions& options) {
    return model.Forward(ids, nullptr, *MakePleSource(options, table)->Begin(span), LogitsWanted::kAll, soft);
  };
  EXPECT_TRUE(logits(folded).equal(logits(ParsePleSpec("resident"))));
}

// Weights are recognised by 64 pieces of 4 KiB of a tensor that has more.
TEST(FoldedSample, OfALargeTensorIsSpreadEvenly) {
  const testing::TemporaryFolder folder;
  WriteRandomCheckpoint(testing::Replaced(testing::TinyConfig(), "\"vocab_size_per_layer_input\": 32",
                                          "\"vocab_size_per_layer_input\": 12000"),
                        folder.path(), {});
  const TensorInfo info = *Checkpoint::Open(folder.path()).Find("model.embed_tokens_per_layer.weight");
  ASSERT_EQ(info.size_bytes, 288'000);
  const auto is_made = [&] {
    bool made = false;
    TableFor(ParsePleSpec("folded"), Checkpoint::Open(folder.path()), [&](int64_t, int64_t) { made = true; });
    return made;
  };
  const auto is_made_after_a_change_at = [&](int64_t offset) {
    const auto time = fs::last_write_time(info.file);
    {
      std::fstream stream(info.file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekg(info.offset_bytes + offset);
      const char changed = static_cast<char>(stream.get() ^ 1);
      stream.seekp(info.offset_bytes + offset);
      stream.put(changed);
    }
    fs::last_write_time(info.file, time);
    return is_made();
  };
  EXPECT_TRUE(is_made());
  EXPECT_FALSE(is_made());
  const int64_t step = (288'000 - 4'096) / 63;
  for (const int64_t seen : {int64_t{0}, int64_t{4'095}, step, 31 * step, 63 * step, 63 * step + 4'095}) {
    EXPECT_TRUE(is_made_after_a_change_at(seen)) << seen;
  }
  for (const int64_t between : {int64_t{4'096}, step - 1, 31 * step - 1, 63 * step + 4'096}) {
    EXPECT_FALSE(is_made_after_a_change_at(between)) << between;
  }
}

}  // namespace folded_table_test
}  // namespace plelab
