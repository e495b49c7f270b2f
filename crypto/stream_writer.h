// Writing the payload of an age file (C2SP age.md, "Payload"): STREAM, ChaCha20-Poly1305 over
// chunks of 64 KiB, of which the last is marked.
#pragma once

#include <optional>

#include "base/secret_bytes.h"
#include "crypto/byte_sink.h"
#include "crypto/locked_buffer.h"
#include "crypto/stream_cipher.h"

namespace secretfs::age {

/// Used by one thread at a time.
class StreamWriter {
 public:
  /// `out` takes the payload behind its nonce, and must outlive the writer. Errors: kResource.
  static Result<StreamWriter> Make(ByteSink& out, const SecretBytes& payload_key);

  /// Plaintext of any length; a chunk goes out once more than it is known. Errors: kResource, the
  /// sink's own. After an error every further call gives it again.
  Status Write(ByteView plaintext);
  /// Writes the last chunk. Nothing may be written after it.
  Status Finish();

 private:
  StreamWriter(ByteSink& out, crypto::CipherContext context)
      : out_(&out), context_(std::move(context)) {}
  Status Take(ByteView plaintext);
  Status Keep(ByteView plaintext);
  Status SealChunk(ByteView plaintext, ChunkFlag flag);
  [[nodiscard]] bool EncryptInto(ByteSpan sealed, ByteView plaintext, ChunkFlag flag);

  ByteSink* out_;
  crypto::CipherContext context_;  // holds the key
  crypto::LockedBuffer pending_;   // the plaintext that is not yet sealed, at most a chunk
  size_t pending_size_ = 0;
  Bytes sealed_;
  uint64_t counter_ = 0;
  std::optional<Error> failure_;  // after Finish(), too
};

}  // namespace secretfs::age
