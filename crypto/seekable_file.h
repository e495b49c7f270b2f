// Decrypting any part of an age file without what comes before it. The size is told only after the
// last chunk was found to be the last (C2SP age.md, "Payload": truncation would go unnoticed
// otherwise); every other chunk is verified when a part of it is read. Plaintext goes to locked
// memory only. What is kept does not depend on the file's size.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "crypto/chunk_opener.h"
#include "crypto/identity.h"
#include "crypto/locked_buffer.h"
#include "crypto/seekable_source.h"

namespace secretfs::age {

/// Thread-safe.
class SeekableFile {
 public:
  /// Errors: as of Decryption::Open (crypto/age.h); kUnsupported for an armored file; kPayload when
  /// the size is none that a payload has, or the last chunk is not the file's last.
  static Result<std::unique_ptr<SeekableFile>> Open(std::shared_ptr<const SeekableSource> source,
                                                    std::span<const IdentityPtr> identities);

  /// Of the plaintext.
  [[nodiscard]] uint64_t size() const noexcept { return size_; }
  /// As of Decryption.
  [[nodiscard]] const std::vector<Error>& warnings() const noexcept { return warnings_; }

  /// What no other file has: its header, with the MAC, the payload's nonce and the size. Errors:
  /// the source's.
  [[nodiscard]] Result<Bytes> Identify() const;

  /// Fills `into`, which must be in locked memory, unless the plaintext ends first; returns how
  /// much was read. Errors: kPayload for a chunk that is not, or no longer, what was encrypted;
  /// kResource; the source's own. After one, `into` holds nothing to be used; other parts can still
  /// be read.
  Result<size_t> ReadAt(uint64_t offset, ByteSpan into) const;

 private:
  /// The plaintext of a chunk of which a part was read: the next read most often wants the rest.
  struct Kept {
    crypto::LockedBuffer plain;
    uint64_t number = kNone;
  };
  static constexpr uint64_t kNone = UINT64_MAX;

  SeekableFile(std::shared_ptr<const SeekableSource> source, SecretBytes payload_key,
               uint64_t payload_offset, uint64_t size)
      : source_(std::move(source)),
        payload_key_(std::move(payload_key)),
        payload_offset_(payload_offset),
        size_(size) {}
  [[nodiscard]] size_t ChunkSize(uint64_t number) const noexcept;
  [[nodiscard]] uint64_t LastChunk() const noexcept;
  Status VerifyLast() const;
  Status OpenChunk(uint64_t number, ByteSpan plain) const;
  Status CopyFromChunk(uint64_t number, size_t start, ByteSpan into) const;
  Result<ByteView> KeepLocked(uint64_t number) const;

  const std::shared_ptr<const SeekableSource> source_;
  const SecretBytes payload_key_;
  const uint64_t payload_offset_;  // of the first chunk
  const uint64_t size_;
  std::vector<Error> warnings_;
  mutable std::mutex mutex_;          // guards what follows
  mutable std::array<Kept, 2> kept_;  // the newest first; two, as reads may cross into the next
};

}  // namespace secretfs::age
