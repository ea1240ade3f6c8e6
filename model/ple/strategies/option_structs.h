// Holds the options of strategies and transforms without naming their types.
#pragma once

#include <any>
#include <map>
#include <typeindex>

namespace plelab {

// Holds at most one struct of each type.  A strategy declares its own struct with defaults (DiskOptions in
// disk_ple.h), so that code which only passes options on need not include any strategy.
class OptionStructs {
 public:
  // The struct T that was set, or one with T's defaults.
  template <class T>
  const T& Get() const {
    static const T defaults;
    const auto found = structs_.find(typeid(T));
    return found == structs_.end() ? defaults : *std::any_cast<T>(&found->second);
  }
  // The struct T for changing, created with T's defaults when it was not set yet.
  template <class T>
  T& Edit() {
    std::any& held = structs_[typeid(T)];
    if (!held.has_value()) held = T();
    return *std::any_cast<T>(&held);
  }

 private:
  std::map<std::type_index, std::any> structs_;
};

}  // namespace plelab
