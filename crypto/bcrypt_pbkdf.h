// bcrypt_pbkdf, with which OpenSSH derives the keys of encrypted private keys (OpenBSD's
// lib/libutil/bcrypt_pbkdf.c): PBKDF2 with bcrypt as its hash, and its output shuffled. All that
// depends on the passphrase is in locked memory.
#pragma once

#include <cstdint>

#include "base/secret_bytes.h"

namespace secretfs::crypto {

inline constexpr size_t kMostBcryptBytes = 1024;  // of a derived key

/// A round takes some milliseconds for each 32 bytes. Errors: kInvalid for an empty passphrase or
/// salt, no rounds, or a size of 0 or above kMostBcryptBytes; kResource.
Result<SecretBytes> BcryptPbkdf(ByteView passphrase, ByteView salt, uint32_t rounds, size_t size);

}  // namespace secretfs::crypto
