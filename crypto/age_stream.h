// The payload of an age file (C2SP age.md, "Payload"): STREAM, ChaCha20-Poly1305 over chunks of
// 64 KiB. A chunk is given out only after its tag was verified, so that whatever comes before a
// failure is the beginning of the true plaintext.
#pragma once

#include <cstdint>
#include <optional>

#include "base/secret_bytes.h"
#include "crypto/byte_source.h"
#include "crypto/chunk_opener.h"
#include "crypto/locked_buffer.h"

namespace secretfs::age {

/// The plaintext's size, from that of the payload without its nonce; to be believed only once the
/// last chunk was verified. Errors: kPayload for a size that no payload has.
Result<uint64_t> PlaintextSize(uint64_t payload_size);

/// Used by one thread at a time.
class StreamReader {
 public:
  /// `in` gives the payload after its nonce, and must outlive the reader. Errors: kResource.
  static Result<StreamReader> Make(ByteSource& in, const SecretBytes& payload_key);

  /// The next chunk's plaintext, in locked memory, valid until the next call; empty at the end.
  /// Errors: kPayload for what is altered, truncated or continued; kResource; the source's own.
  /// After an error every further call gives it again.
  Result<ByteView> Next();

 private:
  StreamReader(ByteSource& in, ChunkOpener opener) : in_(&in), opener_(std::move(opener)) {}
  Result<ByteView> Advance();
  Status FillSealed();
  Result<ByteView> OpenChunk(ByteView sealed, ChunkFlag flag);

  ByteSource* in_;
  ChunkOpener opener_;
  Bytes sealed_;  // a chunk as read, and a byte that tells whether more follows
  size_t sealed_size_ = 0;
  crypto::LockedBuffer plain_;
  uint64_t counter_ = 0;
  bool ended_ = false;
  std::optional<Error> failure_;
};

}  // namespace secretfs::age
