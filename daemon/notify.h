// Words to the manager that started us, if one did: sd_notify(3), but without ever waiting. The
// manager may be waiting for us.
#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace secretfs {

class Notifier {
 public:
  /// To $NOTIFY_SOCKET; nothing is sent without it.
  Notifier();
  /// What cannot be sent now is sent before what comes later, and by Flush().
  void Tell(std::string lines);
  /// The same, but dropped if it cannot be sent now.
  void Mention(std::string_view lines);
  void Flush();

 private:
  [[nodiscard]] bool Send(std::string_view text) const noexcept;
  const std::string path_;
  std::deque<std::string> owed_;
};

}  // namespace secretfs
