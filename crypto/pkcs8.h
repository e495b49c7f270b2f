// Private keys under a passphrase in PKCS#8 (RFC 5958, EncryptedPrivateKeyInfo).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/openssl_ptr.h"

namespace secretfs::age {

/// Const use is thread-safe.
class LockedPkcs8 {
 public:
  /// Errors: kInvalid; kTooLarge when the passphrase takes more work;
  /// kUnsupported for other key derivations than PBKDF2, scrypt and those of PKCS#5 v1 and PKCS#12;
  /// kResource.
  static Result<LockedPkcs8> Parse(ByteView der, uint64_t max_iterations);
  /// Errors: kNoMatch for a wrong passphrase; kUnsupported for an old cipher that OpenSSL has no
  /// more; kResource.
  [[nodiscard]] Result<crypto::Pkcs8Info> Decrypt(ByteView passphrase) const;

 private:
  using Sealed = std::unique_ptr<X509_SIG, crypto::OpenSslFree<X509_SIG_free>>;
  explicit LockedPkcs8(Sealed sealed) : sealed_(std::move(sealed)) {}
  Sealed sealed_;
};

}  // namespace secretfs::age
