// Who takes a step after whom.
#pragma once

#include <array>
#include <cstdint>

namespace plelab {

// The baseline, the variant, and the baseline a second time, which shows what the design cannot tell apart.
enum class Turn3 { kBaseline, kVariant, kTwin };

// One round for each position of the text.  Over six rounds, the joint from the last to the first included,
// each of the three follows each other one equally often, and nobody follows itself: the six orders of three
// (Williams, 1949), arranged so that the joints are balanced too.
inline constexpr std::array<std::array<Turn3, 3>, 6> kRounds = {{
    {Turn3::kBaseline, Turn3::kVariant, Turn3::kTwin},
    {Turn3::kBaseline, Turn3::kTwin, Turn3::kVariant},
    {Turn3::kTwin, Turn3::kVariant, Turn3::kBaseline},
    {Turn3::kVariant, Turn3::kBaseline, Turn3::kTwin},
    {Turn3::kVariant, Turn3::kTwin, Turn3::kBaseline},
    {Turn3::kTwin, Turn3::kBaseline, Turn3::kVariant},
}};

}  // namespace plelab
