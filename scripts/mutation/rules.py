"""Which mutants are worth compiling: those that change what the program does and that a formatted C++ source can hold.

The library's rules are regular expressions over any language.  Most of what they make of `std::vector<int64_t>& x` does
not compile, and a changed message changes no number.
"""
import re

# What a mutant could turn on the machine itself: numbers of processes, and files that are removed or replaced.
DANGEROUS = re.compile(r"\bkill\b|Kill|\bpid|fork\(|remove|unlink|rmdir|rename|\bsystem\(")
NO_STATEMENT = re.compile(r"\s*(#|//|using |namespace |template |static_assert|}\s*//)")
STRING = re.compile(r'"(?:\\.|[^"\\])*"')
CHARACTER = re.compile(r"'(?:\\.|[^'\\])'")
OPERATORS = "<>=!&|*+-/%"
BRACKETS_TOO = set("<>&*")  # also brackets of templates, references and pointers, which clang-format writes without spaces


def code_of(line: str) -> str:
    """The line without the contents of its strings and without its comment."""
    return STRING.sub('""', CHARACTER.sub("''", line)).split("//")[0].rstrip()


def changed_part(original: str, mutant: str) -> tuple[int, int, str]:
    """(begin, end) of what was replaced in `original`, and what stands there now."""
    begin = 0
    while begin < min(len(original), len(mutant)) and original[begin] == mutant[begin]:
        begin += 1
    tail = 0
    while tail < min(len(original), len(mutant)) - begin and original[-1 - tail] == mutant[-1 - tail]:
        tail += 1
    return begin, len(original) - tail, mutant[begin:len(mutant) - tail]


def _whole_operator(line: str, begin: int, end: int) -> tuple[int, int]:
    while begin > 0 and line[begin - 1] in OPERATORS:
        begin -= 1
    while end < len(line) and line[end] in OPERATORS:
        end += 1
    return begin, end


def is_worth_trying(original: str, mutant: str) -> bool:
    original, mutant = original.rstrip("\n"), mutant.rstrip("\n")
    code = code_of(original)
    if not code.strip() or NO_STATEMENT.match(original) or DANGEROUS.search(code):
        return False
    if code == code_of(mutant):
        return False
    if "\n" in mutant:  # a break or a continue after a statement: only inside a loop of a function
        return original.startswith("    ") and code.endswith((";", "{", "}"))
    if "/*" in mutant:  # a statement left out
        return code.endswith(";")
    if "  " in code_of(mutant).strip() and "  " not in code.strip():
        return False  # an operator that was removed
    begin, end, new = changed_part(original, mutant)
    if original[begin:end].isdigit() or (not original[begin:end] and new[:1].isdigit()):
        digits = re.search(r"\d*$", original[:begin]).group()
        before = original[:begin - len(digits)][-1:]
        return not (before.isalnum() or before == "_")  # the 64 of int64_t is no number
    low, high = _whole_operator(original, begin, end)
    operator = original[low:high]
    if operator and set(operator) <= BRACKETS_TOO:
        return original[low - 1:low] == " " and original[high:high + 1] == " "
    return not (operator == "!=" and mutant[low:low + 2] == "= ")  # an assignment: no slip of this kind
