// What the two operands of a product of tiles hold.
#pragma once

namespace plelab::tiles {

enum class Operands {
  kBFloat16,        // pairs of bfloat16, sums of float32
  kUnsignedSigned,  // fours of bytes: the left one unsigned, the right one signed; sums of int32 that wrap
  kSignedUnsigned,
};

}  // namespace plelab::tiles
