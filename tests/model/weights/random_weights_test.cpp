#include "model/weights/random_weights.h"

#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "model/base/error.h"
#include "model/weights/random_tensor.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace random_weights_test {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// More elements than are drawn at once.
TEST(FillWithRandom, IsTheFunctionOfItsNameInEveryTypeAndLayout) {
  const TensorSpec spec = MakeSpec("w", {1025, 1030}, ParameterGroup::kTextStack);
  torch::Tensor expected = torch::empty({1025, 1030});
  RandomTensor(3, spec).Fill(0, {expected.data_ptr<float>(), static_cast<size_t>(expected.numel())});
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    const torch::Tensor rounded = expected.to(TorchType(dtype));
    torch::Tensor plain;
    LinearWeight row_major, transposed;
    transposed.layout = WeightLayout::kTransposed;
    const FillWithRandom fill(3, dtype);
    fill(spec, plain);
    fill(spec, row_major);
    fill(spec, transposed);
    EXPECT_TRUE(at::equal(plain, rounded));
    EXPECT_TRUE(at::equal(row_major.values, rounded));
    EXPECT_TRUE(at::equal(transposed.values.t(), rounded));
    EXPECT_TRUE(transposed.values.is_contiguous());
    for (const LinearWeight& weight : {row_major, transposed}) {
      EXPECT_EQ(weight.out, 1025);
      EXPECT_EQ(weight.in, 1030);
      EXPECT_EQ(weight.format, dtype == DType::kFloat32 ? WeightFormat::kFloat32 : WeightFormat::kBFloat16);
    }
  }
}

TEST(FillWithRandom, LeavesOutWhatNobodyReads) {
  const TensorSpec spec = MakeSpec("k", {2, 3}, ParameterGroup::kUnusedKv);
  torch::Tensor plain;
  LinearWeight linear;
  const FillWithRandom fill(3, DType::kFloat32);
  fill(spec, plain);
  fill(spec, linear);
  EXPECT_FALSE(plain.defined() || linear.values.defined());
  EXPECT_THAT([] { FillWithRandom(3, DType::kFloat16); },
              ThrowsMessage<UserError>(HasSubstr("float16: expected float32 or bfloat16")));
}

TEST(TorchDType, EachHasItsOwn) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16, DType::kFloat16, DType::kInt8, DType::kUInt8,
                            DType::kInt32, DType::kInt64, DType::kBool}) {
    EXPECT_EQ(DTypeOf(TorchType(dtype)), dtype);
    EXPECT_EQ(static_cast<int64_t>(torch::elementSize(TorchType(dtype))), SizeOf(dtype));
  }
  EXPECT_THAT([] { DTypeOf(torch::kFloat64); },
              ThrowsMessage<RunError>(HasSubstr("tensors of Double are not")));
}

}  // namespace random_weights_test
}  // namespace plelab
