// Opening one chunk of an age payload (C2SP age.md, "Payload") by its number: what reading from the
// beginning and reading at any offset share.
#pragma once

#include <cstdint>

#include "base/secret_bytes.h"
#include "crypto/openssl_ptr.h"
#include "crypto/stream_cipher.h"

namespace secretfs::age {

/// The bytes of a plaintext buffer for `plain_size` bytes: OpenSSL gives a null output another
/// meaning.
constexpr size_t ChunkRoom(size_t plain_size) { return plain_size == 0 ? 1 : plain_size; }

/// Move-only; used by one thread at a time.
class ChunkOpener {
 public:
  /// Errors: kResource.
  static Result<ChunkOpener> Make(const SecretBytes& payload_key);

  /// Decrypts `sealed`, of at least kChunkTagBytes, into `plain`, which is in locked memory and has
  /// ChunkRoom() for the text. False when the tag is wrong for this number and flag; `plain` is
  /// then wiped, since OpenSSL writes plaintext before it checks the tag.
  [[nodiscard]] bool Open(uint64_t number, ChunkFlag flag, ByteView sealed, ByteSpan plain);

 private:
  explicit ChunkOpener(crypto::CipherContext context) noexcept : context_(std::move(context)) {}
  crypto::CipherContext context_;  // holds the key
};

}  // namespace secretfs::age
