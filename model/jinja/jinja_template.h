// Renders the part of Jinja in which Gemma's chat templates are written.  It serves to tell whether a
// template is Gemma's (model/tokens/gemma_turns.h), so what it does not know is refused, never guessed.
#pragma once

#include <string>
#include <string_view>

#include "model/jinja/jinja_value.h"

namespace plelab {

// Renders `source` as the reference does (transformers, utils/chat_template_utils.py).  The statements are
// if, for, set and generation; macros may be defined, but not called.  Throws JinjaRaised where the template
// raises, and JinjaUnsupported for other statements, for expressions that model/jinja/jinja_expression.h does
// not list, for more than 100,000 statements or 64 KiB of text, and for what Jinja refuses.
std::string RenderJinja(std::string_view source, const JinjaMap& variables);

}  // namespace plelab
