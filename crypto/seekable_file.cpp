#include "crypto/seekable_file.h"

#include <algorithm>

#include "crypto/age.h"
#include "crypto/age_file.h"
#include "crypto/age_stream.h"

namespace secretfs::age {
namespace {

Error PayloadError(std::string what) { return {Code::kPayload, std::move(what), "", ""}; }

}  // namespace

Result<std::unique_ptr<SeekableFile>> SeekableFile::Open(
    std::shared_ptr<const SeekableSource> source, std::span<const IdentityPtr> identities) {
  FromBeginning beginning(*source);
  const auto file = TRY(AgeFile::Open(beginning));
  if (file->armored()) {
    return Error{Code::kUnsupported, "an armored file can be read only from its beginning", "",
                 "store it without armor"};
  }
  std::vector<Error> warnings;
  SecretBytes payload_key = TRY(OpenPayloadKey(*file, identities, warnings));
  const uint64_t payload_offset = file->header().size + kPayloadNonceBytes;
  const uint64_t size =
      TRY(PlaintextSize(source->size() - std::min(source->size(), payload_offset)));
  std::unique_ptr<SeekableFile> opened(
      new SeekableFile(std::move(source), std::move(payload_key), payload_offset, size));
  opened->warnings_ = std::move(warnings);
  TRY(opened->VerifyLast());
  return opened;
}

Result<Bytes> SeekableFile::Identify() const {
  Bytes identity(payload_offset_);
  if (TRY(source_->ReadAt(0, identity)) < identity.size()) {
    return PayloadError("the header is truncated");
  }
  const ByteView size = std::as_bytes(std::span(&size_, 1));
  identity.insert(identity.end(), size.begin(), size.end());
  return identity;
}

uint64_t SeekableFile::LastChunk() const noexcept {
  return size_ == 0 ? 0 : (size_ - 1) / kChunkBytes;
}

size_t SeekableFile::ChunkSize(uint64_t number) const noexcept {
  return static_cast<size_t>(std::min<uint64_t>(kChunkBytes, size_ - number * kChunkBytes));
}

Status SeekableFile::VerifyLast() const {
  const auto plain = TRY(crypto::LockedBuffer::Make(ChunkRoom(ChunkSize(LastChunk()))));
  return OpenChunk(LastChunk(), plain.bytes());
}

Result<size_t> SeekableFile::ReadAt(uint64_t offset, ByteSpan into) const {
  if (offset >= size_) return 0;
  into = into.first(static_cast<size_t>(std::min<uint64_t>(into.size(), size_ - offset)));
  for (size_t done = 0; done < into.size();) {
    const uint64_t number = (offset + done) / kChunkBytes;
    const auto start = static_cast<size_t>((offset + done) % kChunkBytes);
    const size_t chunk = ChunkSize(number);
    const ByteSpan part = into.subspan(done, std::min(chunk - start, into.size() - done));
    if (part.size() == chunk) {
      TRY(OpenChunk(number, part));
    } else {
      TRY(CopyFromChunk(number, start, part));
    }
    done += part.size();
  }
  return into.size();
}

/// Reads the chunk and decrypts it. A file that was truncated since it was opened gives too little.
Status SeekableFile::OpenChunk(uint64_t number, ByteSpan plain) const {
  Bytes sealed(ChunkSize(number) + kChunkTagBytes);
  const size_t count = TRY(source_->ReadAt(payload_offset_ + number * kSealedChunkBytes, sealed));
  if (count < sealed.size()) return PayloadError("the payload is truncated");
  const bool last = number == LastChunk();
  auto opener = TRY(ChunkOpener::Make(payload_key_));
  if (opener.Open(number, last ? ChunkFlag::kFinal : ChunkFlag::kMore, sealed, plain)) return Ok{};
  return PayloadError("chunk " + std::to_string(number + 1) + " of the payload is altered" +
                      (last ? ", or not the last" : ""));
}

Status SeekableFile::CopyFromChunk(uint64_t number, size_t start, ByteSpan into) const {
  const std::lock_guard lock(mutex_);
  const ByteView chunk = TRY(KeepLocked(number));
  std::ranges::copy(chunk.subspan(start, into.size()), into.begin());
  return Ok{};
}

Result<ByteView> SeekableFile::KeepLocked(uint64_t number) const {
  if (kept_.front().number != number) std::swap(kept_.front(), kept_.back());
  Kept& kept = kept_.front();
  if (kept.number != number) {
    if (kept.plain.bytes().empty()) kept.plain = TRY(crypto::LockedBuffer::Make(kChunkBytes));
    kept.number = kNone;  // on failure, what is there was wiped
    TRY(OpenChunk(number, kept.plain.bytes()));
    kept.number = number;
  }
  return ByteView(kept.plain.bytes().first(ChunkSize(number)));
}

}  // namespace secretfs::age
