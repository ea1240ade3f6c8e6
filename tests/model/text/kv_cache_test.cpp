#include "model/text/kv_cache.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "model/base/error.h"
#include "tests/support/small_text_config.h"

namespace plelab {
namespace kv_cache_test {

// Layers: sliding, full, and one KV-sharing layer of each type.
TextConfig SmallConfig() {
  constexpr LayerType kS = LayerType::kSliding, kF = LayerType::kFull;
  TextConfig c = testing::SmallTextConfig({kS, kF, kS, kF}, /*kv_shared=*/2);
  c.num_key_value_heads = 1;
  c.head_dim = 1;
  c.sliding_window = 4;
  return c;
}

KvCache MakeCache(int64_t capacity = 20, int64_t chunk = 3) {
  return KvCache(SmallConfig(), /*batch=*/1, capacity, chunk, DType::kFloat32, torch::kCPU);
}

// Position p holds key p and value −p.
KeysValues Positions(int64_t start, int64_t count) {
  const auto p = torch::arange(start, start + count, torch::kFloat32).view({1, 1, count, 1});
  return {p, -p, start};
}

void Append(KvCache& kv, int64_t count) {
  for (const int64_t layer : {0, 1}) kv.Write(layer, Positions(kv.length(), count));
  kv.Advance(count);
}

void ExpectHolds(const KeysValues& seen, int64_t start, int64_t end) {
  EXPECT_EQ(seen.start, start);
  const KeysValues expected = Positions(start, end - start);
  EXPECT_TRUE(seen.keys.equal(expected.keys)) << seen.keys;
  EXPECT_TRUE(seen.values.equal(expected.values));
}

TEST(KvCache, ASlidingLayerIsARingOfWindowMinusOnePlusChunk) {
  const KvCache kv = MakeCache();
  EXPECT_EQ(kv.slots(0), 4 - 1 + 3);
  EXPECT_EQ(kv.slots(1), 20);
  EXPECT_EQ(kv.nbytes(), 2 * (6 + 20) * 4);
}

TEST(KvCache, SharingLayersHoldNothing) {
  const KvCache kv = MakeCache();
  EXPECT_FALSE(kv.keys(2).defined());
  EXPECT_FALSE(kv.values(3).defined());
  EXPECT_EQ(kv.slots(3), 0);
}

TEST(KvCache, ARingIsNeverLargerThanTheCapacity) { EXPECT_EQ(MakeCache(5, 3).slots(0), 5); }

TEST(KvCache, ReadsTheWindowInOrderAcrossEveryWrap) {
  KvCache kv = MakeCache(/*capacity=*/40);
  for (int64_t count : {3, 2, 3, 1, 1, 3, 3, 2, 3, 3, 1, 2}) {
    const int64_t first = kv.length(), end = first + count;
    Append(kv, count);
    ExpectHolds(kv.Read(0, first, end), std::max<int64_t>(0, first - 3), end);
    ExpectHolds(kv.Read(1, first, end), 0, end);
  }
}

TEST(KvCache, ClearStartsAgain) {
  KvCache kv = MakeCache();
  Append(kv, 3);
  kv.Clear();
  EXPECT_EQ(kv.length(), 0);
  Append(kv, 2);
  ExpectHolds(kv.Read(0, 0, 2), 0, 2);
}

TEST(KvCache, TheLastPositionCanBeForgottenAndWrittenAgain) {
  KvCache kv = MakeCache();
  for (int i = 0; i < 9; ++i) Append(kv, 1);
  const KeysValues other = Positions(100, 1);
  for (const int64_t layer : {0, 1}) kv.Write(layer, {other.keys, other.values, 9});
  kv.Advance(1);
  kv.ForgetLast();
  EXPECT_EQ(kv.length(), 9);
  Append(kv, 1);
  ExpectHolds(kv.Read(0, 9, 10), 6, 10);
  ExpectHolds(kv.Read(1, 9, 10), 0, 10);
}

TEST(KvCache, ACloneGoesItsOwnWay) {
  KvCache kv = MakeCache();
  Append(kv, 3);
  KvCache clone = kv.Clone();
  EXPECT_EQ(clone.length(), 3);
  EXPECT_EQ(clone.nbytes(), kv.nbytes());
  Append(clone, 3);
  EXPECT_EQ(kv.length(), 3);
  EXPECT_EQ(kv.keys(1).Read(3, 4).item<float>(), 0);
  ExpectHolds(clone.Read(0, 3, 6), 0, 6);
}

// A vector's largest magnitude becomes 127, and what is read is within half a step of what was written,
// whether it came with a prompt or alone.
TEST(KvCache, Int8KeepsVectorsToHalfAStepAcrossWraps) {
  constexpr int64_t kBatch = 2, kHeads = 3, kSlots = 5, kDim = 37;
  KvRing whole(kBatch, kHeads, kSlots, kDim, DType::kInt8, torch::kCPU), single = whole.Clone();
  EXPECT_EQ(whole.nbytes(), kBatch * kHeads * kSlots * (kDim + 4));
  const torch::Tensor made = torch::randn({kBatch, kHeads, 8, kDim});
  for (const int64_t start : {0, 3, 4}) whole.Write(start, made.narrow(2, start, 4));
  for (int64_t p = 0; p < 8; ++p) {
    const torch::Tensor one = made.select(2, p).contiguous();
    single.WriteOne(p, one.const_data_ptr<float>());
  }
  const torch::Tensor read = whole.Read(3, 8), wanted = made.narrow(2, 3, 5);
  EXPECT_TRUE(torch::equal(read, single.Read(3, 8)));
  const torch::Tensor half_step = wanted.abs().amax(-1, /*keepdim=*/true) / 254;
  EXPECT_TRUE(((read - wanted).abs() <= half_step * 1.0001).all().item<bool>());
  EXPECT_EQ(whole.View(4, 1, 2).type, ElementType::kInt8);
}

TEST(KvCache, RefusesDTypesThatItCannotKeep) {
  EXPECT_THROW(RequireCacheDType(DType::kInt32, torch::kCPU), UserError);
  EXPECT_THROW(RequireCacheDType(DType::kInt8, torch::kCUDA), UserError);
  RequireCacheDType(DType::kInt8, torch::kCPU);
}

TEST(KvCache, SaysWhenItIsFull) {
  KvCache kv = MakeCache(/*capacity=*/4);
  Append(kv, 3);
  EXPECT_THROW(kv.CheckRoom(2), RunError);
  EXPECT_THROW(kv.Advance(2), RunError);
  EXPECT_NO_THROW(kv.CheckRoom(1));
}

TEST(KvCache, TakesAtMostAChunkAtOnce) { EXPECT_THROW(MakeCache(20, 3).CheckRoom(4), RunError); }

TEST(KvCache, FollowsTheLayerList) {
  const TextConfig config = SmallConfig();
  LayerList layers = DefaultLayers(config);
  layers.insert(layers.begin() + 1, layers[0]);  // runs layer 0 twice, the second time with keys of its own
  layers[1].kv_donor = 1;
  for (size_t i = 2; i < layers.size(); ++i) layers[i].kv_donor += 1;
  CheckLayers(layers, config);
  const KvCache kv(config, layers, 1, 20, 3, DType::kFloat32, torch::kCPU);
  EXPECT_EQ(kv.slots(0), 6);
  EXPECT_EQ(kv.slots(1), 6);
  EXPECT_EQ(kv.slots(2), 20);
  EXPECT_FALSE(kv.keys(3).defined());
}

std::string ErrorOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const RunError& error) {
    return error.what();
  }
  return "no error";
}

TEST(KvCache, SaysWhatItCannotHold) {
  const auto make = [](int64_t batch, int64_t capacity, int64_t chunk) {
    return ErrorOf([=] { KvCache(SmallConfig(), batch, capacity, chunk, DType::kFloat32, torch::kCPU); });
  };
  EXPECT_EQ(make(0, 20, 3), "KV cache: batch 0, capacity 20 and chunk 3 must each be at least 1");
  EXPECT_EQ(make(1, 0, 3), "KV cache: batch 1, capacity 0 and chunk 3 must each be at least 1");
  EXPECT_EQ(make(1, 20, 0), "KV cache: batch 1, capacity 20 and chunk 0 must each be at least 1");
  EXPECT_EQ(make(1, 1, 1), "no error");
  KvCache kv = MakeCache(/*capacity=*/4);
  Append(kv, 3);
  EXPECT_EQ(ErrorOf([&] { kv.CheckCapacity(2); }),
            "KV cache: holds 3 positions and cannot take 2 more, capacity is 4");
  EXPECT_EQ(ErrorOf([&] { kv.CheckRoom(4); }),
            "KV cache: 4 positions in one pass, expected at most a chunk of 3");
  EXPECT_EQ(ErrorOf([&] { MakeCache(20, 3).CheckRoom(3); }), "no error");
  Append(kv, 1);
  EXPECT_EQ(kv.length(), 4) << "full";
  EXPECT_EQ(MakeCache(5, 9).chunk(), 5);
}

TEST(KvCache, BelongsToListsWithItsDonorsAndTypes) {
  const KvCache kv = MakeCache();
  const LayerList own = DefaultLayers(SmallConfig());
  LayerList layers = own;
  layers[1].ffn_width = 1;
  layers[1].ple_slice = 0;
  EXPECT_EQ(ErrorOf([&] { kv.CheckLayers(layers); }), "no error");
  layers[1].type = LayerType::kSliding;
  EXPECT_EQ(ErrorOf([&] { kv.CheckLayers(layers); }),
            "KV cache: made for another list of 4 layers, the model runs 4; make one for each list");
  layers = own;
  layers[2].kv_donor = 2;
  EXPECT_NE(ErrorOf([&] { kv.CheckLayers(layers); }), "no error");
  EXPECT_NE(ErrorOf([&] { kv.CheckLayers({own[0], own[1], own[2]}); }), "no error");
}

}  // namespace kv_cache_test
}  // namespace plelab
