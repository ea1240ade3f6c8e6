#include "model/kernels/products/row_sum.h"

#include <cmath>
#include <utility>

#include "model/base/error.h"
#include "tests/model/kernels/kernel_test.h"

namespace plelab {
namespace row_sum_test {

using testing::ForEachTarget;
using testing::kAllTypes;
using testing::RandomMatrix;
using testing::RandomVector;

TEST(RowSum, AgreesWithFloat64ForEverySizeTypeAndNumberOfVectors) {
  ForEachTarget([] {
    for (const ElementType type : kAllTypes) {
      for (const auto& [rows, columns] : std::vector<std::pair<int64_t, int64_t>>{
               {1, 1}, {17, 3}, {3, 17}, {63, 255}, {9, 2049}, {500, 33}}) {
        const RandomMatrix w(rows, columns, type, rows * 100 + columns);
        const int64_t cols = w.view().cols;
        for (const int64_t count : {1, 3, 8}) {
          const std::vector<float> a = RandomVector(count * rows, cols);
          std::vector<float> y(count * cols, NAN);
          RowSum(w.view(), {a.data(), count, rows}, {y.data(), cols});
          for (int64_t v = 0; v < count; ++v) {
            for (int64_t c = 0; c < cols; ++c) {
              double expected = 0, magnitude = 0;
              for (int64_t i = 0; i < rows; ++i) {
                expected += w.at(i, c) * a[v * rows + i];
                magnitude += std::abs(w.at(i, c) * a[v * rows + i]);
              }
              ASSERT_NEAR(y[v * cols + c], expected, 1e-6 * magnitude) << v << ", " << c;
            }
          }
        }
      }
    }
  });
}

// The sparse FFN relies on this: whether rows of weight zero are read or not, the bits are the same.
TEST(RowSum, LeavingOutZeroRowsChangesNoBit) {
  ForEachTarget([] {
    for (const ElementType type : kAllTypes) {
      const RandomMatrix w(1021, 517, type, 3);
      const int64_t rows = w.view().rows, cols = w.view().cols;
      for (const int64_t count : {1, 4}) {
        std::vector<float> a = RandomVector(count * rows, 4);
        std::vector<int32_t> active;
        for (int64_t i = 0; i < rows; ++i) {
          bool any = false;
          for (int64_t v = 0; v < count; ++v) {
            float& value = a[v * rows + i];
            if (std::abs(value) < 1.6f) value = i % 2 == 0 ? 0.0f : -0.0f;
            any = any || value != 0;
          }
          if (any) active.push_back(static_cast<int32_t>(i));
        }
        ASSERT_LT(active.size(), static_cast<size_t>(rows / 2));
        std::vector<float> sparse(count * cols), dense(count * cols);
        RowSum(w.view(), active, {a.data(), count, rows}, {sparse.data(), cols});
        RowSum(w.view(), {a.data(), count, rows}, {dense.data(), cols});
        EXPECT_EQ(std::memcmp(sparse.data(), dense.data(), dense.size() * sizeof(float)), 0);
      }
    }
  });
}

TEST(RowSum, OfNoRowsIsZero) {
  const RandomMatrix w(3, 40, ElementType::kBFloat16, 5);
  const std::vector<float> a(3, 1.0f);
  std::vector<float> y(40, NAN);
  RowSum(w.view(), std::span<const int32_t>(), {a.data(), 1, 3}, {y.data(), 40});
  EXPECT_EQ(y, std::vector<float>(40, 0.0f));
}

TEST(AddRowSumSerial, AddsTheBitsOfRowSum) {
  const RandomMatrix w(37, 256, ElementType::kBFloat16, 6);
  const std::vector<float> a = RandomVector(4 * 37, 7);
  std::vector<float> parallel(4 * 256), serial(4 * 256, 0.0f);
  RowSum(w.view(), {a.data(), 4, 37}, {parallel.data(), 256});
  AddRowSumSerial(w.view(), {a.data(), 4, 37}, {serial.data(), 256});
  EXPECT_EQ(serial, parallel);
}

TEST(RowSum, TakesOneToEightVectors) {
  const RandomMatrix w(4, 4, ElementType::kFloat32, 7);
  const std::vector<float> a(40, 1.0f);
  std::vector<float> y(40);
  for (const int64_t count : {0, 9}) {
    EXPECT_THROW(RowSum(w.view(), {a.data(), count, 4}, {y.data(), 4}), RunError) << count;
    EXPECT_THROW(AddRowSumSerial(w.view(), {a.data(), count, 4}, {y.data(), 4}), RunError) << count;
  }
}

}  // namespace row_sum_test
}  // namespace plelab
