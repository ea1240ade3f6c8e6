// The options of strategies and transforms, held without knowing them.
#pragma once

#include <any>
#include <map>
#include <typeindex>

namespace plelab {

// At most one struct of each type.  A strategy declares its own (DiskOptions in disk_ple.h), with defaults;
// whoever passes options on includes no strategy.
class OptionStructs {
 public:
  // What was set, or T's defaults.
  template <class T>
  const T& Get() const {
    static const T defaults;
    const auto found = structs_.find(typeid(T));
    return found == structs_.end() ? defaults : *std::any_cast<T>(&found->second);
  }
  // To be changed; T's defaults where nothing was set yet.
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
