// What is kept in step with one secret or view outside of the mount: symlinks to it, plain copies,
// and units that use it. Plain data.
#pragma once

#include <string>
#include <vector>

namespace secretfs {

/// What happens to a unit when content, owner or mode of a file changed.
struct OnChange {
  enum class Action {
    kRestart,  // systemctl try-restart
    kReload,   // systemctl try-reload-or-restart
    kSignal,   // systemctl kill --kill-whom=main
  };
  Action action = Action::kRestart;
  std::string unit;
  int signal = 0;  // of kSignal
  auto operator<=>(const OnChange&) const = default;
};

struct Consumers {
  std::vector<std::string> links;     // absolute paths of symlinks that lead to the file
  std::vector<OnChange> on_change{};  // in the order of the configuration
  std::vector<std::string> copies{};  // absolute paths of plain files with the same content
  bool operator==(const Consumers&) const = default;
};

}  // namespace secretfs
