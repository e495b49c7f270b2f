// The key that scrypt makes of a passphrase for one file (C2SP age.md, "The scrypt recipient
// type"), and the keys made lately, so that opening a file again costs no work.
#pragma once

#include <deque>
#include <mutex>
#include <optional>

#include "base/secret_bytes.h"

namespace secretfs::age {

inline constexpr size_t kScryptSaltBytes = 16;

/// Takes 2^work_factor KiB of ordinary memory for the time of the call. Errors: kResource.
Result<SecretBytes> DeriveScryptKey(ByteView passphrase, ByteView salt, int work_factor);

/// Remembers the newest keys, whether they opened anything or not: a wrong passphrase is told as
/// quickly as a right one. Thread-safe.
class ScryptKeys {
 public:
  /// Derives one key at a time, since several at once could exhaust a machine's memory; what is
  /// remembered comes at once. Errors: kResource.
  Result<SecretPtr> Get(const SecretPtr& passphrase, ByteView salt, int work_factor);

 private:
  static constexpr size_t kMostKeys = 64;
  struct Made {
    SecretPtr passphrase;
    Bytes salt;
    int work_factor;
    SecretPtr key;
  };
  std::optional<SecretPtr> Find(const SecretPtr& passphrase, ByteView salt, int work_factor);

  std::mutex deriving_;  // taken before the other
  std::mutex mutex_;
  std::deque<Made> made_;  // the newest is the last
};

}  // namespace secretfs::age
