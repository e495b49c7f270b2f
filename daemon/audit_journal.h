// AuditJournal: gives decisions to systemd's journal by its native protocol. Never blocks for
// long; what the journal does not take is kept for a while and tried again. Not thread-safe: the
// audit thread's.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/audit_backlog.h"

namespace secretfs {

class AuditJournal {
 public:
  static constexpr const char* kSocket = "/run/systemd/journal/socket";

  explicit AuditJournal(std::string socket);

  /// Takes an entry (daemon/audit_line.h), for Flush() to send.
  void Add(std::string entry, bool granted = true);
  /// Takes over what `older`, which is given up, could not send.
  void TakeFrom(AuditJournal& older) { entries_.TakeFrom(older.entries_); }
  /// Sends what was added. What cannot be sent is kept for the next time, up to some thousands;
  /// beyond that some go, refusals first, and are counted.
  Status Flush();

  /// Entries that will never be sent.
  [[nodiscard]] uint64_t lost() const noexcept { return entries_.lost(); }
  [[nodiscard]] size_t waiting() const noexcept { return entries_.size(); }

 private:
  Status Connect();
  Status SendSome();

  const std::string socket_;
  UniqueFd fd_;
  AuditBacklog entries_;
};

}  // namespace secretfs
