#include "model/tokens/white_space.h"

#include "model/jinja/jinja_value.h"

namespace plelab {

std::string_view TrailingWhiteSpace(std::string_view text) {
  return text.substr(Stripped(text, /*left=*/false, /*right=*/true).size());
}

bool BeginsWithWhiteSpace(std::string_view text) {
  return Stripped(text, /*left=*/true, /*right=*/false).size() < text.size();
}

}  // namespace plelab
