// Users and groups by name, from /etc/passwd and /etc/group, read again when they change. Does not
// ask NSS while serving: nss-systemd asks PID 1, which may be waiting for us (reference:
// systemd.exec(5), DynamicUser=).
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "core/access.h"
#include "core/config.h"

namespace secretfs {

class FileAccounts final : public Accounts {
 public:
  FileAccounts(const Clock& clock, std::string passwd_file, std::string group_file);

  [[nodiscard]] std::optional<uid_t> User(const std::string& name) const override {
    return users_.Find(name);
  }
  [[nodiscard]] std::optional<gid_t> Group(const std::string& name) const override {
    return groups_.Find(name);
  }

  /// The next question is answered from the files as they are then, not as a moment ago.
  void LookAgain() const {
    users_.LookAgain();
    groups_.LookAgain();
  }
  /// Asks NSS (LDAP, systemd-homed...) for a name that the files do not have, once, before serving
  /// begins.
  void AskNssForUser(const std::string& name);
  void AskNssForGroup(const std::string& name);

 private:
  /// One file of NAME:x:NUMBER:... lines.
  class Table {
   public:
    Table(const Clock& clock, std::string file) : clock_(clock), file_(std::move(file)) {}
    std::optional<uint32_t> Find(const std::string& name) const;
    void Remember(const std::string& name, uint32_t id);
    void LookAgain() const {
      const std::lock_guard lock(mutex_);
      looked_.reset();
    }

   private:
    void RefreshLocked() const;
    const Clock& clock_;
    const std::string file_;
    mutable std::mutex mutex_;
    mutable std::optional<SteadyTime> looked_;
    mutable std::optional<FileStamp> stamp_;
    mutable std::map<std::string, uint32_t> ids_;
    std::map<std::string, uint32_t> from_nss_;
  };
  Table users_;
  Table groups_;
};

/// Asks NSS for the names that these have and the files do not, each once.
void AskNssForNames(const std::vector<const Access*>& all, FileAccounts& accounts);
/// The same for all that a configuration declares.
void AskNssForNames(const Config& config, FileAccounts& accounts);

}  // namespace secretfs
