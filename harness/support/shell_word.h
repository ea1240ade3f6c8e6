// Commands that a user can copy into a shell.
#pragma once

#include <string>

namespace plelab {

// `word` as one word of a shell: as it is where that is safe (the characters of Python's shlex.quote), else
// in single quotes, or in $'…' when it has control characters, so that a command stays one line.
std::string ShellWord(const std::string& word);

}  // namespace plelab
